/**
 * Six suites: all tests but the soak tests (`npm test`), those of them that need virtual time alone
 * (`npm run test:unit`), the soak tests, which repeat for long what the others show once (`npm run test:soak`), those of
 * the HTTP API once more, with servers on etcd (`npm run test:api`), those that need Docker
 * (`npm run test:containers`), and those that need Chromium (`npm run test:browser`).
 */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import type { InlineConfig } from 'vitest/node';
import { inlineDocument } from '../src/inline-document.mjs';

const SOAK = '**/*.soak.test.ts';
const BROWSER = '**/*.browser.test.ts';
const CONTAINERS = '**/containers/**';
/** Real processes, sockets and time. */
const REAL = [
  '**/{cli,deploy,server/http,server/cluster,cluster/net}/**',
  '**/etcd-{store,gateway,model}.test.ts',
  '**/client/{client,package}.test.ts',
  '**/docs.test.ts',
];

/** What the API promises with every store. */
const API =
  '**/server/http/{access,api,batch,errors,fuzz,idempotency,limits,merge-laws,merge-sync,paging,tokens,watch}.test.ts';

/** The files of a suite, and what they need. */
function filesOf(mode: string): InlineConfig {
  if (mode === 'soak') return { include: [SOAK], exclude: [] };
  if (mode === 'browser') return { include: [BROWSER], exclude: [] };
  if (mode === 'containers') return { include: [`${CONTAINERS}/*.test.ts`], exclude: [] };
  if (mode === 'api') {
    return {
      include: [API],
      globalSetup: './test/support/on-etcd.ts',
      setupFiles: './test/support/use-etcd.ts',
    };
  }
  return {
    include: ['**/*.test.ts'],
    exclude: [SOAK, BROWSER, CONTAINERS, ...(mode === 'unit' ? REAL : [])],
  };
}

export default defineConfig(({ mode }) => ({
  plugins: [
    {
      name: 'document-as-text',
      enforce: 'pre',
      load: async (id) =>
        /\.(?:html|svg)$/.test(id) ? `export default ${JSON.stringify(await inlineDocument(id))}` : undefined,
    },
  ],
  test: {
    // A failure under load may not come again, so its message says all.
    chaiConfig: { truncateThreshold: 1000 },
    dir: 'test',
    ...filesOf(mode),
    // Ends only what hangs. It is far more than a test needs, since no test is to fail on a machine that is busy.
    testTimeout: mode === 'soak' ? 900_000 : 300_000,
    hookTimeout: 300_000,
    // Read by support/suite.ts.
    env: { SUITE: mode },
    // Many tests wait for processes and timers, so that two workers for each core keep it busy.
    maxWorkers: 2 * availableParallelism(),
    // No module keeps state from one test to the next, so that files can share a process and what it has imported: to
    // begin anew would cost a third of a second for each.
    isolate: false,
    // They share images.
    fileParallelism: mode !== 'containers',
    // The reports are where .ci/run finds the count of tests.
    reporters:
      mode === 'unit'
        ? ['default']
        : [
            'default',
            [
              'json',
              {
                outputFile: `dist/test/${mode === 'test' ? '' : `${mode}-`}report.json`,
              },
            ],
          ],
  },
}));
