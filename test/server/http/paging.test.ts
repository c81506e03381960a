/** GET /counters, page after page. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Counter, counterFrom, listFrom, objectFrom } from '../../support/json.ts';
import { type ServerProcess, jsonOf, startServer, stopServers } from '../../support/server-process.ts';

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer();
});
afterAll(stopServers);

/** In batches that every store takes. */
async function addAll(keys: readonly string[]): Promise<void> {
  for (let from = 0; from < keys.length; from += 60) {
    const increments = keys.slice(from, from + 60).map((key) => ({ key }));
    expect((await server.post('/counters/incr', { increments })).status).toBe(200);
  }
}

/** All pages, one after the other; `between` is awaited after each. */
async function pages(
  prefix: string,
  limit: number,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<Counter[][]> {
  const all: Counter[][] = [];
  let cursor: unknown = '';
  while (cursor !== null) {
    const parameters = new URLSearchParams({ prefix, limit: String(limit) });
    if (typeof cursor === 'string' && cursor !== '') parameters.set('cursor', cursor);
    const page = objectFrom(jsonOf(await server.get(`/counters?${parameters.toString()}`)));
    all.push(listFrom(page['counters']).map(counterFrom));
    cursor = page['next_cursor'];
    await between();
  }
  return all;
}

const keysOf = (all: readonly (readonly Counter[])[]): string[] => all.flat().map(({ key }) => key);

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}${n}`);

test('the pages have each counter exactly once, in the order of the keys', async () => {
  const keys = numbered('all-', 1000);
  await addAll(keys.toReversed());
  const all = await pages('all-', 7);
  expect(keysOf(all)).toEqual(keys.toSorted());
  expect(all.slice(0, -1).every((page) => page.length === 7)).toBe(true);
});

test('a page has 100 counters by default, and at most 1000', async () => {
  await addAll(numbered('many-', 1200));
  const page = objectFrom(jsonOf(await server.get('/counters?prefix=many-')));
  expect(listFrom(page['counters'])).toHaveLength(100);
  expect((await pages('many-', 1000)).map(({ length }) => length)).toEqual([1000, 200]);
});

test('a page that ends with the last counter has no cursor', async () => {
  await addAll(numbered('even-', 6));
  expect((await pages('even-', 3)).map(({ length }) => length)).toEqual([3, 3]);
  expect((await pages('even-', 6)).map(({ length }) => length)).toEqual([6]);
});

test('a page has whole counters', async () => {
  await server.increment('whole', 5);
  await server.merge('whole', new Map([['other', 2]]));
  expect((await pages('whole', 10)).flat()).toEqual([await server.read('whole')]);
});

test('while counters are added, those that were there are listed exactly once', async () => {
  const before = numbered('old-', 500).map((key) => `busy-${key}`);
  await addAll(before);
  let added = 0;
  const all = keysOf(
    await pages('busy-', 9, async () => {
      added++;
      await addAll([`busy-${added}`, `busy-old-${added}-`, `busy-p${added}`, 'busy-old-499']);
    }),
  );
  expect(added).toBeGreaterThan(50);
  expect(all).toEqual([...new Set(all)].toSorted());
  expect(before.filter((key) => !all.includes(key))).toEqual([]);
});

test('a counter of many nodes makes a page shorter, and nothing is left out', async () => {
  const nodes = new Map(numbered('long'.repeat(62), 200).map((name) => [name, 1]));
  const keys = numbered('wide-', 40).toSorted();
  for (const key of keys) await server.merge(key, nodes);
  const all = await pages('wide-', 1000);
  expect(all.length).toBeGreaterThan(1);
  expect(keysOf(all)).toEqual(keys);
});

test('a prefix selects the counters that begin with it, whatever their keys are', async () => {
  const char = fc.constantFrom('a', 'b', '~', '\u{1f9ee}', '\uffff', '\u00e9', '%', '/');
  const text = fc.array(char, { maxLength: 3 }).map((chars) => chars.join(''));
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(text, { minLength: 1, maxLength: 30 }),
      text,
      fc.integer({ min: 1, max: 9 }),
      async (texts, prefix, limit) => {
        const run = `run ${runs++} `;
        const keys = texts.map((key) => run + key);
        await addAll(keys);
        const expected = keys.filter((key) => key.startsWith(run + prefix)).toSorted();
        expect(keysOf(await pages(run + prefix, limit))).toEqual(expected);
      },
    ),
    { numRuns: 40 },
  );
});

test('the order of values has the largest counters on one page, which begin with the prefix', async () => {
  const amounts = [3, 9, 1, 9, 500].map((amount, n) => ({ key: `top-${n}`, amount }));
  expect((await server.post('/counters/incr', { increments: amounts })).status).toBe(200);
  await server.increment('to', 1000);
  const page = objectFrom(jsonOf(await server.get('/counters?prefix=top-&order=value&limit=3')));
  const counters = listFrom(page['counters']).map(counterFrom);
  expect(counters.map(({ key, value }) => [key, value])).toEqual([
    ['top-4', 500],
    ['top-1', 9],
    ['top-3', 9],
  ]);
  expect(page['next_cursor']).toBeNull();
  const byKey = (query: string): Promise<unknown> =>
    server.get(`/counters?prefix=top-&${query}`).then(jsonOf);
  expect(await byKey('order=key&limit=2')).toEqual(await byKey('limit=2'));
});
