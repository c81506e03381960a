/** The HTTP interface, as it is documented, spoken with the real server. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { Connection, requestText } from '../../support/connection.ts';
import { counterFrom, listFrom, numberFrom, objectFrom } from '../../support/json.ts';
import {
  type ServerProcess,
  isOnEtcd,
  jsonOf,
  startServer,
  stopServers,
} from '../../support/server-process.ts';

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer();
});
afterAll(stopServers);

describe('increment', () => {
  test('is answered with the key, the node and the new value', async () => {
    const answer = await server.post('/counter/incr/mykey', { amount: 5 });
    expect(answer.headers['content-type']).toBe('application/json');
    expect(jsonOf(answer)).toEqual({ key: 'mykey', node_id: 'node-1', new_value: 5 });
    expect(jsonOf(await server.post('/counter/incr/mykey', { amount: 3 }))).toMatchObject({ new_value: 8 });
  });

  test('adds 1 if it names no amount', async () => {
    await server.post('/counter/incr/default');
    await server.post('/counter/incr/default', {});
    await server.post('/counter/incr/default', '');
    await server.ask('POST', '/counter/incr/default', { 'content-length': '0' });
    expect((await server.read('default')).value).toBe(4);
  });

  test.each(['1', '9007199254740991', '5e0', '1E2', '7.0'])('accepts the amount %s', async (amount) => {
    const key = `amount ${amount}`;
    const answer = await server.post(`/counter/incr/${encodeURIComponent(key)}`, `{"amount":${amount}}`);
    expect(jsonOf(answer)).toMatchObject({ new_value: Number(amount) });
  });

  test.each(['application/json', 'Application/JSON', 'application/json; charset=utf-8', 'application/json;'])(
    'accepts a body of type %s',
    async (type) => {
      const answer = await server.post('/counter/incr/types', { amount: 1 }, { 'content-type': type });
      expect(answer.status).toBe(200);
    },
  );

  test('accepts a body in chunks', async () => {
    const body = '5\r\n{"amo\r\n8\r\nunt":42}\r\n0\r\n\r\n';
    const head = requestText('POST', '/counter/incr/chunks', {
      'content-type': 'application/json',
      'transfer-encoding': 'chunked',
    });
    const connection = await Connection.open(server.port);
    expect(await connection.ask(head + body)).toMatchObject({ status: 200 });
    connection.close();
    expect((await server.read('chunks')).value).toBe(42);
  });
});

describe('read', () => {
  test('is answered with the value and the totals of the nodes', async () => {
    await server.increment('read', 5);
    await server.merge('read', new Map([['node-2', 7]]));
    const answer = await server.get('/counter/read');
    expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
    expect(jsonOf(answer)).toEqual({ key: 'read', value: 12, nodes: { 'node-1': 5, 'node-2': 7 } });
  });

  test('of a counter that was never incremented is 0 and creates none', async () => {
    expect(jsonOf(await server.get('/counter/nobody'))).toEqual({ key: 'nobody', value: 0, nodes: {} });
    expect(jsonOf(await server.get('/counter/sync/nobody'))).toEqual({ key: 'nobody', nodes: {} });
    expect(jsonOf(await server.get('/counters?prefix=nobody'))).toEqual({ counters: [], next_cursor: null });
  });

  test('by HEAD has the length of the response and no body', async () => {
    const { body } = await server.get('/counter/nobody');
    const head = await server.ask('HEAD', '/counter/nobody');
    expect(head).toMatchObject({ status: 200, body: '', headers: { 'content-length': `${body.length}` } });
  });

  test('ignores a query', async () => {
    expect(jsonOf(await server.get('/counter/nobody?x=/y'))).toMatchObject({ key: 'nobody' });
  });
});

describe('sync and merge', () => {
  test('a merge accepts what a sync returns', async () => {
    await server.increment('shown', 5);
    const answer = await server.get('/counter/sync/shown');
    expect(jsonOf(answer)).toEqual({ key: 'shown', nodes: { 'node-1': 5 } });

    const nodes = { 'node-1': 5, 'node-2': 2, 'node-3': 0 };
    const merged = { key: 'shown', value: 7, nodes: { 'node-1': 5, 'node-2': 2 } };
    expect(jsonOf(await server.post('/counter/merge/shown', { nodes }))).toEqual(merged);
    expect(jsonOf(await server.post('/counter/merge/shown', { nodes }))).toEqual(merged);
    expect(jsonOf(await server.get('/counter/shown'))).toEqual(merged);
  });

  test('a smaller total changes nothing', async () => {
    await server.merge('older', new Map([['node-2', 9]]));
    const nodes = new Map([['node-2', 8]]);
    expect(await server.merge('older', nodes)).toMatchObject({ value: 9 });
  });

  test('merging nothing creates no counter', async () => {
    expect(await server.merge('still nobody', new Map([['node-2', 0]]))).toMatchObject({ value: 0 });
    expect(jsonOf(await server.get('/counters?prefix=still'))).toMatchObject({ counters: [] });
  });

  test.each(['__proto__', 'constructor', 'toString', '🧮', 'a b', '"', '7'])(
    '%j is an ordinary replica id',
    async (name) => {
      const key = `node ${name}`;
      const { nodes } = await server.merge(key, new Map([[name, 3]]));
      expect(nodes).toEqual(new Map([[name, 3]]));
      expect(await server.sync(key)).toEqual(nodes);
      expect((await server.read(key)).value).toBe(3);
    },
  );
});

const keys = [
  ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', '0', 'null', 'NaN'],
  ['incr', 'merge', 'sync', 'watch', 'counters', 'health', '.', '..', '...'],
  ['a/b', '/', '//', 'incr/x', '%', '%25', '%2F', '?', '#', '&=', '+', 'a b', ' ', '~', '"', '\\', '</p>'],
  ['🧮', 'é', 'e\u0301', '\u200b', '\u2028', '\u202e', '\ufeff', '\uffff', '\u{10ffff}'],
  ['k'.repeat(256), '🧮'.repeat(64)],
].flat();

test.each(keys)('%j is an ordinary key', async (key) => {
  const encoded = encodeURIComponent(key);
  const incremented = jsonOf(await server.post(`/counter/incr/${encoded}`, { amount: 2 }));
  expect(incremented).toEqual({ key, node_id: 'node-1', new_value: 2 });
  const batch = jsonOf(await server.post('/counters/incr', { increments: [{ key, amount: 3 }] }));
  expect(batch).toEqual({ results: [{ key, node_id: 'node-1', new_value: 5 }] });
  const counter = { key, value: 11, nodes: new Map(Object.entries({ 'node-1': 5, other: 6 })) };
  expect(await server.merge(key, new Map([['other', 6]]))).toEqual(counter);
  expect(await server.read(key)).toEqual(counter);
  expect(await server.sync(key)).toEqual(counter.nodes);
  const { counters } = objectFrom(jsonOf(await server.get(`/counters?prefix=${encoded}&limit=1`)));
  expect(listFrom(counters).map(counterFrom)).toEqual([counter]);
});

describe('concurrent increments', () => {
  test('by 2, 100, 3, 7 and 8 make 120', async () => {
    const values = await Promise.all(
      [2, 100, 3, 7, 8].map((amount) => server.increment('concurrent', amount)),
    );
    expect(Math.max(...values)).toBe(120);
    expect(new Set(values).size).toBe(5);
    expect((await server.read('concurrent')).value).toBe(120);
  });

  test('of 200 clients, 25 each, make exactly their sum, each with a value of its own', async () => {
    const [clients, increments] = [200, 25];
    const values = new Set<number>();
    const request = requestText('POST', '/counter/incr/crowd', {}, '{"amount":3}');
    const client = async (): Promise<void> => {
      const connection = await Connection.open(server.port);
      for (let asked = 0; asked < increments; asked++) {
        const { body } = await connection.ask(request);
        values.add(numberFrom(objectFrom(parseJson(body))['new_value']));
      }
      connection.close();
    };
    await Promise.all(Array.from({ length: clients }, client));
    const sum = clients * increments * 3;
    expect(await server.read('crowd')).toMatchObject({ value: sum, nodes: new Map([['node-1', sum]]) });
    expect(values.size).toBe(clients * increments);
    expect(Math.max(...values)).toBe(sum);
  });
});

describe('besides counters', () => {
  test('health says that increments are accepted', async () => {
    const health = objectFrom(jsonOf(await server.get('/health')));
    expect(health).toEqual({
      status: 'ok',
      node_id: 'node-1',
      counters: expect.any(Number),
      idempotency_scope: isOnEtcd ? 'store' : 'server',
      idempotency_window_s: 600,
    });
  });

  test.each([
    ['/counter/incr/scope', {}],
    ['/counters/incr', { increments: [{ key: 'scope' }] }],
  ])('%s says which servers know its idempotency key', async (path, body) => {
    const { headers } = await server.post(path, body);
    expect(headers['idempotency-scope']).toBe(isOnEtcd ? 'store' : 'server');
  });

  test.each([String.raw`{"amount":1}`, String.raw`{"\u0061mount":1}`])(
    'a body may begin with a byte-order mark: %s',
    async (body) => {
      expect((await server.post('/counter/incr/marked', `\ufeff${body}`)).status).toBe(200);
    },
  );

  test('the page may load nothing from elsewhere', async () => {
    const { status, headers } = await server.get('/');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
  });
});
