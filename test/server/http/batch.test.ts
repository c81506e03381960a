/** POST /counters/incr: several increments that count together or not at all. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { listFrom, numberFrom, objectFrom } from '../../support/json.ts';
import {
  type HttpResponse,
  type ServerProcess,
  jsonOf,
  startServer,
  stopServers,
} from '../../support/server-process.ts';

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer();
});
afterAll(stopServers);

interface Increment {
  readonly key: string;
  readonly amount?: number;
}

const add = (...increments: Increment[]): Promise<HttpResponse> =>
  server.post('/counters/incr', { increments });

const valuesOf = (answer: HttpResponse): number[] =>
  listFrom(objectFrom(jsonOf(answer))['results']).map((result) =>
    numberFrom(objectFrom(result)['new_value']),
  );

const MAX = Number.MAX_SAFE_INTEGER;

test('increments are answered in their order', async () => {
  const answer = await add({ key: 'z', amount: 5 }, { key: 'a', amount: 7 }, { key: 'm' });
  expect(jsonOf(answer)).toEqual({
    results: [
      { key: 'z', node_id: 'node-1', new_value: 5 },
      { key: 'a', node_id: 'node-1', new_value: 7 },
      { key: 'm', node_id: 'node-1', new_value: 1 },
    ],
  });
});

test('a key that occurs twice is incremented twice, in order', async () => {
  const twice = { key: 'twice', amount: 5 };
  expect(valuesOf(await add(twice, { key: 'between' }, { key: 'twice', amount: 2 }))).toEqual([5, 1, 7]);
  expect((await server.read('twice')).value).toBe(7);
});

test('if one would pass 2^53 - 1, none is counted', async () => {
  await server.increment('full', MAX - 1);
  const answer = await add({ key: 'before' }, { key: 'full', amount: 2 }, { key: 'after' });
  expect(answer.status).toBe(409);
  expect(objectFrom(parseJson(answer.body))).toMatchObject({ error: { code: 'overflow' } });
  expect((await server.read('full')).value).toBe(MAX - 1);
  expect((await server.read('before')).value + (await server.read('after')).value).toBe(0);
  expect((await server.get('/counters?prefix=before')).body).toContain('"counters":[]');
});

test('if only all of them together would pass 2^53 - 1, none is counted', async () => {
  const half = { key: 'halves', amount: 2 ** 52 };
  expect((await add(half, { key: 'halves', amount: 2 ** 52 - 1 }, { key: 'halves' })).status).toBe(409);
  expect((await server.read('halves')).value).toBe(0);
  expect(valuesOf(await add(half, { key: 'halves', amount: 2 ** 52 - 1 }))).toEqual([2 ** 52, MAX]);
});

test.each([
  [{ key: 'last', amount: 0 }],
  [{ key: '' }],
  [{ key: 'last', amuont: 5 }],
  [{ amount: 5 }],
  ['last'],
  [null],
  [[]],
])('if the last is %j, none is counted', async (last) => {
  const answer = await server.post('/counters/incr', { increments: [{ key: 'first' }, last] });
  expect(answer.status).toBe(400);
  expect((await server.read('first')).value).toBe(0);
});

test('as many as fit into a body are counted', async () => {
  const increments = Array.from({ length: 5000 }, () => ({ key: 'k' }));
  const values = valuesOf(await server.post('/counters/incr', { increments }));
  expect(values).toEqual(Array.from({ length: 5000 }, (_, n) => n + 1));
});

test('concurrent batches on the same keys lose nothing', async () => {
  const key = (n: number): Increment => ({ key: `busy ${n % 3}`, amount: n });
  await Promise.all(
    Array.from({ length: 300 }, (_, n) =>
      n % 2 === 0 ? add(key(1), key(2), key(3), key(4)) : server.increment('busy 1', 10),
    ),
  );
  const values = await Promise.all([0, 1, 2].map(async (n) => (await server.read(`busy ${n}`)).value));
  expect(values).toEqual([150 * 3, 150 * (1 + 4) + 150 * 10, 150 * 2]);
});
