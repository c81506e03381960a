import { defineConfig } from 'vitest/config';
import { inlineHtml } from '../src/inline-html.mjs';

export default defineConfig({
  plugins: [
    {
      name: 'html-as-text',
      enforce: 'pre',
      load: async (id) =>
        id.endsWith('.html') ? `export default ${JSON.stringify(await inlineHtml(id))}` : undefined,
    },
  ],
  test: {
    dir: 'test',
    testTimeout: 30_000,
    // Vitest would leave one core to itself, which on two cores makes one worker.
    maxWorkers: '100%',
    // The report is where .ci/run finds the count of tests.
    reporters: ['default', ['json', { outputFile: 'dist/test/report.json' }]],
  },
});
