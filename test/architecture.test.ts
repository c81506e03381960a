/** The rules that keep src/ in layers, and for each of them offenders that it must catch. */
import { readFileSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { expect, test } from 'vitest';

interface SourceFile {
  /** From the root of the project: src/crdt/g-counter.ts. */
  readonly path: string;
  readonly text: string;
}

/** Answers what is wrong with a file, a phrase for each offence. */
type Rule = (file: SourceFile) => string[];

const MAX_LINES = 400;

/** What a folder may import besides itself and Node's own modules. `cli` puts everything together and may import anything. */
const imports: ReadonlyMap<string, readonly string[]> = new Map([
  ['runtime', []],
  ['crdt', []],
  ['counter', ['crdt', 'runtime']],
  ['maelstrom', ['counter', 'crdt', 'runtime']],
  ['store', ['crdt', 'runtime']],
  ['cluster', ['store', 'crdt', 'runtime']],
  ['server', ['cluster', 'store', 'crdt', 'runtime']],
  ['workbench', ['server', 'cluster', 'store', 'maelstrom', 'counter', 'crdt', 'runtime']],
]);

const folderOf = (path: string): string => /^src\/([^/]+)\//.exec(path)?.[1] ?? 'no folder of src';

/** Strings are matched too, and kept, so that a comment does not begin within one. */
function withoutComments(text: string): string {
  const tokens = /\/\*[^]*?\*\/|\/\/.*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[^]|[^`\\])*`/g;
  return text.replaceAll(tokens, (token) => (token.startsWith('/') ? ' ' : token));
}

const importsOf = ({ text }: SourceFile): string[] =>
  [
    ...withoutComments(text).matchAll(/(?<!['"`])\b(?:from|import|require)\s*\(?\s*['"`]([^'"`\n]+)['"`]/g),
  ].map(([, specifier = '']) => specifier);

const isRelative = (specifier: string): boolean => specifier.startsWith('.');

const mentions = ({ text }: SourceFile, words: RegExp): string[] =>
  [...withoutComments(text).matchAll(words)].map(([word]) => `mentions ${word}`);

const layers: Rule = (file) => {
  const folder = folderOf(file.path);
  if (folder === 'cli') return [];
  const allowed = imports.get(folder);
  if (allowed === undefined) return [`is in ${folder}, for which there is no rule`];
  return importsOf(file)
    .filter(isRelative)
    .map((specifier) => folderOf(posix.join(posix.dirname(file.path), specifier)))
    .filter((imported) => imported !== folder && !allowed.includes(imported))
    .map((imported) => `imports ${imported}`);
};

const noPackages: Rule = (file) =>
  importsOf(file)
    .filter((specifier) => !isRelative(specifier) && !specifier.startsWith('node:'))
    .map((specifier) => `imports ${specifier}`);

/** These run in a browser, which has no ports. */
const isOfPage = (path: string): boolean => path.startsWith('src/server/page/');

const portsOnly: Rule = (file) =>
  folderOf(file.path) === 'runtime' || isOfPage(file.path)
    ? []
    : mentions(
        file,
        /\b(?:Date|performance\.now|setTimeout|setInterval|setImmediate|Math\.random|process\.hrtime|node:timers)\b/g,
      );

const environmentInCli: Rule = (file) =>
  folderOf(file.path) === 'cli' ? [] : mentions(file, /\b(?:process\.(?:argv|env)|node:process)\b/g);

/** V8 reads some object keys wrongly; `parseJson` does not. */
const oneJsonReader: Rule = (file) =>
  file.path === 'src/runtime/json.ts' ? [] : mentions(file, /\bJSON\s*\.\s*parse\b|\.json\(\)/g);

const shortFiles: Rule = ({ text }) => {
  const lines = text.trimEnd().split('\n').length;
  return lines > MAX_LINES ? [`has ${lines} lines`] : [];
};

const sources: SourceFile[] = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `src/${name.replaceAll('\\', '/')}`)
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }));

test('there are sources to be judged, and imports in them to be found', () => {
  expect(sources.length).toBeGreaterThan(30);
  expect(sources.flatMap(importsOf).length).toBeGreaterThan(100);
});

