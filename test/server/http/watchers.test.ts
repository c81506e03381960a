/** Watchers that do not read what they are told. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { beforeEach, expect, test } from 'vitest';
import { Counters } from '../../../src/store/counters.ts';
import { changesAfter } from '../../../src/store/named-counter.ts';
import { Watchers } from '../../../src/server/http/watchers.ts';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';

let clock: VirtualClock;
let counters: Counters;
let watchers: Watchers;
beforeEach(() => {
  clock = new VirtualClock();
  counters = new Counters();
  watchers = new Watchers({ clock, maxWatchers: 10, bootId: 'b00t' });
});

const pass = (ms: number): Promise<void> =>
  clock.run(new Promise((resolve) => void clock.after(ms, resolve)));

/** A response that is on no connection, so that all that is written stays in it. */
async function watch(prefix = ''): Promise<ServerResponse> {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const store = {
    changesAfter: async (position: number | undefined, wanted: string, limit: number) =>
      changesAfter('n', counters, position, wanted, limit),
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
