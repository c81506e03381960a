/** Watchers that do not read what they are told. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { beforeEach, expect, test } from 'vitest';
import type { Clock } from '../../../src/runtime/clock.ts';
import { Counters } from '../../../src/store/counters.ts';
import { changesAfter } from '../../../src/store/named-counter.ts';
import { Watchers } from '../../../src/server/http/watchers.ts';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';

let clock: VirtualClock;
let counters: Counters;
let watchers: Watchers;
/** How often it was asked what has changed. */
let made: number;
/** How long that takes each time, in ms. */
let makingMs: number;
/** How often the watchers have let others have their turn. */
let pauses: number;
beforeEach(() => {
  clock = new VirtualClock();
  counters = new Counters();
  [made, makingMs, pauses] = [0, 0, 0];
  let workedMs = 0;
  const workingClock: Clock = {
    nowMs: () => clock.nowMs() + workedMs,
    after(delayMs, task) {
      pauses++;
      return clock.after(delayMs, task);
    },
  };
  work = () => void (workedMs += makingMs);
  watchers = new Watchers({ clock: workingClock, maxWatchers: 100, bootId: 'b00t' });
});
/** Lets time pass for the watchers. */
let work: () => void;

const pass = (ms: number): Promise<void> =>
  clock.run(new Promise((resolve) => void clock.after(ms, resolve)));

/** A response that is on no connection, so that all that is written stays in it. */
async function watch(prefix = ''): Promise<ServerResponse> {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const store = {
    changesAfter: async (position: number | undefined, wanted: string, limit: number) => {
      made++;
      work();
      return changesAfter('n', counters, position, wanted, limit);
    },
  };
  await watchers.add(response, store, { prefix, lastEventId: undefined, headers: {} });
  return response;
}

const change = (key: string, value: number): void =>
  counters.set(key, { own: value, suffix: 1, others: new Map(), lowerBound: 0, value });

test('what waits for a watcher that does not read is bounded', async () => {
  const slow = await watch();
  for (let round = 1; round <= 200; round++) {
    for (let key = 0; key < 1000; key++) change(`a key of some length ${key}`, round);
    await pass(100);
  }
  expect(slow.writableLength).toBeGreaterThan(0);
  expect(slow.writableLength).toBeLessThan(400_000);
});

test('a watcher that reads nothing for a minute is disconnected', async () => {
  const slow = await watch();
  for (let key = 0; key < 1000; key++) change(`a key of some length ${key}`, 1);
  await pass(50_000);
  expect(slow.destroyed).toBe(false);
  await pass(20_000);
  expect(slow.destroyed).toBe(true);
});

test('a watcher gets a heartbeat when nothing changes', async () => {
  const idle = await watch('nothing');
  const before = idle.writableLength;
  await pass(14_000);
  expect(idle.writableLength).toBe(before);
  await pass(2000);
  expect(idle.writableLength).toBeGreaterThan(before);
});

/** A connection whose client reads everything. */
class Reader extends Socket {
  text = '';

  constructor() {
    const roomy = { allowHalfOpen: true, highWaterMark: 1e9 };
    super(roomy);
  }

  override _write(bytes: unknown, _: string, done: () => void): void {
    this.text += String(bytes);
    done();
  }

  override _writev(chunks: readonly { readonly chunk: unknown }[], done: () => void): void {
    for (const { chunk } of chunks) this.text += String(chunk);
    done();
  }
}

/** Reads all that has been written to a response. */
function drain(response: ServerResponse): string {
  const reader = new Reader();
  response.assignSocket(reader);
  response.detachSocket(reader);
  return reader.text;
}

test('watchers that know as much share what is made for them', async () => {
  await Promise.all(Array.from({ length: 50 }, () => watch()));
  made = 0;
  change('k', 1);
  await pass(150);
  expect(made).toBe(1);
});

test('a tick makes texts within a budget, however many watchers know different things, and reaches all in turn', async () => {
  for (let key = 0; key < 5000; key++) change(`a key of some length ${key}`, 1);
  const all = [];
  for (let i = 0; i < 40; i++) {
    change(`a key of some length ${i}`, 2 + i);
    all.push(await watch(i % 2 === 0 ? '' : 'a'));
    await pass(0);
  }
  for (let key = 0; key < 5000; key++) change(`a key of some length ${key}`, 100);
  made = 0;
  await pass(100);
  // A text is about a quarter of a megabyte, and a tick makes one megabyte.
  expect(made).toBeLessThan(10);
  await pass(3000);
  for (const response of all) expect(drain(response)).toContain('"value":100');
});

test('looking for what watchers want takes a bounded part of a tick, with pauses, though they want nothing there is', async () => {
  const all: ServerResponse[] = [];
  for (let i = 0; i < 90; i++) all.push(await watch(`nothing ${i}`));
  await pass(150);
  change('k', 1);
  [made, makingMs, pauses] = [0, 1, 0];
  await pass(100);
  expect(made).toBeGreaterThan(20);
  expect(made).toBeLessThan(40);
  // A pause after every third, and the next tick.
  expect(pauses).toBeGreaterThanOrEqual(Math.floor(made / 3));
  change('nothing 89', 1);
  await pass(1000);
  expect(drain(all.at(-1) ?? (await watch()))).toContain('"key":"nothing 89"');
});

test('a change is put into words once, whoever it is for', async () => {
  let encoded = 0;
  class Totals extends Map<string, number> {
    override [Symbol.iterator](): MapIterator<[string, number]> {
      encoded++;
      return super[Symbol.iterator]();
    }
  }
  const all = await Promise.all(['', 'k', 'ke'].map((prefix) => watch(prefix)));
  counters.set('key', { own: 1, suffix: 1, others: new Totals([['other', 1]]), lowerBound: 0, value: 2 });
  encoded = 0;
  await pass(150);
  for (const response of all) expect(drain(response)).toContain('"value":2');
  expect(encoded).toBe(1);
});

test('a watcher that has got nothing for five seconds has to list the counters', async () => {
  const slow = await watch();
  for (let round = 1; round <= 80; round++) {
    for (let key = 0; key < 1000; key++) change(`a key of some length ${key}`, round);
    await pass(100);
  }
  expect(slow.writableNeedDrain).toBe(true);
  drain(slow);
  change('k', 1);
  await pass(200);
  const told = drain(slow);
  expect(told).toContain('event: reset');
  expect(told).not.toContain('"key":"k"');
});
