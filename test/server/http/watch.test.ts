/** GET /counters/watch: who watches is told of every change, also of those that it missed. */
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { eventually } from '../../support/eventually.ts';
import { requestText } from '../../support/connection.ts';
import { EventStream } from '../../support/event-stream.ts';
import { counterFrom, listFrom, objectFrom } from '../../support/json.ts';
import { errorOf } from '../../support/api-error.ts';
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

const streams: EventStream[] = [];
afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
});

async function watch(prefix = '', lastEventId?: string, port = server.port): Promise<EventStream> {
  const stream = await EventStream.open(port, `?prefix=${encodeURIComponent(prefix)}`, lastEventId);
  streams.push(stream);
  return stream;
}

/** The id of the reset that a new watcher gets. */
async function idAfterReset(stream: EventStream): Promise<string> {
  const event = await stream.next();
  expect(event).toMatchObject({ type: 'reset', data: '{}' });
  return event?.id ?? '';
}

test('a new watcher gets a reset, and then each change as a whole counter', async () => {
  await server.increment('whole', 5);
  const stream = await watch('whole');
  expect(stream.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  await idAfterReset(stream);
  await server.merge('whole', new Map([['other', 2]]));
  const nodes = new Map(Object.entries({ 'node-1': 5, other: 2 }));
  expect(await stream.nextCounter()).toEqual({ key: 'whole', value: 7, nodes });
  await server.increment('whole', 3);
  expect(await stream.nextCounter()).toEqual(await server.read('whole'));
});

test('a watcher gets only counters that begin with its prefix', async () => {
  const stream = await watch('mine/');
  await idAfterReset(stream);
  for (const key of ['yours/1', 'mine', 'mine/1', 'MINE/2', 'x mine/', 'mine/2']) await server.increment(key);
  expect((await stream.nextCounter()).key).toBe('mine/1');
  expect((await stream.nextCounter()).key).toBe('mine/2');
});

test('the latest state of a counter that changes all the time arrives', async () => {
  const stream = await watch('busy');
  await idAfterReset(stream);
  const client = async (): Promise<void> => {
    for (let sent = 0; sent < 40; sent++) await server.increment('busy');
  };
  await Promise.all(Array.from({ length: 50 }, client));
  const values: number[] = [];
  while (values.at(-1) !== 2000) values.push((await stream.nextCounter()).value);
  expect(values).toEqual(values.toSorted((a, b) => a - b));
  expect(values.length).toBeLessThan(2000);
});

test('a merge that changes nothing is no event', async () => {
  const nodes = new Map([['other', 2]]);
  await server.merge('same 1', nodes);
  const stream = await watch('same');
  await idAfterReset(stream);
  await server.merge('same 1', nodes);
  await server.increment('same 2');
  expect((await stream.nextCounter()).key).toBe('same 2');
});

describe('a watcher that was away', () => {
  test('gets what it missed, each counter once, and nothing else', async () => {
    const before = await watch('away');
    await idAfterReset(before);
    await server.increment('away 0');
    await server.increment('away 1');
    const seen = [await before.next(), await before.next()];
    before.close();
    for (const key of ['away 2', 'elsewhere', 'away 1', 'away 2', 'away 3']) await server.increment(key);

    const after = await watch('away', seen.at(-1)?.id);
    const told = [await after.nextCounter(), await after.nextCounter(), await after.nextCounter()];
    expect(told.map(({ key, value }) => [key, value])).toEqual([
      ['away 1', 2],
      ['away 2', 2],
      ['away 3', 1],
    ]);
    await server.increment('away 4');
    expect((await after.nextCounter()).key).toBe('away 4');
  });

  test('and missed nothing gets what comes next', async () => {
    const before = await watch('next');
    const id = await idAfterReset(before);
    before.close();
    const after = await watch('next', id);
    await server.increment('next');
    expect((await after.nextCounter()).key).toBe('next');
  });

  // On etcd that many changes would take minutes.
  test.skipIf(isOnEtcd)('too long gets a reset', async () => {
    const before = await watch('long');
    const id = await idAfterReset(before);
    // More changes than are remembered.
    const increments = Array.from({ length: 3300 }, (_, n) => ({ key: `${n}` }));
    for (let batch = 0; batch < 20; batch++) {
      expect((await server.post('/counters/incr', { increments })).status).toBe(200);
    }
    expect(await idAfterReset(await watch('long', id))).not.toBe(id);
  });

  test.each([
    ['nothing', ''],
    ['a number', '1'],
    ['another life', 'x-1'],
    ['no position', 'LIFE-'],
    ['a negative position', 'LIFE--1'],
    ['a fraction', 'LIFE-1.5'],
    ['a position that is still to come', 'LIFE-9007199254740991'],
    ['more digits than there are', `LIFE-${'9'.repeat(400)}`],
    ['too much', 'LIFE-1-1-1'],
  ])('with %s as its last event id is reset or continues, and nothing breaks', async (_, lastEventId) => {
    const [life = ''] = (await idAfterReset(await watch())).split('-');
    const stream = await watch('odd', lastEventId.replace('LIFE', life));
    await server.increment('odd');
    let event = await stream.next();
    while (event?.type === 'reset') event = await stream.next();
    expect(counterFrom(parseJson(event?.data ?? '')).key).toBe('odd');
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)('over a %s has to begin anew', async (signal) => {
    const first = await startServer();
    await first.increment('k', 5);
    const id = await idAfterReset(await watch('', undefined, first.port));
    await first.kill(signal);
    const second = await first.restart();
    await second.increment('l');
    expect(await idAfterReset(await watch('', id, second.port))).not.toBe(id);
  });

  test('again and again ends with the counters as they are', async () => {
    const known = new Map<string, number>();
    const list = async (): Promise<void> => {
      const { counters } = objectFrom(jsonOf(await server.get('/counters?prefix=follow&limit=1000')));
      for (const { key, value } of listFrom(counters).map(counterFrom)) {
        known.set(key, Math.max(value, known.get(key) ?? 0));
      }
    };
    // They write for as long as is followed, so that there is always something to be told.
    const following = { isDone: false };
    const written = Promise.all(
      Array.from({ length: 10 }, async (_, client) => {
        for (let n = 0; !following.isDone; n++) await server.increment(`follow ${(n * client) % 20}`);
      }),
    );
    let lastEventId: string | undefined;
    let resets = 0;
    const follow = async (events: number): Promise<void> => {
      const stream = await watch('follow', lastEventId);
      for (let told = 0; told < events; told++) {
        const event = await stream.next();
        lastEventId = event?.id;
        if (event?.type !== 'reset') {
          const { key, value } = counterFrom(parseJson(event?.data ?? ''));
          known.set(key, value);
        } else if (++resets > 0) {
          await list();
        }
      }
      stream.close();
    };
    for (let turn = 0; turn < 30; turn++) await follow(1 + (turn % 7));
    following.isDone = true;
    await written;
    await server.increment('follow last');
    while (!known.has('follow last')) await follow(1);
    const before = new Map(known);
    await list();
    expect(known).toEqual(before);
    expect(resets).toBe(1);
  });
});

describe('watchers', () => {
  test('are not created by HEAD, which gets the headers alone', async () => {
    const { status, headers, body } = await server.ask('HEAD', '/counters/watch');
    expect([status, headers['content-type'], body]).toEqual([200, 'text/event-stream', '']);
  });

  test('are refused at the limit until one leaves', async () => {
    const small = await startServer({ args: ['--max-watchers', '2'] });
    const first = await watch('', undefined, small.port);
    await watch('', undefined, small.port);
    const refused = await small.get('/counters/watch');
    expect(errorOf(refused)).toBe('503 too_many_watchers');
    expect(refused.headers['retry-after']).toBe('10');
    first.close();
    await eventually(async () => expect((await small.ask('HEAD', '/counters/watch')).status).toBe(200));
  });

  test('are disconnected when the server stops', async () => {
    const stopped = await startServer();
    const stream = await watch('', undefined, stopped.port);
    await idAfterReset(stream);
    expect(await stopped.kill('SIGTERM')).toEqual({ status: 0, signal: null });
    expect(await stream.next()).toBeUndefined();
  });

  test('that share one connection do no harm', async () => {
    const own = await startServer();
    const socket = connect({ port: own.port, host: '127.0.0.1' });
    socket.on('error', () => {});
    socket.write(['GET', 'HEAD', 'GET'].map((method) => requestText(method, '/counters/watch')).join(''));
    await new Promise((resolve) => socket.once('data', resolve));
    const told = await watch('', undefined, own.port);
    await idAfterReset(told);
    for (const value of [1, 2, 3]) {
      await own.increment('harm');
      expect(await told.next()).toMatchObject({ data: expect.stringContaining(`"value":${value}`) });
    }
    socket.destroy();
  });
});
