import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Clock, Timer } from '../../src/runtime/clock.ts';
import { TimeoutQueue } from '../../src/runtime/timeout-queue.ts';
import { VirtualClock } from '../../src/workbench/virtual-clock.ts';

/** Not a whole number, so that nothing expires at the very moment at which these tests look. */
const TIMEOUT_MS = 10.5;

/** A virtual clock that knows how many timers are set. */
class CountingClock implements Clock {
  readonly #clock = new VirtualClock();
  readonly #set = new Set<symbol>();
  mostSet = 0;

  get timersSet(): number {
    return this.#set.size;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  after(delayMs: number, task: () => void): Timer {
    const id = Symbol('timer');
    this.#set.add(id);
    this.mostSet = Math.max(this.mostSet, this.#set.size);
    const timer = this.#clock.after(delayMs, () => {
      this.#set.delete(id);
      task();
    });
    return {
      cancel: () => {
        this.#set.delete(id);
        timer.cancel();
      },
    };
  }

  async advance(durationMs: number): Promise<void> {
    await this.#clock.run(new Promise<void>((resolve) => this.#clock.after(durationMs, resolve)));
  }
}

/** A queue of `T`s that writes down what expired and when. */
function observed<T>(onTimeout: (item: T) => void = () => {}) {
  const clock = new CountingClock();
  const expired: [item: T, atMs: number][] = [];
  const queue = new TimeoutQueue<T>(clock, TIMEOUT_MS, (item) => {
    expired.push([item, clock.nowMs()]);
    onTimeout(item);
  });
  return { clock, queue, expired };
}

test('each item expires once, in order, exactly the timeout after it was added', async () => {
  const { clock, queue, expired } = observed<string>();
  queue.add('first');
  queue.add('second');
  await clock.advance(3);
  queue.add('third');
  await clock.advance(100);
  queue.add('fourth');
  await clock.advance(100);
  expect(expired).toEqual([
    ['first', TIMEOUT_MS],
    ['second', TIMEOUT_MS],
    ['third', 3 + TIMEOUT_MS],
    ['fourth', 103 + TIMEOUT_MS],
  ]);
});

test('an item taken out before its time does not expire, and the others still do', async () => {
  const { clock, queue, expired } = observed<string>();
  queue.add('kept');
  await clock.advance(1);
  queue.add('taken');
  await clock.advance(1);
  queue.add('kept too');
  expect(queue.delete('taken')).toBe(true);
  expect(queue.delete('taken')).toBe(false);
  expect(queue.delete('never added')).toBe(false);
  await clock.advance(100);
  expect(expired).toEqual([
    ['kept', TIMEOUT_MS],
    ['kept too', 2 + TIMEOUT_MS],
  ]);
});

test('an item that has expired is no longer here', async () => {
  const { clock, queue, expired } = observed<string>();
  queue.add('item');
  expect([queue.size, queue.has('item')]).toEqual([1, true]);
  await clock.advance(100);
  expect([queue.size, queue.has('item')]).toEqual([0, false]);
  expect(queue.delete('item')).toBe(false);
  expect(expired).toHaveLength(1);
});

test('any number of items needs one timer', async () => {
  const { clock, queue, expired } = observed<number>();
  for (let item = 0; item < 100; item++) {
    queue.add(item);
    await clock.advance(1);
  }
  expect(clock.timersSet).toBe(1);
  await clock.advance(100);
  expect(expired).toHaveLength(100);
  expect(clock.timersSet).toBe(0);
  // The timer that lets this test wait is not one of the clock that counts.
  expect(clock.mostSet).toBe(1);
});

test('draining gives the oldest item first, and nothing expires after', async () => {
  const { clock, queue, expired } = observed<string>();
  for (const item of ['first', 'second', 'third']) {
    queue.add(item);
    await clock.advance(1);
  }
  queue.delete('second');
  expect(queue.drain()).toEqual(['first', 'third']);
  expect(queue.drain()).toEqual([]);
  expect([queue.size, clock.timersSet]).toEqual([0, 0]);
  await clock.advance(100);
  expect(expired).toEqual([]);
});

test('a drained queue takes items as before', async () => {
  const { clock, queue, expired } = observed<string>();
  queue.add('drained');
  queue.drain();
  await clock.advance(5);
  queue.add('new');
  await clock.advance(100);
  expect(expired).toEqual([['new', 5 + TIMEOUT_MS]]);
});

test('an item added while another expires gets its full time', async () => {
  const { clock, queue, expired } = observed<string>((item) => {
    if (item === 'first') queue.add('from within');
  });
  queue.add('first');
  await clock.advance(4);
  queue.add('second');
  await clock.advance(100);
  expect(expired).toEqual([
    ['first', TIMEOUT_MS],
    ['second', 4 + TIMEOUT_MS],
    ['from within', 2 * TIMEOUT_MS],
  ]);
});

test('a queue drained while an item expires lets nothing else expire', async () => {
  const { clock, queue, expired } = observed<string>(() => queue.drain());
  queue.add('first');
  queue.add('second');
  await clock.advance(1);
  queue.add('third');
  await clock.advance(100);
  expect(expired).toEqual([['first', TIMEOUT_MS]]);
  expect([queue.size, clock.timersSet]).toEqual([0, 0]);
});

test('whatever is added, taken out, drained and waited for, a list of deadlines says the same', async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('add' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), which: fc.nat(30) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.nat(15) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('drain' as const) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const { clock, queue, expired } = observed<number>();
      let twin: [item: number, dueMs: number][] = [];
      const due: [item: number, dueMs: number][] = [];
      let added = 0;
      for (const next of steps) {
        if (next.kind === 'add') {
          queue.add(added);
          twin.push([added++, clock.nowMs() + TIMEOUT_MS]);
        } else if (next.kind === 'delete') {
          expect(queue.delete(next.which)).toBe(twin.some(([item]) => item === next.which));
          twin = twin.filter(([item]) => item !== next.which);
        } else if (next.kind === 'drain') {
          expect(queue.drain()).toEqual(twin.map(([item]) => item));
          twin = [];
        } else {
          await clock.advance(next.ms);
          due.push(...twin.filter(([, dueMs]) => dueMs <= clock.nowMs()));
          twin = twin.filter(([, dueMs]) => dueMs > clock.nowMs());
        }
        expect(expired).toEqual(due);
        expect(queue.size).toBe(twin.length);
        for (let item = 0; item < added; item++) {
          expect(queue.has(item)).toBe(twin.some(([present]) => present === item));
        }
      }
      expect(clock.mostSet).toBeLessThanOrEqual(1);
    }),
  );
});
