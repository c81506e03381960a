import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Clock, Timer } from '../../src/runtime/clock.ts';
import { TimeoutQueue } from '../../src/runtime/timeout-queue.ts';
import { VirtualClock } from '../../src/workbench/sim/virtual-clock.ts';

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

type Step = {
  readonly kind: 'add' | 'delete' | 'drain' | 'wait';
  readonly item: number;
  readonly ms: number;
};

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('add', 'add', 'add', 'delete', 'delete', 'drain', 'wait', 'wait', 'wait'),
  item: fc.nat(20),
  ms: fc.nat(15),
});

/** What a queue is to be, by looking at every item every time. */
class ObviousQueue {
  readonly expired: [item: number, atMs: number][] = [];
  #items: [item: number, dueMs: number][] = [];

  get items(): number[] {
    return this.#items.map(([item]) => item);
  }

  add(item: number, nowMs: number): void {
    this.#items.push([item, nowMs + TIMEOUT_MS]);
  }

  delete(item: number): boolean {
    const present = this.items.includes(item);
    this.#items = this.#items.filter(([other]) => other !== item);
    return present;
  }

  drain(): number[] {
    const { items } = this;
    this.#items = [];
    return items;
  }

  expire(nowMs: number): void {
    this.expired.push(...this.#items.filter(([, dueMs]) => dueMs <= nowMs));
    this.#items = this.#items.filter(([, dueMs]) => dueMs > nowMs);
  }
}

test('after any adding, taking out, draining and waiting, a list of deadlines says the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const { clock, queue, expired } = observed<number>();
      const twin = new ObviousQueue();
      const unused = Array.from(steps.keys());
      const answersTo = async ({ kind, item, ms }: Step): Promise<readonly [unknown, unknown]> => {
        switch (kind) {
          case 'add': {
            const fresh = unused.shift() ?? 0;
            return [queue.add(fresh), twin.add(fresh, clock.nowMs())];
          }
          case 'delete':
            return [queue.delete(item), twin.delete(item)];
          case 'drain':
            return [queue.drain(), twin.drain()];
          case 'wait':
            return [await clock.advance(ms), twin.expire(clock.nowMs())];
        }
      };
      for (const next of steps) {
        const [answer, expected] = await answersTo(next);
        expect(answer).toEqual(expected);
        expect(expired).toEqual(twin.expired);
        expect([...steps.keys()].filter((item) => queue.has(item))).toEqual(twin.items);
        expect(queue.size).toBe(twin.items.length);
      }
      expect(clock.mostSet).toBeLessThanOrEqual(1);
    }),
  );
});

test('an item added while another expires does not cost a second timer', async () => {
  const { clock, queue } = observed<number>((item) => queue.add(item + 1));
  queue.add(0);
  await clock.advance(10 * TIMEOUT_MS + 1);
  expect([queue.size, clock.timersSet]).toEqual([1, 1]);
});
