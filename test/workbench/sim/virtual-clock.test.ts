import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';

const sleep = (clock: VirtualClock, durationMs: number): Promise<void> =>
  new Promise((resolve) => clock.after(durationMs, resolve));

/** The smallest step that the clock takes. */
const TICK_MS = 2 ** -10;

const anyDelay = fc.double({ min: 0, max: 100, noNaN: true });
const delay = fc.oneof(
  fc.nat(5),
  fc.nat(100 / TICK_MS).map((ticks) => ticks * TICK_MS),
);

test('tasks run at their times, and those for the same time in the order in which they were set', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(delay, { maxLength: 50, size: 'max' }), async (delays) => {
      const clock = new VirtualClock();
      const ran: [task: number, atMs: number][] = [];
      for (const [task, delayMs] of delays.entries()) {
        clock.after(delayMs, () => ran.push([task, clock.nowMs()]));
      }
      await clock.run(sleep(clock, 100));
      // Sorting is stable, so this keeps the order in which equal ones were set.
      expect(ran).toEqual([...delays.entries()].toSorted((a, b) => a[1] - b[1]));
    }),
  );
});

test('a cancelled task does not run, and the others do', async () => {
  const tasks = fc.array(fc.record({ delayMs: delay, cancelled: fc.boolean() }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(tasks, async (settings) => {
      const clock = new VirtualClock();
      const ran = new Set<number>();
      const timers = settings.map(({ delayMs }, task) => clock.after(delayMs, () => ran.add(task)));
      for (const [task, timer] of timers.entries()) if (settings[task]?.cancelled === true) timer.cancel();
      await clock.run(sleep(clock, 100));
      const kept = [...settings.keys()].filter((task) => settings[task]?.cancelled === false);
      expect([...ran].toSorted((a, b) => a - b)).toEqual(kept);
    }),
  );
});

test('cancelling a task that has run, or twice, does nothing', async () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  const first = clock.after(1, () => ran.push('first'));
  clock.after(3, () => ran.push('second'));
  await clock.run(sleep(clock, 2));
  first.cancel();
  first.cancel();
  await clock.run(sleep(clock, 2));
  expect(ran).toEqual(['first', 'second']);
});

test('a task may set tasks, and cancel others', async () => {
  const clock = new VirtualClock();
  const ran: [name: string, atMs: number][] = [];
  const note = (name: string) => (): void => void ran.push([name, clock.nowMs()]);
  const cancelled = clock.after(10, note('cancelled'));
  clock.after(5, () => {
    cancelled.cancel();
    clock.after(0, note('now'));
    clock.after(2, note('soon'));
  });
  clock.after(5, note('set earlier'));
  await clock.run(sleep(clock, 20));
  expect(ran).toEqual([
    ['set earlier', 5],
    ['now', 5],
    ['soon', 7],
  ]);
});

test('no task runs early, or a whole tick late', async () => {
  await fc.assert(
    fc.asyncProperty(anyDelay, anyDelay, async (first, second) => {
      const clock = new VirtualClock();
      for (const delayMs of [first, second]) {
        const setMs = clock.nowMs();
        await clock.run(sleep(clock, delayMs));
        expect(clock.nowMs() - setMs).toBeGreaterThanOrEqual(delayMs);
        expect(clock.nowMs() - setMs - TICK_MS).toBeLessThan(delayMs);
      }
    }),
  );
});

test('the pieces of a span of time end exactly when the span does', async () => {
  await fc.assert(
    fc.asyncProperty(anyDelay, fc.array(anyDelay, { maxLength: 10 }), async (spanMs, cutsMs) => {
      const clock = new VirtualClock();
      await clock.run(sleep(clock, 1e6 / 3));
      const endMs = clock.nowMs() + spanMs;
      for (const cutMs of cutsMs) await clock.run(sleep(clock, Math.min(cutMs, endMs - clock.nowMs())));
      await clock.run(sleep(clock, endMs - clock.nowMs()));
      expect(clock.nowMs()).toBeGreaterThanOrEqual(endMs);
      expect(clock.nowMs() - TICK_MS).toBeLessThan(endMs);
    }),
  );
});

test('a negative delay counts as 0, and time never goes back', async () => {
  const clock = new VirtualClock();
  await clock.run(sleep(clock, 10));
  await clock.run(sleep(clock, -5));
  expect(clock.nowMs()).toBe(10);
});

test('time stands still while promises are pending that need no timer', async () => {
  const clock = new VirtualClock();
  const work = async (): Promise<number> => {
    for (let step = 0; step < 1000; step++) await Promise.resolve();
    return clock.nowMs();
  };
  clock.after(1, () => {});
  expect(await clock.run(work())).toBe(0);
});

test('the consequences of a task happen before the next task runs', async () => {
  const clock = new VirtualClock();
  const order: string[] = [];
  const work = sleep(clock, 1).then(async () => {
    for (let step = 0; step < 10; step++) await Promise.resolve();
    order.push('consequence');
  });
  clock.after(1, () => order.push('next task'));
  await clock.run(Promise.all([work, sleep(clock, 2)]));
  expect(order).toEqual(['consequence', 'next task']);
});

test('a run ends exactly when its work does, and the next one goes on from there', async () => {
  const clock = new VirtualClock();
  let ran = false;
  clock.after(50, () => (ran = true));
  expect(await clock.run(sleep(clock, 20).then(() => 'done'))).toBe('done');
  expect([clock.nowMs(), ran]).toEqual([20, false]);
  await clock.run(sleep(clock, 40));
  expect([clock.nowMs(), ran]).toEqual([60, true]);
});

test('a run whose work rejects, rejects with the same error', async () => {
  const clock = new VirtualClock();
  const work = sleep(clock, 5).then(() => {
    throw new Error('broken');
  });
  await expect(clock.run(work)).rejects.toThrow('broken');
  expect(clock.nowMs()).toBe(5);
});

test('a run whose work waits for nothing that can happen rejects instead of hanging', async () => {
  const clock = new VirtualClock();
  clock.after(7, () => {});
  await expect(clock.run(new Promise(() => {}))).rejects.toThrow('nothing is left to happen at 7 ms');
});

test('a run rejects if a task throws', async () => {
  const clock = new VirtualClock();
  clock.after(1, () => {
    throw new Error('bad task');
  });
  await expect(clock.run(sleep(clock, 2))).rejects.toThrow('bad task');
});
