/** Increments that are sent again, since their answer was lost. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { eventually } from '../../support/eventually.ts';
import { objectFrom } from '../../support/json.ts';
import {
  type HttpResponse,
  type ServerProcess,
  jsonOf,
  isOnEtcd,
  startServer,
  stopServers,
} from '../../support/server-process.ts';

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer();
});
afterAll(stopServers);

const headers = (id: string): { 'idempotency-key': string } => ({ 'idempotency-key': id });

const one = (key: string, id: string, to = server, amount = 5): Promise<HttpResponse> =>
  to.post(`/counter/incr/${key}`, { amount }, headers(id));

const many = (key: string, id: string, to = server): Promise<HttpResponse> =>
  to.post('/counters/incr', { increments: [{ key, amount: 5 }, { key: `${key}-2` }, { key }] }, headers(id));

const codeOf = ({ body }: HttpResponse): unknown => objectFrom(objectFrom(parseJson(body))['error'])['code'];

describe.each([
  ['an increment', one, 5],
  ['a batch', many, 6],
] as const)('%s', (kind, send, sum) => {
  const key = `${kind}-key`.replaceAll(' ', '-');

  test('that is sent again gets the same answer and adds nothing', async () => {
    const first = await send(key, `${kind} 1`);
    await server.increment(key, 100);
    const again = await send(key, `${kind} 1`);
    expect(jsonOf(again)).toEqual(jsonOf(first));
    expect((await server.read(key)).value).toBe(sum + 100);
  });

  test('that is sent 50 times at once is counted once', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => send(`${key}-at-once`, `${kind} 2`)));
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect((await server.read(`${key}-at-once`)).value).toBe(sum);
  });

  test('under the idempotency key of another request is refused', async () => {
    await send(`${key}-first`, `${kind} 3`);
    const answer = await send(`${key}-other`, `${kind} 3`);
    expect([answer.status, codeOf(answer)]).toEqual([422, 'idempotency_key_reused']);
    expect((await server.read(`${key}-other`)).value).toBe(0);
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)('is remembered over a %s', async (signal) => {
    const before = await startServer();
    const first = await send(key, 'kept', before);
    await before.kill(signal);
    const after = await before.restart();
    expect(jsonOf(await send(key, 'kept', after))).toEqual(jsonOf(first));
    expect((await after.read(key)).value).toBe(sum);
    expect((await send(`${key}-other`, 'kept', after)).status).toBe(422);
  });
});

test('another amount, and a batch of the same, are other requests', async () => {
  expect((await one('content', 'content')).status).toBe(200);
  expect((await one('content', 'content', server, 6)).status).toBe(422);
  const batch = { increments: [{ key: 'content', amount: 5 }] };
  expect((await server.post('/counters/incr', batch, headers('content'))).status).toBe(422);
  expect((await server.read('content')).value).toBe(5);
});

test('the same increment written another way is the same request', async () => {
  await one('way', 'way', server, 1);
  await server.post('/counter/incr/way', undefined, headers('way'));
  await server.post('/counter/incr/%77ay', '{ "amount": 1e0 }', headers('way'));
  expect((await server.read('way')).value).toBe(1);
});

test('a refused request is not remembered', async () => {
  expect((await one('refused', 'refused', server, 0)).status).toBe(400);
  expect((await one('refused', 'refused')).status).toBe(200);
  expect((await server.read('refused')).value).toBe(5);
});

test.each(['a', ' x y ', '__proto__', '"\\"', '~'.repeat(255)])('%j is an idempotency key', async (id) => {
  const key = encodeURIComponent(`with ${id}`.slice(0, 100));
  const first = await one(key, id);
  expect((await one(key, id)).body).toBe(first.body);
  expect(first.status).toBe(200);
});

test.each(['', 'x'.repeat(256), 'é', 'a\tb'])(
  '%j is not an idempotency key, and nothing is counted',
  async (id) => {
    const answer = await one('bad', id);
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_idempotency_key']);
    expect((await server.read('bad')).value).toBe(0);
  },
);

// On etcd, a lease ends records, which is granted for longer.
test.skipIf(isOnEtcd)('after the window the same increment is counted again', async () => {
  const brief = await startServer({ args: ['--idempotency-window-s', '1'] });
  const first = await one('k', 'brief', brief);
  await eventually(async () => expect((await one('k', 'brief', brief)).body).not.toBe(first.body));
  expect((await brief.read('k')).value).toBe(10);
});

test('idempotency keys past the limit are refused, and nothing else is', async () => {
  const small = await startServer({ args: ['--max-idempotency-keys', '2'] });
  expect((await one('k', '1', small)).status).toBe(200);
  expect((await one('k', '2', small)).status).toBe(200);
  const refused = await one('k', '3', small);
  expect([refused.status, codeOf(refused)]).toEqual([429, 'too_many_idempotency_keys']);
  expect(refused.headers['retry-after']).toBe('10');
  expect((await one('k', '1', small)).status).toBe(200);
  expect(await small.increment('k', 1)).toBe(11);
});

test.skipIf(isOnEtcd)('idempotency records are not written to the disk again with every change', async () => {
  const busy = await startServer();
  await busy.increment('k', 2 ** 52);
  const increments = Array.from({ length: 5000 }, () => ({ key: 'k' }));
  // The values of these, of 16 digits, are more than the log may become long before it is cut.
  await Promise.all(
    Array.from({ length: 220 }, (_, n) => busy.post('/counters/incr', { increments }, headers(`${n}`))),
  );
  const segments = new Set<string>();
  for (let change = 1; change <= 3; change++) {
    await busy.increment('later');
    await eventually(() => expect(busy.snapshot().get('later')?.get('node-1')).toBe(change));
    for (const file of busy.files().filter((name) => name.endsWith('.log'))) segments.add(file);
  }
  expect(segments.size).toBeLessThanOrEqual(2);
});
