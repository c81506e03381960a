import type { Clock, Timer } from '../../runtime/clock.ts';

/** A clock for one life. It starts at 0, and when the life ends, so do all the timers it has set. */
export class ProcessClock implements Clock {
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();
  readonly #bornMs: number;
  #ended = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#bornMs = clock.nowMs();
  }

  nowMs(): number {
    return this.#clock.nowMs() - this.#bornMs;
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

  end(): void {
    this.#ended = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
