/**
 * Builds dist/: one CommonJS bundle for each program that bin/ launches, each with its source map; and in dist/package/, for
 * those who import the package, each of its entry points as an ECMAScript module and in CommonJS. With the argument
 * `package`, their types as well (declarations.mjs); with `test`, also the programs of test/, into dist/test/. A document
 * that is imported becomes its text (inline-document.mjs).
 */
import { build } from 'esbuild';
import { rm, writeFile } from 'node:fs/promises';
import { writeDeclarations } from './declarations.mjs';
import { inlineDocument } from './inline-document.mjs';
import { BUILT_FROM, ROOT, hashOfSources } from './sources.mjs';

const PROGRAMS = {
  'g-counter': 'src/cli/node/main.ts',
  'g-counter-cluster': 'src/cli/local-cluster/main.ts',
  'g-counter-etcd': 'src/cli/local-cluster/etcd.ts',
  'g-counter-make': 'src/cli/make/main.ts',
  'g-counter-server': 'src/cli/server/main.ts',
  'g-counter-workbench': 'src/cli/workbench/main.ts',
};

const TEST_PROGRAMS = {
  'test/mutant': 'test/mutants/main.ts',
  'test/find-mutants': 'test/mutants/find.ts',
  'test/judge-designs': 'test/mutants/judge.ts',
  'test/kill': 'test/kill/main.ts',
  'test/etcd-chaos': 'test/etcd-chaos/main.ts',
  'test/client': 'test/client/soak.ts',
  'test/upgrade': 'test/upgrade/main.ts',
  'test/bench': 'test/bench/node.ts',
  'test/bench-workbench': 'test/bench/workbench.ts',
  'test/bench-server': 'test/bench/server.ts',
  'test/bench-cluster': 'test/bench/cluster.ts',
  'test/bench-etcd': 'test/bench/etcd.ts',
  'test/bench-client': 'test/bench/client.ts',
  'test/bench-hostile': 'test/bench/hostile.ts',
  'test/bench-backup': 'test/bench/backup.ts',
  'test/bench-moved': 'test/bench/moved.ts',
  'test/bench-long-log': 'test/bench/long-log.ts',
};

/** What the package exports: `g-counter` and `g-counter/client`. */
const ENTRY_POINTS = {
  'package/index': 'src/client/index.ts',
  'package/client': 'src/client/client.ts',
};

/** @type {import('esbuild').Plugin} */
const documentAsText = {
  name: 'document-as-text',
  setup(builder) {
    builder.onLoad({ filter: /\.(?:html|svg)$/ }, async ({ path }) => ({
      contents: await inlineDocument(path),
      loader: 'text',
    }));
  },
};

/** @param {Record<string, string>} entryPoints by the path in dist/, without extension */
async function buildPrograms(entryPoints) {
  await build({
    absWorkingDir: ROOT,
    entryPoints,
    outdir: 'dist',
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    sourcemap: true,
    sourcesContent: false,
    plugins: [documentAsText],
    logLevel: 'warning',
  });
}

/** For Node and for the bundlers of pages, which make it smaller themselves. */
async function buildPackage() {
  for (const [format, extension] of /** @type {const} */ ([
    ['esm', '.js'],
    ['cjs', '.cjs'],
  ])) {
    await build({
      absWorkingDir: ROOT,
      entryPoints: ENTRY_POINTS,
      outdir: 'dist',
      outExtension: { '.js': extension },
      bundle: true,
      platform: 'neutral',
      target: 'es2022',
      format,
      logLevel: 'warning',
    });
  }
}

// A build that fails or ends early is built again, and so is what changes meanwhile.
await rm(BUILT_FROM, { force: true });
const sources = hashOfSources();
const [, , what] = process.argv;
await buildPrograms(what === 'test' ? { ...PROGRAMS, ...TEST_PROGRAMS } : PROGRAMS);
await buildPackage();
if (what !== undefined) await writeDeclarations(Object.values(ENTRY_POINTS), 'dist/package');
await writeFile(BUILT_FROM, `${sources}\n`);
