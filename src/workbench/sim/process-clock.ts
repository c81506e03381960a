/**
 * The clock of one simulated process: it starts at 0 with the process, and ends with it.
 */
import type { Clock, Timer } from '../../runtime/clock.ts';

export class ProcessClock implements Clock {
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();
  readonly #startedMs: number;
  #ended = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedMs = clock.nowMs();
  }

  nowMs(): number {
    return this.#clock.nowMs() - this.#startedMs;
  }

  after(delayMs: number, task: () => void): Timer {
    if (this.#ended) return { cancel: () => {} };
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(timer);
      task();
    });
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
        timer.cancel();
      },
    };
  }

  /** Cancels all timers, and those that are still to be set. */
  end(): void {
    this.#ended = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