test.each([
  ['a folder imports only what is below it', layers],
  ['no package of somebody else is imported', noPackages],
  ['time and chance come from src/runtime alone', portsOnly],
  ['only the command line reads arguments and environment', environmentInCli],
  ['JSON is parsed in one place', oneJsonReader],
  [`no file is longer than ${MAX_LINES} lines`, shortFiles],
] as const)('%s', (_, rule) => {
  const offences = sources.flatMap((file) => rule(file).map((offence) => `${file.path} ${offence}`));
  expect(offences).toEqual([]);
});

const offends = (rule: Rule, path: string, text: string): string[] => rule({ path, text });

test.each([
  ['src/crdt/x.ts', "import { a } from '../runtime/clock.ts';", ['imports runtime']],
  ['src/crdt/x.ts', "import type { A } from './a.ts';\nimport { join } from 'node:path';", []],
  ['src/counter/x.ts', "export * from '../maelstrom/rpc.ts';", ['imports maelstrom']],
  ['src/counter/x.ts', "import {\n  a,\n  b,\n} from '../workbench/run.ts';", ['imports workbench']],
  ['src/counter/x.ts', "const a = await import('../store/a.ts');", ['imports store']],
  ['src/store/x.ts', "import '../maelstrom/a.ts';", ['imports maelstrom']],
  ['src/crdt/x.ts', "// from '../store/a.ts'\n/* import('../store/a.ts') */", []],
  ['src/store/x.ts', 'const url = "http://x"; import "../cluster/a.ts";', ['imports cluster']],
  ['src/runtime/x.ts', "import a from '../../package.json';", ['imports no folder of src']],
  ['src/cli/x.ts', "import a from '../../package.json';\nimport '../workbench/run.ts';", []],
  ['src/misc/x.ts', '', ['is in misc, for which there is no rule']],
  ['src/x.ts', '', ['is in no folder of src, for which there is no rule']],
])('the rule of layers, asked about %s with %j, finds %j', (path, text, offences) => {
  expect(offends(layers, path, text)).toEqual(offences);
});

test('a package is found however it is imported', () => {
  const text = `
    import fc from 'fast-check';
    import "side-effect";
    export { a } from '@scope/package/file.js';
    const b = await import('lazy');
    const c = require('old');
    import fs from 'fs';
    import { join } from 'node:path';
    import { d } from './d.ts';
    const f = request['from'] ?? 'nothing';
    // import e from 'comment';`;
  expect(offends(noPackages, 'src/cli/x.ts', text)).toEqual([
    'imports fast-check',
    'imports side-effect',
    'imports @scope/package/file.js',
    'imports lazy',
    'imports old',
    'imports fs',
  ]);
});

test.each([
  'new Date()',
  'performance.now()',
  'setTimeout(f, 1)',
  'globalThis.setInterval(f, 1)',
  'setImmediate(f)',
  'Math.random()',
  'process.hrtime.bigint()',
  "import { sleep } from 'node:timers/promises'",
])('time and chance are found in %j, except in src/runtime and in comments', (text) => {
  expect(offends(portsOnly, 'src/cli/x.ts', text)).toHaveLength(1);
  expect(offends(portsOnly, 'src/runtime/x.ts', text)).toEqual([]);
  expect(offends(portsOnly, 'src/cli/x.ts', `// ${text}\n/** ${text}\n */\nconst updateDates = 1;`)).toEqual(
    [],
  );
});

test.each(['process.argv[2]', 'process.env', "import { env } from 'node:process'"])(
  '%j is found, except in src/cli',
  (text) => {
    expect(offends(environmentInCli, 'src/server/x.ts', text)).toHaveLength(1);
    expect(offends(environmentInCli, 'src/cli/x.ts', text)).toEqual([]);
    expect(offends(environmentInCli, 'src/server/x.ts', 'process.stderr.write("environment")')).toEqual([]);
  },
);

test.each(['JSON.parse(text)', 'texts.map(JSON.parse)', 'await response.json()'])(
  '%j is found, except in src/runtime/json.ts',
  (text) => {
    expect(offends(oneJsonReader, 'src/runtime/lines.ts', text)).toHaveLength(1);
    expect(offends(oneJsonReader, 'src/runtime/json.ts', text)).toEqual([]);
    expect(offends(oneJsonReader, 'src/cli/x.ts', 'JSON.stringify(parseJson(text))')).toEqual([]);
  },
);

test('a file may have 400 lines and no more', () => {
  expect(offends(shortFiles, 'src/store/x.ts', 'line\n'.repeat(400))).toEqual([]);
  expect(offends(shortFiles, 'src/store/x.ts', 'line\n'.repeat(401))).toEqual(['has 401 lines']);
});
