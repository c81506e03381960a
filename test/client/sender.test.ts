/** How increments are carried to servers, in virtual time: each counts once, or it is said that this is not known. */
import { expect, test } from 'vitest';
import { CounterError } from '../../src/client/counter-error.ts';
import { Pool } from '../../src/client/pool.ts';
import { Sender } from '../../src/client/sender.ts';
import { VirtualClock } from '../../src/workbench/sim/virtual-clock.ts';
import { type FakeSettings, FakePlatform, FakeServer, FakeStore, type Fate } from '../support/fake-server.ts';

interface Options {
  readonly servers?: readonly FakeSettings[];
  readonly maxWaiting?: number;
}

/** A client of servers that exist in virtual time. */
function begin({ servers: settings = [{}], maxWaiting = 1000 }: Options = {}) {
  const clock = new VirtualClock();
  const servers = settings.map((each, index) => new FakeServer(`server-${index + 1}`, clock, each));
  const platform = new FakePlatform(clock, servers);
  const urls = servers.map(({ url }) => url);
  const pool = new Pool(urls, undefined, platform);
  const sender = new Sender(pool, maxWaiting);
  const [server = new FakeServer('none', clock), other = server] = servers;
  const pass = (durationMs: number): Promise<void> =>
    clock.run(new Promise((resolve) => void clock.after(durationMs, resolve)));
  /** What an increment comes to: a value, or the code of its error. */
  const outcome = (work: Promise<number>): Promise<number | string> =>
    work.catch((error: unknown) => (error instanceof CounterError ? error.code : String(error)));
  const add = (key: string, amount = 1, signal?: AbortSignal): Promise<number | string> =>
    outcome(Promise.resolve().then(() => sender.increment(key, amount, signal)));
  return { clock, pool, platform, sender, server, other, pass, add };
}

test('calls of a few milliseconds are one request, with a sum for each counter', async () => {
  const { clock, server, add } = begin();
  const values = await clock.run(Promise.all([add('a'), add('b', 5), add('a', 2)]));
  expect(values).toEqual([3, 5, 3]);
  expect(server.asked.map(({ keys }) => keys)).toEqual([['a', 'b']]);
});

test('a batch has at most 60 counters, and at most four are under way', async () => {
  const { clock, server, add } = begin();
  const keys = Array.from({ length: 500 }, (_, n) => `key-${n}`);
  expect(await clock.run(Promise.all(keys.map((key) => add(key))))).toEqual(keys.map(() => 1));
  expect(server.asked.map((asked) => asked.keys.length)).toEqual([60, 60, 60, 60, 60, 60, 60, 60, 20]);
  const times = server.asked.map(({ atMs }) => atMs);
  expect(times.filter((atMs) => atMs === times[0])).toHaveLength(4);
});

test.each([
  'no answer',
  'no request',
  'silence',
  { status: 502 },
  { status: 503, code: 'unknown_outcome' },
  { status: 503, code: 'starting', retryAfterS: 1 },
  { status: 429, code: 'too_many_requests', retryAfterS: 1 },
  { status: 500, code: 'internal' },
  { status: 200 },
] satisfies Fate[])('after %j the same batch is sent again, and counts once', async (fate) => {
  const { clock, server, add } = begin();
  server.fates.push(fate, fate);
  expect(await clock.run(add('a'))).toBe(1);
  expect(new Set(server.asked.map(({ id }) => id)).size).toBe(1);
  expect(server.asked).toHaveLength(3);
  expect(server.value('a')).toBe(1);
});

test('attempts are further and further apart, and no sooner than the server wants', async () => {
  const { clock, server, add } = begin();
  server.fates.push(...Array.from({ length: 6 }, (): Fate => 'no answer'));
  server.fates.push({ status: 503, code: 'starting', retryAfterS: 30 });
  await clock.run(add('a'));
  const times = server.asked.map(({ atMs }) => atMs);
  const waits = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));
  for (const [index, waitMs] of waits.slice(0, 6).entries()) {
    expect(waitMs).toBeGreaterThanOrEqual(25 * 2 ** index);
    expect(waitMs).toBeLessThanOrEqual(50 * 2 ** index + 2);
  }
  expect(waits[6]).toBeGreaterThanOrEqual(30_000);
});

test.each([
  [{ status: 401, code: 'unauthorized' }, 'unauthorized'],
  [{ status: 404 }, 'http_404'],
  [{ status: 0 }, 'http_0'],
  [{ status: 501, code: 'not_supported' }, 'not_supported'],
] satisfies [Fate, string][])('a refusal for good, %j, is told', async (fate, code) => {
  const { clock, server, add } = begin();
  server.fates.push(fate);
  expect(await clock.run(Promise.all([add('a'), add('b')]))).toEqual([code, code]);
  expect(server.asked).toHaveLength(1);
});

