/** Three servers as one: what somebody sees who asks any of them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { objectFrom } from '../../support/json.ts';
import { errorOf } from '../../support/api-error.ts';
import { type ServerProcess, jsonOf, stopServers } from '../../support/server-process.ts';
import { eventually } from '../../support/eventually.ts';
import {
  type Start,
  add,
  addressOf,
  allPeersOf,
  countOf,
  countsOf,
  deaf,
  freePort,
  network,
  othersOf,
  peersOf,
  together,
} from '../../support/servers.ts';

afterEach(stopServers);

interface Three {
  readonly a: ServerProcess;
  readonly b: ServerProcess;
  readonly c: ServerProcess;
  readonly all: readonly ServerProcess[];
}

async function startThree(start: Start): Promise<Three> {
  const [a, b, c] = await Promise.all([start('a'), start('b'), start('c')]);
  return { a, b, c, all: [a, b, c] };
}

describe('three servers that are started without configured peers', () => {
  let start: Start;
  let a: ServerProcess;
  let b: ServerProcess;
  let c: ServerProcess;
  let all: readonly ServerProcess[];

  beforeEach(async () => {
    start = await network();
    ({ a, b, c, all } = await startThree(start));
    await together(all);
  });

  test('health: each is healthy and reports its node id', async () => {
    for (const [index, server] of all.entries()) {
      const { status, node_id } = objectFrom(jsonOf(await server.get('/health')));
      expect([status, node_id]).toEqual(['ok', ['a', 'b', 'c'][index]]);
    }
  });

  test('count: it is 0 everywhere before the first increment', async () => {
    for (const [index, server] of all.entries()) {
      expect(jsonOf(await server.get('/count'))).toEqual({ count: 0, node_id: ['a', 'b', 'c'][index] });
    }
  });

  test('all peers: each server names the two others', async () => {
    await eventually(async () =>
      expect(await allPeersOf(all)).toEqual(all.map((server) => othersOf(all, server))),
    );
  });

  test('discovery: a server started later is found by all, and knows what was counted before', async () => {
    await add(a, 5);
    const d = await start('d');
    await together([...all, d]);
    await eventually(async () => expect(await countOf(d)).toBe(5));
    await eventually(async () => {
      const { node_id, peers, contacts } = objectFrom(jsonOf(await d.get('/discovery')));
      expect([node_id, peers]).toEqual(['d', othersOf(all, d)]);
      expect(contacts).toContainEqual(
        expect.objectContaining({ id: addressOf(a), node_id: 'a', state: 'alive', lag_ms: 0 }),
      );
    });
  });

  test('increment: one on any server shows on all', async () => {
    expect(await add(a)).toBe(1);
    await eventually(async () => expect(await countsOf(all)).toEqual([1, 1, 1]));
    expect(await add(b, 10)).toBe(11);
    await eventually(async () => expect(await countsOf(all)).toEqual([11, 11, 11]));
    expect(await add(c, 100)).toBe(111);
    await eventually(async () => expect(await countsOf(all)).toEqual([111, 111, 111]));
  });

  test('increment: of many at once on all servers each is counted once', async () => {
    const sums = Array.from({ length: 300 }, (_, n) => add(all[n % 3] ?? a, 1 + (n % 7)));
    await Promise.all(sums);
    const sum = Array.from({ length: 300 }, (_, n) => 1 + (n % 7)).reduce((x, y) => x + y);
    await eventually(async () => expect(await countsOf(all)).toEqual([sum, sum, sum]));
    expect((await a.read('default')).nodes).toEqual((await c.read('default')).nodes);
  });

  test('increment: every valid key shows under its own name', async () => {
    const keys = [
      '__proto__',
      'constructor',
      '10',
      '2',
      ' ',
      '~',
      'a/b',
      'a"b\\',
      '😀',
      '\u2028',
      'é'.repeat(128),
    ];
    await Promise.all(keys.map((key, index) => a.increment(key, 1 + index)));
    const values = keys.map((_, index) => 1 + index);
    for (const server of [b, c]) {
      await eventually(async () => {
        const counters = await Promise.all(keys.map((key) => server.read(key)));
        expect(counters.map(({ value }) => value)).toEqual(values);
      });
    }
  });

  test('sync: a larger count shows on all servers, and an increment adds to it', async () => {
    await add(a, 3);
    await eventually(async () => expect(await countsOf(all)).toEqual([3, 3, 3]));
    expect(jsonOf(await b.post('/sync', { count: 50 }))).toEqual({ count: 50, node_id: 'b' });
    await eventually(async () => expect(await countsOf(all)).toEqual([50, 50, 50]));
    expect(await add(c)).toBe(51);
    await eventually(async () => expect(await countsOf(all)).toEqual([51, 51, 51]));
  });

  test('sync: a smaller count changes nothing', async () => {
    await add(a, 3);
    await eventually(async () => expect(await countsOf(all)).toEqual([3, 3, 3]));
    expect(jsonOf(await b.post('/sync', { count: 2 }))).toEqual({ count: 3, node_id: 'b' });
    await add(b);
    await eventually(async () => expect(await countsOf(all)).toEqual([4, 4, 4]));
  });

  test('sync: the count of each server, synced to all others, doubles nothing', async () => {
    await Promise.all(all.map((server) => add(server, 10)));
    for (const from of all) {
      const count = await countOf(from);
      for (const to of all) await to.post('/sync', { count });
    }
    await eventually(async () => expect(await countsOf(all)).toEqual([30, 30, 30]));
  });
});

describe('three servers that hear no beacons', () => {
  test('peers: they count together once they are registered, each with one other', async () => {
    const { a, b, c, all } = await startThree(deaf);
    await add(a, 1);
    await add(b, 10);
    await add(c, 100);
    expect(await allPeersOf(all)).toEqual([[], [], []]);
    const registered = { id: addressOf(b), node_id: 'b', status: 'peer', peers: [addressOf(b)] };
    await eventually(async () =>
      expect(jsonOf(await a.post('/register', { id: addressOf(b) }))).toEqual(registered),
    );
    await eventually(async () => expect((await b.post('/register', { id: addressOf(c) })).status).toBe(200));
    await together(all);
    await eventually(async () => expect(await countsOf(all)).toEqual([111, 111, 111]));
  });

  test('peers: one that is registered before it is there becomes one when it is', async () => {
    const a = await deaf('a');
    const port = await freePort();
    const answer = await a.post('/register', { id: `127.0.0.1:${port}` });
    expect([answer.status, objectFrom(parseJson(answer.body))['status']]).toEqual([202, 'pending']);
    expect(await peersOf(a)).toEqual([]);
    await add(a, 7);
    const b = await deaf('b', '--port', String(port));
    await together([a, b]);
    await eventually(async () => expect(await countOf(b)).toBe(7));
  });

  test('peers: they are still there after a restart of all at once', async () => {
    const { a, b, c, all } = await startThree(deaf);
    await a.post('/register', { id: addressOf(b) });
    await a.post('/register', { id: addressOf(c) });
    await together(all);
    await Promise.all(all.map((server) => server.kill('SIGKILL')));
    const again = await Promise.all(all.map((server) => server.restart()));
    await eventually(async () =>
      expect(await allPeersOf(again)).toEqual(again.map((server) => othersOf(again, server))),
    );
  });
});

describe('a server alone', () => {
  let server: ServerProcess;
  beforeEach(async () => {
    server = await deaf('a');
  });

  test.each([
    ['POST', '/health', 'GET, HEAD'],
    ['POST', '/count', 'GET, HEAD'],
    ['POST', '/peers', 'GET, HEAD'],
    ['DELETE', '/discovery', 'GET, HEAD'],
    ['GET', '/increment', 'POST'],
    ['GET', '/sync', 'POST'],
    ['PUT', '/register', 'POST'],
    ['GET', '/remove-peer', 'POST'],
    ['GET', '/peer', 'POST'],
  ])('wrong method: %s %s is refused', async (method, path, allow) => {
    const answer = await server.ask(method, path);
    expect(errorOf(answer)).toBe('405 method_not_allowed');
    expect(answer.headers['allow']).toBe(allow);
  });

  test.each(['/increment', '/sync', '/register', '/remove-peer'])('bad JSON: %s refuses it', async (path) => {
    expect(errorOf(await server.post(path, '{"amount":'))).toBe('400 invalid_json');
    expect(errorOf(await server.post(path, '[]'))).toBe('400 invalid_body');
    expect(errorOf(await server.post(path, '{"counts":1}'))).toBe('400 invalid_body');
    expect(await countOf(server)).toBe(0);
  });

  test.each([
    ['/increment', { amount: 0 }, '400 invalid_amount'],
    ['/increment', { amount: '5' }, '400 invalid_amount'],
    ['/sync', { count: -1 }, '400 invalid_count'],
    ['/sync', {}, '400 invalid_count'],
    ['/register', {}, '400 invalid_id'],
    ['/register', { id: 'localhost' }, '400 invalid_id'],
    ['/register', { id: 'http://127.0.0.1:8080/' }, '400 invalid_id'],
    ['/register', { id: '127.0.0.1:70000' }, '400 invalid_id'],
    ['/remove-peer', { id: 5 }, '400 invalid_id'],
  ])('%s refuses %j', async (path, body, refusal) => {
    expect(errorOf(await server.post(path, body))).toBe(refusal);
    expect(await countOf(server)).toBe(0);
  });

  test('unknown peer: it cannot be removed', async () => {
    expect(errorOf(await server.post('/remove-peer', { id: '127.0.0.1:1' }))).toBe('404 unknown_peer');
  });

  test('a server is not its own peer', async () => {
    expect(errorOf(await server.post('/register', { id: addressOf(server) }))).toBe('409 not_a_peer');
    expect(errorOf(await server.post('/remove-peer', { id: addressOf(server) }))).toBe('404 unknown_peer');
    expect(await peersOf(server)).toEqual([]);
  });
});
