/** Reading, listing and watching through the client, from a real server whose connections break. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CounterClient } from '../../src/client/client.ts';
import { streams } from '../../src/workbench/sim/random.ts';
import { eventually, until } from '../support/eventually.ts';
import { LossyProxy } from '../support/lossy-proxy.ts';
import { type ServerProcess, startServer, stopServers } from '../support/server-process.ts';

let server: ServerProcess;
let proxy: LossyProxy;
const clients: CounterClient[] = [];

beforeAll(async () => {
  server = await startServer();
  proxy = await LossyProxy.open(streams(1)('proxy'));
  proxy.leadTo(server.port);
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  proxy.close();
  await stopServers();
});

function open(endpoint = proxy.url): CounterClient {
  const client = new CounterClient({ endpoints: [endpoint] });
  clients.push(client);
  return client;
}

/** What a watch has yielded last, by key. */
function follow(client: CounterClient, prefix: string, signal?: AbortSignal) {
  const values = new Map<string, number>();
  const end = (async () => {
    for await (const { key, value } of client.watch(prefix, signal === undefined ? {} : { signal })) {
      values.set(key, value);
    }
  })();
  return { values, end };
}

test('a value is read, 0 for a key that nobody has incremented', async () => {
  const client = open();
  expect(await client.increment('read/ä b', 2)).toBe(2);
  expect([await client.read('read/ä b'), await client.read('read/none')]).toEqual([2, 0]);
});

test('a list has all counters with a prefix, over all pages, in the order of their keys', async () => {
  const client = open();
  const keys = Array.from({ length: 2500 }, (_, n) => `list/${String(n).padStart(4, '0')}`);
  await Promise.all(keys.map((key) => client.increment(key)));
  const listed: string[] = [];
  for await (const { key, value } of client.list('list/')) listed.push(`${key} ${value}`);
  expect(listed).toEqual(keys.map((key) => `${key} 1`));
});

test('a watch begins with what there is, and never misses the last value over broken connections', async () => {
  const client = open();
  await client.increment('watch/before', 7);
  const { values } = follow(client, 'watch/');
  await eventually(() => expect(values.get('watch/before')).toBe(7));
  for (let round = 1; round <= 10; round++) {
    proxy.cut();
    await Promise.all(['a', 'b', 'c'].map((key) => client.increment(`watch/${key}`)));
    await client.increment('other');
    // Every other time, the connection breaks while there is something to tell.
    await until(() => round % 2 === 1 || values.get('watch/a') === round);
  }
  await eventually(() => {
    expect(['a', 'b', 'c'].map((key) => values.get(`watch/${key}`))).toEqual([10, 10, 10]);
  });
  expect(values.has('other')).toBe(false);
});

test('a watch goes on when the server was killed and has counted on without it', async () => {
  const { values } = follow(open(), 'killed/');
  await server.increment('killed/a');
  await eventually(() => expect(values.get('killed/a')).toBe(1));
  proxy.leadTo(undefined);
  await server.kill('SIGKILL');
  server = await server.restart();
  await server.increment('killed/a', 5);
  proxy.leadTo(server.port);
  await eventually(() => expect(values.get('killed/a')).toBe(6));
});

test('a watch ends when the client is closed, and throws the reason when it is aborted', async () => {
  const client = open();
  await client.increment('end/a');
  const closed = follow(client, 'end/');
  const abort = new AbortController();
  const aborted = follow(client, 'end/', abort.signal);
  await eventually(() => expect([closed.values.size, aborted.values.size]).toEqual([1, 1]));
  abort.abort(new Error('enough'));
  await expect(aborted.end).rejects.toThrow('enough');
  await client.close();
  await expect(closed.end).resolves.toBeUndefined();
});

test('a watch that is refused throws', async () => {
  const client = open(`${proxy.url}/nowhere`);
  await expect(follow(client, '').end).rejects.toMatchObject({ code: 'not_found' });
  await expect(client.read('a')).rejects.toMatchObject({ code: 'not_found' });
});

test('a token is sent, and without it nothing counts', async () => {
  const guarded = await startServer({ env: { TOKEN: 'secret' } });
  const endpoints = [`http://127.0.0.1:${guarded.port}`];
  const [known, unknown] = [
    new CounterClient({ endpoints, token: 'secret' }),
    new CounterClient({ endpoints }),
  ];
  clients.push(known, unknown);
  expect(await known.increment('a')).toBe(1);
  await expect(unknown.increment('a')).rejects.toMatchObject({ code: 'unauthorized' });
  expect(await known.read('a')).toBe(1);
});

test('closing sends what waits, and waits for its outcome', async () => {
  const client = open();
  const calls = Promise.all([client.increment('close'), client.increment('close', 2)]);
  await client.close();
  expect(await calls).toEqual([3, 3]);
  await expect(client.increment('close')).rejects.toMatchObject({ code: 'closed' });
});

test('an endpoint that is no URL is refused', () => {
  expect(() => new CounterClient({ endpoints: ['nowhere'] })).toThrow(TypeError);
  expect(() => new CounterClient({ endpoints: [] })).toThrow(TypeError);
});