test('a refusal says nothing of an earlier attempt, so it is tried on', async () => {
  const { clock, server, add } = begin();
  server.fates.push('no answer', { status: 401, code: 'unauthorized' });
  expect(await clock.run(add('a'))).toBe(1);
  expect(server.value('a')).toBe(1);
});

test('one counter that is refused takes no other with it', async () => {
  const { clock, server, add } = begin();
  const overflow = { status: 409, code: 'overflow' };
  const keys = ['a', 'b', 'c', 'd'];
  // All four, then a and b, then c and d, then c.
  server.fates.push(overflow, 'whole', overflow, overflow);
  expect(await clock.run(Promise.all(keys.map((key) => add(key))))).toEqual([1, 1, 'overflow', 1]);
  expect(keys.map((key) => server.value(key))).toEqual([1, 1, 0, 1]);
});

test('one counter that the token does not permit takes no other with it', async () => {
  const { clock, server, add } = begin();
  const forbidden = { status: 403, code: 'forbidden' };
  server.fates.push(forbidden, 'whole', forbidden);
  expect(await clock.run(Promise.all([add('a'), add('b')]))).toEqual([1, 'forbidden']);
});

test('of calls for one counter, those that fit are counted', async () => {
  const { clock, server, add } = begin();
  const overflow = { status: 409, code: 'overflow' };
  server.fates.push(overflow, 'whole', overflow);
  expect(await clock.run(Promise.all([add('a', 1), add('a', 2)]))).toEqual([1, 'overflow']);
});

test('amounts whose sum is no exact number go apart', async () => {
  const { clock, server, add } = begin();
  server.fates.push('whole', { status: 409, code: 'overflow' });
  const most = Number.MAX_SAFE_INTEGER;
  expect(await clock.run(Promise.all([add('a', most), add('a', 1)]))).toEqual([most, 'overflow']);
});

test('when the window has passed, the outcome is unknown', async () => {
  const { clock, server, add } = begin({ servers: [{ windowS: 10 }] });
  server.fates.push(...Array.from({ length: 100 }, (): Fate => 'no answer'));
  expect(await clock.run(add('a'))).toBe('unknown');
  const [first, last] = [server.asked[0]?.atMs ?? 0, server.asked.at(-1)?.atMs ?? Infinity];
  expect(last - first).toBeLessThan(10_000);
  expect(server.value('a')).toBe(1);
});

test('when the window has passed while the machine slept, nothing is sent again', async () => {
  const { clock, server, platform, add } = begin();
  server.fates.push('no answer');
  const outcome = add('a');
  // Woken 10 minutes later.
  platform.nowMs = () => clock.nowMs() + (server.asked.length > 0 ? 600_000 : 0);
  expect(await clock.run(outcome)).toBe('unknown');
  expect(server.asked).toHaveLength(1);
});

test('what was refused for now again and again is refused, not unknown', async () => {
  const { clock, server, add } = begin({ servers: [{ windowS: 10 }] });
  server.fates.push(...Array.from({ length: 100 }, (): Fate => ({ status: 503, code: 'no_space' })));
  expect(await clock.run(add('a'))).toBe('no_space');
  expect(server.value('a')).toBe(0);
});

test('what was sent to a server that alone knows its keys stays there, and what comes later goes elsewhere', async () => {
  const { clock, server, other, pass, add } = begin({ servers: [{}, {}] });
  const away = Array.from({ length: 8 }, (): Fate => 'no request');
  server.fates.push(...away);
  const first = add('a');
  await pass(20);
  server.health = 'no request';
  expect(await clock.run(add('a'))).toBe(1);
  expect(await clock.run(first)).toBe(1);
  expect([server.value('a'), other.value('a')]).toEqual([1, 1]);
  expect(server.asked).toHaveLength(9);
});

test('even a refusal for now keeps a batch where it was sent: it may arrive once more', async () => {
  const { clock, server, other, add } = begin({ servers: [{}, {}] });
  server.fates.push({ status: 503, code: 'starting', retryAfterS: 1 });
  expect(await clock.run(add('a'))).toBe(1);
  expect([server.value('a'), other.value('a')]).toEqual([1, 0]);
});

test('where servers share a store, a batch goes on at another', async () => {
  const store = new FakeStore();
  const { clock, server, other, add } = begin({
    servers: [
      { scope: 'store', store },
      { scope: 'store', store },
    ],
  });
  expect(await clock.run(add('a'))).toBe(1);
  server.fates.push(...Array.from({ length: 50 }, (): Fate => 'no answer'));
  server.health = 'no request';
  const open = add('a');
  // The client looks for another server when it has something new to send.
  clock.after(500, () => void add('b'));
  expect(await clock.run(open)).toBe(2);
  expect(other.asked.some(({ keys }) => keys.includes('a'))).toBe(true);
  expect(store.values.get('a')).toBe(2);
});

