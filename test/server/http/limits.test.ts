/** As many counters, nodes and increments as there can be, and one more. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorOf } from '../../support/api-error.ts';
import { type ServerProcess, startServer, stopServers } from '../../support/server-process.ts';

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer({ args: ['--max-counters', '5', '--max-nodes', '3'] });
  for (const key of ['a', 'b', 'c', 'd']) await server.increment(key);
});
afterAll(stopServers);

const MAX = Number.MAX_SAFE_INTEGER;

test('a value of 2^53 - 1 can be reached and not passed', async () => {
  expect(await server.increment('a', MAX - 2)).toBe(MAX - 1);
  expect(errorOf(await server.post('/counter/incr/a', { amount: 2 }))).toBe('409 overflow');
  expect(await server.increment('a')).toBe(MAX);
  expect(errorOf(await server.post('/counter/incr/a'))).toBe('409 overflow');
  expect(errorOf(await server.post('/counter/merge/a', { nodes: { other: 1 } }))).toBe('409 overflow');
  expect(await server.read('a')).toEqual({ key: 'a', value: MAX, nodes: new Map([['node-1', MAX]]) });
});

test('of many increments at once that do not all fit, exactly the acknowledged ones are counted', async () => {
  await server.increment('b', MAX - 11);
  const answers = await Promise.all(Array.from({ length: 30 }, () => server.post('/counter/incr/b')));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(20);
  expect((await server.read('b')).value).toBe(MAX);
});

test('a counter with as many nodes as the limit allows goes on counting', async () => {
  await server.merge('c', new Map(Object.entries({ x: 1, y: 2 })));
  expect(errorOf(await server.post('/counter/merge/c', { nodes: { z: 1 } }))).toBe('409 too_many_nodes');
  expect(errorOf(await server.post('/counter/merge/d', { nodes: { x: 1, y: 1, z: 1 } }))).toBe(
    '409 too_many_nodes',
  );
  expect(await server.merge('c', new Map(Object.entries({ x: 5, z: 0 })))).toMatchObject({ value: 8 });
  expect(await server.increment('c')).toBe(9);
});

test('a counter that others have filled with nodes can still be incremented here, and merged', async () => {
  // Otherwise others could keep this server from counting, or from hearing what they count.
  const nodes = new Map(Object.entries({ x: 1, y: 1, z: 1 }));
  const full = await startServer({ args: ['--max-nodes', '3'] });
  await full.merge('k', nodes);
  expect(await full.increment('k')).toBe(4);
  expect(await full.merge('k', new Map([['x', 2]]))).toMatchObject({ value: 5 });
});

test('concurrent requests do not pass the limit on counters', async () => {
  const keys = ['e', 'f', 'g', 'h'];
  const answers = await Promise.all(keys.map((key) => server.post(`/counter/incr/${key}`)));
  const taken = answers.filter(({ status }) => status === 200);
  expect(taken).toHaveLength(1);
  for (const answer of answers.filter(({ status }) => status !== 200)) {
    expect(errorOf(answer)).toBe('409 too_many_counters');
  }
  expect(errorOf(await server.post('/counter/merge/i', { nodes: { x: 1 } }))).toBe('409 too_many_counters');
  const batch = { increments: [{ key: 'd' }, { key: 'i' }] };
  expect(errorOf(await server.post('/counters/incr', batch))).toBe('409 too_many_counters');
  expect((await server.read('d')).value).toBe(1);
  expect(await server.increment('d')).toBe(2);
});

test('a counter with more nodes than the limit still merges their totals', async () => {
  const before = await startServer();
  await before.merge('k', new Map(Object.entries({ x: 1, y: 1, z: 1 })));
  await before.kill('SIGTERM');
  const after = await startServer({ dataDir: before.dataDir, args: ['--max-nodes', '2'] });
  expect(await after.merge('k', new Map([['x', 5]]))).toMatchObject({ value: 7 });
});

test('a server with more counters than the limit still starts and counts', async () => {
  const before = await startServer();
  for (const key of ['a', 'b', 'c']) await before.increment(key);
  await before.kill('SIGTERM');
  const after = await startServer({ dataDir: before.dataDir, args: ['--max-counters', '1'] });
  expect(await after.increment('c')).toBe(2);
  expect(errorOf(await after.post('/counter/incr/d'))).toBe('409 too_many_counters');
});
