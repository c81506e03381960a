/**
 * Virtual time: a clock that stands still until everything that can happen now has happened, and then jumps to the next
 * timer. A simulated minute takes a fraction of a second, and timers always run in the same order: by time, and those
 * for the same moment in the order in which they were set.
 */
import type { Clock, Timer } from '../../runtime/clock.ts';
import { afterPromises, afterThisTurn } from '../../runtime/system.ts';
import { type Due, DueHeap } from './due-heap.ts';

/**
 * Time moves in ticks of 2^-10 ms, just under a microsecond, so that sums and differences of times are exact. With
 * arbitrary fractions, a timer could fire a rounding error too early and be set again for no time at all, for ever.
 */
const TICKS_PER_MS = 2 ** 10;

/** How many timers run before the rest of the process gets a turn. */
const EVENTS_PER_TURN = 1000;

interface Scheduled extends Due {
  task: (() => void) | undefined;
}

export class VirtualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  readonly #scheduled = new DueHeap<Scheduled>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): Timer {
    const ticks = Math.ceil(Math.max(0, delayMs) * TICKS_PER_MS);
    const scheduled: Scheduled = { atMs: this.#nowMs + ticks / TICKS_PER_MS, order: this.#order++, task };
    this.#scheduled.push(scheduled);
    return { cancel: () => (scheduled.task = undefined) };
  }

  /** Lets time pass until `work` settles. Rejects if no timer is left while it is still pending. */
  async run<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const watched = work.finally(() => (settled = true));
    // The caller gets a rejection through `watched`; here it only ends the loop.
    watched.catch(() => {});
    for (let events = 0; ; events++) {
      // First all pending promises settle; now and then the rest of the process gets a turn as well.
      await new Promise<void>(events % EVENTS_PER_TURN === 0 ? afterThisTurn : afterPromises);
      if (settled) return watched;
      const next = this.#scheduled.pop();
      if (next === undefined) throw new Error(`nothing is left to happen at ${this.#nowMs} ms`);
      this.#nowMs = next.atMs;
      next.task?.();
    }
  }
}