test('nothing is sent to a server that is not well', async () => {
  const { clock, server, other, add } = begin({ servers: [{}, {}] });
  server.health = { status: 503 };
  expect(await clock.run(add('a'))).toBe(1);
  expect([server.asked.length, other.asked.length]).toEqual([0, 1]);
});

test('what waits is sent when a server comes back', async () => {
  const { clock, server, pass, add } = begin();
  server.health = 'no request';
  const waiting = Promise.all([add('a'), add('a')]);
  await pass(60_000);
  expect(server.asked).toHaveLength(0);
  server.health = 'whole';
  expect(await clock.run(waiting)).toEqual([2, 2]);
});

test('where no server is one of counters, what waits is refused, and later calls are tried anew', async () => {
  const { clock, server, add } = begin();
  server.health = { status: 404 };
  expect(await clock.run(Promise.all([add('a'), add('b')]))).toEqual(['http_404', 'http_404']);
  server.health = 'whole';
  expect(await clock.run(add('a'))).toBe(1);
});

test('a server that does not tell its window gets nothing twice', async () => {
  const { clock, server, add } = begin({ servers: [{ windowS: Number.NaN }] });
  expect(await clock.run(add('a'))).toBe(1);
  server.fates.push('no answer');
  expect(await clock.run(add('a'))).toBe('unknown');
  expect(server.asked).toHaveLength(2);
});

test('only so many increments wait', async () => {
  const { clock, server, pass, add } = begin({ maxWaiting: 3 });
  server.health = 'no request';
  const waiting = Promise.all([add('a'), add('a'), add('b')]);
  expect(await add('c')).toBe('too_many_waiting');
  await pass(1000);
  server.health = 'whole';
  expect(await clock.run(waiting)).toEqual([2, 2, 1]);
  expect(await clock.run(add('c'))).toBe(1);
});

test('an increment that is aborted before it was sent does not count', async () => {
  const { clock, server, pass, add } = begin();
  server.health = 'no request';
  const [one, two] = [new AbortController(), new AbortController()];
  const calls = [add('a', 5, one.signal), add('a', 1), add('b', 1, two.signal)];
  await pass(100);
  one.abort(new Error('enough'));
  two.abort(new Error('enough'));
  server.health = 'whole';
  expect(await clock.run(Promise.all(calls))).toEqual(['Error: enough', 1, 'Error: enough']);
  expect(server.asked.map(({ keys }) => keys)).toEqual([['a']]);
  expect(await add('a', 1, one.signal)).toBe('Error: enough');
});

test('an increment that is aborted after it was sent is unknown, and goes on', async () => {
  const { clock, server, pass, add } = begin();
  server.fates.push('no request', 'no request');
  const { signal, abort } = withAbort();
  const [aborted, other] = [add('a', 5, signal), add('a', 1)];
  await pass(10);
  abort();
  expect(await aborted).toBe('unknown');
  expect(await clock.run(other)).toBe(6);
});

test('when all is flushed, the outcome of all is known', async () => {
  const { clock, pool, sender, server, add } = begin();
  server.fates.push('no answer', 'no request');
  let settled = 0;
  const calls = ['a', 'b'].map((key) => add(key).then(() => settled++));
  await Promise.resolve();
  pool.closing.abort();
  await clock.run(sender.flush());
  await Promise.all(calls);
  expect([settled, server.value('a'), server.value('b')]).toEqual([2, 1, 1]);
  expect(await add('a')).toBe('closed');
});

test('when the page goes, what waits is sent at once, to be delivered without it', async () => {
  const { clock, server, platform, pass, add } = begin();
  await clock.run(add('a'));
  server.fates.push('no request');
  const repeated = add('b');
  await pass(6);
  const waiting = add('c');
  await Promise.resolve();
  platform.pageHide();
  const sentMs = clock.nowMs();
  expect(await clock.run(Promise.all([repeated, waiting]))).toEqual([1, 1]);
  const last = server.asked.filter(({ atMs }) => atMs === sentMs);
  expect(last.map(({ keys }) => keys.join()).toSorted()).toEqual(['b', 'c']);
  expect(last.every(({ isKeptAlive }) => isKeptAlive)).toBe(true);
});

test('what is called after the page has begun to go is sent at once, and when it has come back, calls are one request again', async () => {
  const { clock, server, platform, pass, add } = begin();
  await clock.run(add('a'));
  const calls = [add('b')];
  await Promise.resolve();
  platform.pageHide();
  const leftMs = clock.nowMs();
  calls.push(add('c'));
  await pass(10);
  calls.push(add('d'), add('e'));
  expect(await clock.run(Promise.all(calls))).toEqual([1, 1, 1, 1]);
  const sent = server.asked.slice(1).map(({ keys, atMs }) => `${keys.join()} ${atMs === leftMs}`);
  expect(sent).toEqual(['b true', 'c true', 'd,e false']);
});

function withAbort(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
