/**
 * The documents are true: links lead somewhere, paths exist, flags, variables, metrics, error codes and routes are those
 * of the programs, and the transcripts run. Each rule is also shown an offender that it must catch.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, posix, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { errorStatusOf } from '../src/server/http/error-statuses.ts';
import { routeOf } from '../src/server/http/routes.ts';
import { ApiError, type ErrorCode } from '../src/store/api-error.ts';
import { anchorsOf, blocksOf, linksOf, proseOf, rowsOf, sentencesOf, spansOf } from './support/markdown.ts';
import { startServer, stopServers } from './support/server-process.ts';
import { normalized, outputPattern, transcriptFrom } from './support/transcript.ts';

/** The text of each document, by its path. */
type Documents = ReadonlyMap<string, string>;

const read = (path: string): string => readFileSync(path, 'utf8');
const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(
    (name) => `${folder}/${name.replaceAll('\\', '/')}`,
  );

const documents: Documents = new Map(
  ['README.md', ...readdirSync('docs').map((name) => `docs/${name}`)]
    .filter((path) => path.endsWith('.md'))
    .map((path) => [path, read(path)]),
);
const all = [...documents.values()].join('\n');
const textOf = (path: string): string => documents.get(path) ?? '';

afterAll(stopServers);

const sorted = (words: Iterable<string>): string[] => [...new Set(words)].toSorted();

/** The commands of runnable and other blocks, without what they print. */
const commandsIn = (text: string): string[] =>
  blocksOf(text).flatMap(({ info, lines }) =>
    info.startsWith('console') ? lines.filter((line) => line.startsWith('$ ')) : info === 'sh' ? lines : [],
  );

// Links and paths

const deadLinks = (texts: Documents): string[] =>
  [...texts].flatMap(([path, text]) =>
    linksOf(text)
      .filter((link) => !/^https?:/.test(link))
      .filter((link) => {
        const [file = '', anchor] = link.split('#');
        const target = file === '' ? path : posix.join(posix.dirname(path), file);
        if (anchor === undefined) return !existsSync(target);
        return !anchorsOf(texts.get(target) ?? '').has(anchor);
      })
      .map((link) => `${path}: ${link}`),
  );

test('each link leads to a file, and to a heading in it', () => {
  expect(deadLinks(documents)).toEqual([]);
  const offender =
    '# A b\n[a](#a-b) [b](#c) [c](nowhere.md) [d](docs/node.md#limits) <img src="x.png"> `[e](f)`';
  expect(deadLinks(new Map([...documents, ['offender.md', offender]]))).toEqual([
    'offender.md: #c',
    'offender.md: nowhere.md',
    'offender.md: x.png',
  ]);
});

test('each document is reached by links from the README', () => {
  const reached = new Set<string>();
  const follow = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const link of linksOf(textOf(path))) {
      const target = posix.join(posix.dirname(path), link.split('#')[0] ?? '');
      if (documents.has(target)) follow(target);
    }
  };
  follow('README.md');
  expect(sorted(reached)).toEqual(sorted(documents.keys()));
});

const sources = [...filesBelow('src'), ...filesBelow('test')];

/** The paths in code, and the names of TypeScript files, that are not there. */
function missingPaths(text: string): string[] {
  const code = [...spansOf(text), ...blocksOf(text).flatMap(({ lines }) => lines)];
  const paths = code.flatMap((each) =>
    [...each.matchAll(/(?<![\w./~$-])(?:src|test|bin|docs)\/[\w./-]*/g)].map(String),
  );
  const names = spansOf(text).filter((span) => /^[\w-]+\.ts$/.test(span));
  return [
    ...paths.filter((path) => !existsSync(path)),
    ...names.filter((name) => !sources.some((path) => basename(path) === name)),
  ];
}

test('each path in code exists', () => {
  expect(missingPaths(all)).toEqual([]);
  expect(
    missingPaths('`src/crdt/` `src/nowhere/x.ts` `gone.ts`\n```sh\nls test/nothing bin/g-counter\n```'),
  ).toEqual(['src/nowhere/x.ts', 'test/nothing', 'gone.ts']);
});

