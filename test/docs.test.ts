/**
 * The documents are true, as far as files can tell: links lead somewhere, paths and scripts exist, error codes and
 * routes are those of the code. Each rule is also shown an offender that it must catch. What takes a running program is
 * in cli/docs.test.ts.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join, posix } from 'node:path';
import { expect, test } from 'vitest';
import { parseJson } from '../src/runtime/json.ts';
import { errorStatusOf } from '../src/server/http/error-statuses.ts';
import { errorDescriptions } from '../src/server/http/openapi/error-descriptions.ts';
import { routeOf } from '../src/server/http/routes.ts';
import { ApiError, type ErrorCode } from '../src/store/api-error.ts';
import { faultNames } from '../src/workbench/sim/nemesis.ts';
import { designs } from './mutants/designs.ts';
import { etcdMutants } from './mutants/etcd.ts';
import { mutants, pnMutants } from './mutants/node.ts';
import { peersMutants } from './mutants/peers.ts';
import { type Documents, allText, documents, filesBelow, sorted, textOf } from './support/documents.ts';
import { objectFrom } from './support/json.ts';
import { anchorsOf, blocksOf, linksOf, proseOf, rowsOf, sentencesOf, spansOf } from './support/markdown.ts';
import { normalized, outputPattern, transcriptFrom } from './support/transcript.ts';

const read = (path: string): string => readFileSync(path, 'utf8');

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
  expect(missingPaths(allText)).toEqual([]);
  expect(
    missingPaths('`src/crdt/` `src/nowhere/x.ts` `gone.ts`\n```sh\nls test/nothing bin/g-counter\n```'),
  ).toEqual(['src/nowhere/x.ts', 'test/nothing', 'gone.ts']);
});

const sourceText = sources
  .filter((path) => path.endsWith('.ts') && path !== 'test/docs.test.ts')
  .map(read)
  .join('\n');

/** Names of classes, types, variables and private methods in code that the sources do not have. */
const missingNames = (text: string): string[] =>
  spansOf(text)
    .filter((span) => /^(?:#[a-z]\w*|[A-Za-z]+[a-z][A-Z]\w*|[A-Z][a-z]+[A-Z]\w*\.\w+)$/.test(span))
    .map((span) => span.split('.')[0] ?? '')
    .filter((name) => !sourceText.includes(name));

test('each name in code is one of the sources', () => {
  expect(missingNames(allText)).toEqual([]);
  expect(missingNames('`StoredCounter.add` `noSuchName` `#noMethod` `#commit` `ApiMistake`')).toEqual([
    'noSuchName',
    '#noMethod',
    'ApiMistake',
  ]);
});

test('each npm script in the documents exists', () => {
  const named = [...allText.matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g)].map(([, name = '']) => name);
  const scripts = objectFrom(objectFrom(parseJson(read('package.json')))['scripts']);
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

// The API

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

test('the OpenAPI document says the same of each error code', () => {
  const rows = rowsOf(textOf('docs/http-api.md')).filter(({ cells }) => cells.has('code'));
  const written = rows.map(({ first, cells }) => [first.slice(1, -1), cells.get('when')]);
  expect(Object.fromEntries(written)).toEqual(errorDescriptions);
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
  const unknown = requestsIn(allText).filter((request) => {
    const [method, path = ''] = request.split(' ');
    return routeOf(path)?.route.method !== method;
  });
  expect(unknown).toEqual([]);
});

// The workbench

const namesIn = (page: string, column: string): string[] =>
  rowsOf(textOf(page))
    .filter(({ cells }) => cells.has(column))
    .flatMap(({ first }) => spansOf(first));

test('the planted bugs in the documents are those that there are', () => {
  const names = [mutants, pnMutants, peersMutants, etcdMutants].flatMap((table) => Object.keys(table));
  expect(namesIn('docs/workbench.md', 'planted bug').toSorted()).toEqual(names.toSorted());
});

test('the programs to judge in the documents are those that there are', () => {
  const names = Object.keys(designs).filter((name) => name !== 'the shipped node');
  expect(namesIn('docs/workbench.md', 'program')).toEqual(names);
});

test('the faults in the documents are those that there are', () => {
  expect(namesIn('docs/workbench.md', 'fault')).toEqual([...faultNames, 'all']);
});

// How documents are read

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
