/** What a server says of a counter, it takes: the answer to a sync is a body to merge, as it stands. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorOf } from '../../support/api-error.ts';
import { type ServerProcess, jsonOf, startServer, stopServers } from '../../support/server-process.ts';

let server: ServerProcess;
let other: ServerProcess;
beforeAll(async () => {
  [server, other] = await Promise.all([startServer(), startServer({ args: ['--node-id', 'other'] })]);
});
afterAll(stopServers);

const json = { 'content-type': 'application/json' };

interface Merged {
  /** The counter as it was read before. */
  readonly before: string;
  /** The statuses of the merges here and elsewhere, and what they and reads after them say. */
  readonly after: readonly (readonly [status: number, answer: string, read: string])[];
}

/** Merges the answer to a sync into the same counter, here and elsewhere. */
async function mergedBack(key: string): Promise<Merged> {
  const segment = encodeURIComponent(key);
  const { body: before } = await server.get(`/counter/${segment}`);
  const { body } = await server.get(`/counter/sync/${segment}`);
  const merge = async (to: ServerProcess) => {
    const answer = await to.ask('POST', `/counter/merge/${segment}`, json, body);
    return [answer.status, answer.body, (await to.get(`/counter/${segment}`)).body] as const;
  };
  return { before, after: [await merge(server), await merge(other)] };
}

const unchanged = ({ before }: Merged): Merged['after'] => [
  [200, before, before],
  [200, before, before],
];

describe('what a sync gives is merged', () => {
  test.each([
    ['short', (n: number) => `n${n}`],
    ['of 104 bytes', (n: number) => `${n}`.padEnd(104, 'n')],
    ['of 256 bytes that are all escaped', (n: number) => `${n}`.padEnd(256, '\\"')],
    ['of 256 bytes beyond ASCII', (n: number) => `${1000 + n}${'🧮'.repeat(63)}`],
  ])('of as many nodes as there can be, with names %s', async (kind, nameOf) => {
    const names = Array.from({ length: 1000 }, (_, n) => nameOf(n));
    for (let at = 0; at < names.length; at += 100) {
      await server.merge(kind, new Map(names.slice(at, at + 100).map((name) => [name, 2 ** 43])));
    }
    expect((await server.sync(kind)).size).toBe(1000);
    const merged = await mergedBack(kind);
    expect(merged.after).toEqual(unchanged(merged));
  });

  test('where a client has escaped all it can', async () => {
    const names = Array.from({ length: 1000 }, (_, n) => `${1000 + n}${'é'.repeat(126)}`);
    const members = names.map((name) => `"${name}": ${2 ** 43}`.replaceAll('é', '\\u00e9'));
    const body = `{"nodes": {${members.join(', ')}}}`;
    expect((await server.ask('POST', '/counter/merge/escaped', json, body)).status).toBe(200);
  });

  test.each(['a/b', '"\\', '🧮'.repeat(64), '\\'.repeat(256), ' ', '%41', '__proto__'])(
    'of the key %j',
    async (key) => {
      await server.increment(key, 3);
      const merged = await mergedBack(key);
      expect(merged.after).toEqual(unchanged(merged));
    },
  );

  test('of a counter with a lower bound', async () => {
    await server.increment('default', 3);
    await server.post('/sync', { count: 10 });
    const merged = await mergedBack('default');
    expect(merged.after).toEqual(unchanged(merged));
  });

  test('of a counter that nobody has incremented', async () => {
    const merged = await mergedBack('nothing');
    expect(merged.after).toEqual(unchanged(merged));
  });

  test.each([
    'node-1',
    'node-1~2',
    'node-1~999999',
    'node-1~1000000',
    'node-1~k3f9qz',
    'node-1~zzzzzz',
    'node-1~',
  ])('of a server that has been shown a total of %s, a name of its own', async (name) => {
    const key = `shown ${name}`;
    expect(
      (await server.post(`/counter/merge/${encodeURIComponent(key)}`, { nodes: { [name]: 7 } })).status,
    ).toBe(200);
    expect(await server.increment(key, 2)).toBe(9);
    const merged = await mergedBack(key);
    expect(merged.after).toEqual(unchanged(merged));
  });

  test.each([['__proto__'], ['constructor', '7', '-1', ''.padEnd(256, '~')], ['node-1', 'other']])(
    'of nodes named %s',
    async (...names) => {
      const key = `of ${names[0]}`;
      await server.merge(key, new Map(names.map((name) => [name, 5])));
      await server.increment(key);
      const merged = await mergedBack(key);
      expect(merged.after).toEqual(unchanged(merged));
    },
  );
});

test('more nodes make room for more bytes', async () => {
  const wide = await startServer({ args: ['--max-nodes', '3000'] });
  const members = Array.from({ length: 3000 }, (_, n) => `"${`${n}`.padEnd(256, 'n')}":1`);
  const body = `{"nodes":{${members.join(',')}}}`;
  expect((await wide.ask('POST', '/counter/merge/k', json, body)).status).toBe(200);
  expect(errorOf(await server.ask('POST', '/counter/merge/k', json, `${body}${' '.repeat(500_000)}`))).toBe(
    '413 body_too_large',
  );
});

describe('a key in the body', () => {
  test.each(['"other"', '"K"', '""', 'null', '5', '["k"]'])('of %s is not that of the path', async (key) => {
    const body = `{"key":${key},"nodes":{"n":1}}`;
    expect(errorOf(await server.post('/counter/merge/k', body))).toBe('400 invalid_key');
    expect(jsonOf(await server.get('/counter/k'))).toMatchObject({ value: 0 });
  });
});