test('each npm script in the documents exists', () => {
  const named = [...all.matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g)].map(([, name = '']) => name);
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(read('package.json'));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

// The README

test('the README has at most 150 lines and 1,500 words', () => {
  const readme = textOf('README.md');
  expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
  expect(readme.trim().split(/\s+/).length).toBeLessThanOrEqual(1500);
});

test('the map names each folder of src and nothing else, and what it names in them is there', () => {
  const rows = rowsOf(textOf('README.md')).filter(({ first }) => first.startsWith('`src/'));
  const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(rows.map(({ first }) => first).toSorted()).toEqual(
    folders.map(({ name }) => `\`src/${name}/\``).toSorted(),
  );
  for (const { first, cells } of rows) {
    const folder = first.slice(1, -2);
    const [, ...others] = [...cells.values()].flatMap(spansOf);
    const missing = others.filter(
      (name) => !sources.some((path) => path === join(folder, name, '.').replace(/\/\.$/, '')),
    );
    expect({ folder, missing }).toEqual({ folder, missing: [] });
  }
});

/** What stands twice, in one document or in two. */
function repeated(texts: Iterable<string>): string[] {
  const seen = new Set<string>();
  const found: string[] = [];
  for (const sentence of [...texts].flatMap(sentencesOf)) {
    if (seen.has(sentence)) found.push(sentence);
    seen.add(sentence);
  }
  return found;
}

test('no sentence stands twice', () => {
  expect(repeated(documents.values())).toEqual([]);
  expect(
    repeated(['One *two* three four five\nsix. Seven.', '| a |\n| - |\n| one two three `four` five six |']),
  ).toEqual(['one two three four five six']);
});

// Flags and variables

const run = (command: string, args: readonly string[], cwd = '.'): Promise<string> =>
  new Promise((done) => {
    execFile(command, args, { cwd: resolve(cwd), encoding: 'utf8', timeout: 20_000 }, (_, stdout) =>
      done(stdout),
    );
  });

const helpOf = async (program: string, commands: readonly string[] = []): Promise<string> => {
  const texts = [[], ...commands.map((command) => [command])].map((words) =>
    run(process.execPath, [`dist/${program}.cjs`, ...words, '--help']),
  );
  return (await Promise.all(texts)).join('\n');
};

const flagsIn = (text: string): string[] =>
  sorted([...text.matchAll(/(?<![\w-])--[a-z][a-z0-9-]*/g)].map(String));

/** Each program, and the documents that have its flags in their tables. */
const programs = {
  'g-counter': { help: helpOf('g-counter'), pages: ['docs/node.md'] },
  'g-counter-workbench': {
    help: helpOf('g-counter-workbench', ['test', 'simulate', 'compare', 'replay', 'serve']),
    pages: ['docs/workbench.md'],
  },
  'g-counter-server': { help: helpOf('g-counter-server'), pages: ['docs/operations.md', 'docs/cluster.md'] },
  'g-counter-cluster': { help: helpOf('g-counter-cluster'), pages: ['docs/cluster.md'] },
};

test.each(Object.entries(programs))('each flag of %s is on its page', async (_, { help, pages }) => {
  const flags = flagsIn(await help);
  const written = new Set(pages.flatMap((page) => flagsIn(textOf(page))));
  expect(flags.length).toBeGreaterThan(2);
  expect(flags.filter((flag) => !written.has(flag))).toEqual([]);
});

test.each(sorted(Object.values(programs).flatMap(({ pages }) => pages)))(
  'each flag in a table of %s is one of its program',
  async (page) => {
    const owners = Object.values(programs).filter(({ pages }) => pages.includes(page));
    const flags = flagsIn((await Promise.all(owners.map(({ help }) => help))).join('\n'));
    const tabled = flagsIn(
      rowsOf(textOf(page))
        .map(({ first }) => first)
        .join('\n'),
    );
    expect(tabled.length).toBeGreaterThan(2);
    expect(tabled.filter((flag) => !flags.includes(flag))).toEqual([]);
  },
);

/** Flags of other programs: npm, Node.js and Vitest. */
const foreignFlags = [
  '--config',
  '--enable-source-maps',
  '--inspect-brk',
  '--no-file-parallelism',
  '--silent',
];

test('each flag in the documents is in the help of a program', async () => {
  const helps = await Promise.all(Object.values(programs).map(({ help }) => help));
  const known = new Set(flagsIn(helps.join('\n')));
  expect(flagsIn(all).filter((flag) => !known.has(flag))).toEqual(foreignFlags);
});

/** Flags that cannot be given in the environment. */
const notInEnvironment = new Set(['--host', '--version', '--help']);

const variableOf = (flag: string): string => flag.slice(2).toUpperCase().replaceAll('-', '_');

test('the tables of the server give each flag its variable', async () => {
  const help = await programs['g-counter-server'].help;
  const expected = flagsIn(help.split('Try it')[0] ?? '')
    .filter((flag) => !notInEnvironment.has(flag))
    .map((flag) => `${flag} ${variableOf(flag)}`);
  const withoutFlag = [...help.matchAll(/\b(?:TOKEN|CLUSTER_KEY)\b(?=[,.])/g)].map(
    (match) => ` ${String(match)}`,
  );
  const rows = ['docs/operations.md', 'docs/cluster.md']
    .flatMap((page) => rowsOf(textOf(page)))
    .filter(({ cells }) => (cells.get('environment') ?? '') !== '');
  const written = rows.map(
    ({ first, cells }) => `${flagsIn(first).join()} ${(cells.get('environment') ?? '').slice(1, -1)}`,
  );
  expect(sorted(written)).toEqual(sorted([...expected, ...withoutFlag]));
});

test('each variable in the documents is read by a program, and each that is read is documented', async () => {
  const help = await programs['g-counter-server'].help;
  const ofServer = [
    ...flagsIn(help)
      .filter((flag) => !notInEnvironment.has(flag))
      .map(variableOf),
    'TOKEN',
    'CLUSTER_KEY',
  ];
  const header = /^(?:#.*\n)+/.exec(read('maelstrom.sh'))?.[0] ?? '';
  const ofScript = [...header.matchAll(/\$([A-Z_]+)|\b([A-Z_]+)=/g)].map(
    ([, used, set]) => used ?? set ?? '',
  );
  const ofTests = sources
    .filter((path) => path.startsWith('test/') && path.endsWith('.ts'))
    .flatMap((path) => [...read(path).matchAll(/process\.env\['(\w+)'\]/g)].map(([, name = '']) => name))
    .filter((name) => name !== 'PATH');
  const known = sorted([...ofServer, ...ofScript, ...ofTests]);
  const code = [...spansOf(all), ...commandsIn(all)].join('\n');
  const written = [
    ...[...code.matchAll(/\$([A-Z][A-Z_]+)|\b([A-Z][A-Z_]+)=/g)].map(([, used, set]) => used ?? set ?? ''),
    ...spansOf(all).filter((span) => /^[A-Z]+(?:_[A-Z]+)+$/.test(span)),
    ...spansOf(all).filter((span) => known.includes(span)),
  ];
  expect(sorted(written)).toEqual(known);
});

// The API

test('the metrics in the documents are those that the server has', async () => {
  const server = await startServer();
  const { body } = await server.get('/metrics');
  const families = [...body.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  const rows = rowsOf(textOf('docs/operations.md')).filter(({ first }) => first.startsWith('`g_counter_'));
  expect(families.length).toBeGreaterThan(5);
  expect(rows.map(({ first, cells }) => `${first.slice(1, -1)} ${cells.get('type')}`).toSorted()).toEqual(
    families.toSorted(),
  );
  const mentioned = [...all.matchAll(/\bg_counter_\w+/g)].map(String);
  expect(mentioned.filter((name) => !families.some((family) => family.startsWith(`${name} `)))).toEqual([]);
});

test('the error codes in the documents are those of the server, with their statuses', () => {
  const table = read('src/server/http/error-statuses.ts');
  const isCode = (word: string): word is ErrorCode => table.includes(`\n  ${word}: `);
  const codes = [...table.matchAll(/^ {2}(\w+): (?:always|\(\{)/gm)]
    .map(([, code = '']) => code)
    .filter(isCode);
  const statuses = codes.map((code) => {
    const each = [{}, { hasHungUp: true }].map(
      (details) => errorStatusOf(new ApiError(code, '', details)).status,
    );
    return `${code} ${sorted(each.map(String)).join(', ')}`;
  });
  const rows = rowsOf(textOf('docs/http-api.md')).filter(({ cells }) => cells.has('code'));
  const written = rows.map(({ first, cells }) => `${first.slice(1, -1)} ${cells.get('status')}`);
  expect(codes.length).toBeGreaterThan(30);
  expect(written.toSorted()).toEqual(statuses.toSorted());
});

/** The requests in code, with a key for KEY. */
const requestsIn = (text: string): string[] =>
  spansOf(text)
    .filter((span) => /^(?:GET|POST) \//.test(span))
    .map((span) => span.replace('KEY', 'likes').replace(/\?.*/, ''));

test('the routes in the documents are those of the server, with what needs the token', () => {
  const source = read('src/server/http/routes.ts');
  const names = [...source.matchAll(/\{ name: '(\w+)'/g)].map(([, name = '']) => name);
  const rows = rowsOf(textOf('docs/http-api.md')).filter(({ cells }) => cells.has('request'));
  const documented = rows.map(({ first, cells }) => {
    const [request = ''] = requestsIn(first);
    const [method, path = ''] = request.split(' ');
    const route = routeOf(path)?.route;
    const isGuarded = cells.get('token') === 'yes';
    expect({ path, method: route?.method, isGuarded: route?.isGuarded }).toEqual({ path, method, isGuarded });
    return route?.name ?? '';
  });
  expect(names.length).toBeGreaterThan(10);
  expect(sorted(documented)).toEqual(sorted(names));
  const unknown = requestsIn(all).filter((request) => {
    const [method, path = ''] = request.split(' ');
    return routeOf(path)?.route.method !== method;
  });
  expect(unknown).toEqual([]);
});

// Transcripts

const transcripts = [...documents].flatMap(([path, text]) =>
  blocksOf(text).flatMap((block) => {
    const transcript = transcriptFrom(block);
    return transcript === undefined ? [] : [{ name: `${path}, line ${block.line}`, transcript }];
  }),
);

describe('transcripts', () => {
  /** What runs leave behind stays out of the project's folder. */
  const directory = mkdtempSync(join(tmpdir(), 'g-counter-docs-'));
  for (const name of ['bin', 'dist', 'test']) symlinkSync(resolve(name), join(directory, name));
  afterAll(() => rmSync(directory, { recursive: true }));

  test('there are some', () => expect(transcripts.length).toBeGreaterThan(5));

  test.concurrent.each(transcripts)('$name runs and prints what it says', async ({ transcript }) => {
    const port = transcript.needsServer ? (await startServer()).port : 8080;
    for (const { command, output } of transcript.steps) {
      const printed = await run(
        'sh',
        ['-c', command.replaceAll('localhost:8080', `127.0.0.1:${port}`)],
        directory,
      );
      expect(`$ ${command}\n${normalized(printed)}`).toMatch(
        outputPattern(`$ ${command}\n${output}`, transcript.hasAnyNumbers),
      );
    }
  });
});

test.each([
  ['a\nb\n', 'a\nb\n', true],
  ['a\nb\n', 'a\n', false],
  ['a\n', 'a\nb\n', false],
  ['a\n...\nd\n', 'a\nb\nc\nd\n', true],
  ['a\n...\nd\n', 'a\nd\n', true],
  ['a\n...\n', 'a\nb\n', true],
  ['a ... c (1.5)\n', 'a b c (1.5)\n', true],
  ['a (1.5)\n', 'a (1x5)\n', false],
  ['', '', true],
  ['', 'a\n', false],
])('without any numbers, output %j expects of %j: %j', (output, printed, isExpected) => {
  expect(outputPattern(output, false).test(normalized(printed))).toBe(isExpected);
});

test.each([
  ['add    64  1.5 %\n', 'add 7 22 %\n', true],
  ['add 64\n', 'add many\n', false],
  ['0 failed\n', '3 failed\n', true],
  ['add 64\n', 'addition 64\n', false],
])('with any numbers, output %j expects of %j: %j', (output, printed, isExpected) => {
  expect(outputPattern(output, true).test(normalized(printed))).toBe(isExpected);
});

test('a block is runnable only if it says so in words that mean something', () => {
  const block = (info: string, ...lines: string[]) => ({ info, lines, line: 1 });
  expect(transcriptFrom(block('console', '$ ls'))).toBeUndefined();
  expect(transcriptFrom(block('console run', '$ a \\', '  b', 'c', '$ d'))?.steps).toEqual([
    { command: 'a \\\n  b', output: 'c\n' },
    { command: 'd', output: '' },
  ]);
  expect(() => transcriptFrom(block('console run fast', '$ ls'))).toThrow(/what is/);
  expect(() => transcriptFrom(block('console run', 'ls'))).toThrow(/does not begin/);
  expect(() => transcriptFrom(block('console run'))).toThrow(/no command/);
});

test('prose has no blocks in it', () => {
  expect(proseOf('a\n```sh\nb\n```\nc')).toBe('a\n\nc');
});
