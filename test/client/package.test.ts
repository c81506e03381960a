/**
 * The package as npm packs it: what is in it, how large the client is, and that an empty project can import it, whether it is
 * written in TypeScript, as ECMAScript modules or in CommonJS.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseJson } from '../../src/runtime/json.ts';
import { listFrom, objectFrom, textFrom } from '../support/json.ts';

const directory = mkdtempSync(join(tmpdir(), 'g-counter-package-'));
const project = join(directory, 'project');
let files: string[] = [];

const run = async (command: string, args: readonly string[], cwd: string): Promise<string> =>
  (await promisify(execFile)(command, args, { cwd, encoding: 'utf8' })).stdout;

const write = (name: string, text: string): void => writeFileSync(join(project, name), text);

beforeAll(async () => {
  mkdirSync(project);
  // dist/ is built already, and is what other tests are using.
  const packed = await run(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', directory],
    '.',
  );
  const [tarball] = listFrom(parseJson(packed)).map(objectFrom);
  files = listFrom(tarball?.['files']).map((file) => textFrom(objectFrom(file)['path']));
  write('package.json', '{ "name": "empty", "private": true }');
  const offline = ['--offline', '--no-audit', '--no-fund'];
  await run('npm', ['install', ...offline, join(directory, textFrom(tarball?.['filename']))], project);
});
afterAll(() => rmSync(directory, { recursive: true }));

test('it has the programs, the entry points with their types, and nothing else', () => {
  const programs = ['g-counter', 'g-counter-server', 'g-counter-workbench'];
  const types = ['client', 'counter-error', 'g-counter', 'index', 'json', 'order', 'pn-counter'];
  const expected = [
    'LICENSE',
    'README.md',
    'package.json',
    'bin/launch.js',
    'bin/package.json',
    ...programs.flatMap((name) => [`bin/${name}`, `dist/${name}.cjs`, `dist/${name}.cjs.map`]),
    ...['client', 'index'].flatMap((name) => [`dist/package/${name}.js`, `dist/package/${name}.cjs`]),
    ...types.flatMap((name) => [`dist/package/${name}.d.ts`, `dist/package/${name}.d.cts`]),
  ];
  expect(files.toSorted()).toEqual(expected.toSorted());
});

test('it depends on nothing', () => {
  const manifest = objectFrom(parseJson(readFileSync('package.json', 'utf8')));
  expect(manifest['dependencies']).toBeUndefined();
});

const USE = `
const counter: GCounter = new GCounter().increment('node-1', 2);
const order: Order = counter.compare(GCounter.fromJSON({ 'node-1': 1 }));
const totals: Record<string, readonly [number, number]> = new PNCounter().increment('node-1', -1).toJSON();
const client = new CounterClient({ endpoints: ['http://127.0.0.1:1'], token: 'secret', maxWaiting: 10 });
const options: ClientOptions = { endpoints: [] };
export async function use(signal: AbortSignal): Promise<number> {
  for await (const { key, value } of client.watch('likes/', { signal })) if (value > 0) await client.read(key);
  for await (const each of client.list()) (each satisfies Counter).key;
  await client.close();
  return client.increment('likes', 2, { signal });
}
// @ts-expect-error a key is a text
void client.increment(5);
export const isOver = (error: unknown): boolean => error instanceof CounterError && error.code === 'unknown';
export { options, order, totals };
`;
const IMPORTS = `import { GCounter, type Order, PNCounter } from 'g-counter';
import { type ClientOptions, type Counter, CounterClient, CounterError } from 'g-counter/client';
`;

describe('types', () => {
  const check = async (
    module: string,
    moduleResolution: string,
    file: string,
    text: string,
  ): Promise<string> => {
    const name = `tsconfig-${moduleResolution}-${file}.json`;
    write(file, text);
    // The libraries are those that TypeScript takes by itself: those of a browser.
    const compilerOptions = {
      strict: true,
      noEmit: true,
      module,
      moduleResolution,
      target: 'es2022',
      types: [],
    };
    write(name, JSON.stringify({ compilerOptions, files: [file] }));
    const tsc = resolve('node_modules/typescript/bin/tsc');
    return run(process.execPath, [tsc, '-p', name], project).catch((error: unknown) =>
      textFrom(objectFrom(error)['stdout']),
    );
  };

  test.each([
    ['esnext', 'bundler', 'use.ts'],
    ['node16', 'node16', 'use.mts'],
    ['node16', 'node16', 'use.cts'],
  ])('check under strict with module %s, resolution %s, in %s', async (module, resolution, file) => {
    expect(await check(module, resolution, file, IMPORTS + USE)).toBe('');
  });

  test('are not any', async () => {
    const text = `${IMPORTS}export const wrong: string = new GCounter().value;`;
    expect(await check('node16', 'node16', 'wrong.mts', text)).toContain('TS2322');
  });
});

test.each([
  [
    'run.mjs',
    "import { GCounter, PNCounter } from 'g-counter'; import { CounterClient, CounterError } from 'g-counter/client';",
  ],
  [
    'run.cjs',
    "const { GCounter, PNCounter } = require('g-counter'); const { CounterClient, CounterError } = require('g-counter/client');",
  ],
])('%s runs', async (file, imports) => {
  write(
    file,
    `${imports}
const value = new GCounter().increment('a', 2).merge(new GCounter().increment('b')).value + new PNCounter().increment('a', -1).value;
new CounterClient({ endpoints: ['http://127.0.0.1:1'] }).increment('a', 0).catch((error) => {
  console.log(value, error instanceof CounterError, error.code);
});`,
  );
  expect(await run(process.execPath, [file], project)).toBe('2 true invalid_amount\n');
});

/** What a bundler makes of a module for a page. */
async function bundled(text: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: text, resolveDir: project },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles.map((file) => file.text).join('');
}

test('the client, minified and compressed, has at most 4 kB', async () => {
  const text = await bundled("export { CounterClient } from 'g-counter/client';");
  expect(brotliCompressSync(text).length).toBeLessThanOrEqual(4096);
});

test('what is not used, a bundler leaves out', async () => {
  expect(await bundled("import 'g-counter'; import 'g-counter/client';")).toBe('');
  const one = await bundled("export { GCounter } from 'g-counter';");
  expect(one).not.toContain('decrement');
  expect(one.length).toBeLessThan((await bundled("export * from 'g-counter';")).length);
});
