/**
 * What a paused process does: nothing, until it is resumed, and then everything that waited, in order.
 */
import type { Clock } from '../../runtime/clock.ts';

/** Runs tasks at once while it is open, and otherwise in order when it opens. */
export class Gate {
  #waiting: (() => void)[] | undefined;

  pass(task: () => void): void {
    if (this.#waiting === undefined) task();
    else this.#waiting.push(task);
  }

  close(): void {
    this.#waiting ??= [];
  }

  open(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const task of waiting) task();
  }

  /** A clock whose timers run their tasks through this gate. */
  behind(clock: Clock): Clock {
    return {
      nowMs: () => clock.nowMs(),
      after: (delayMs, task) => {
        let cancelled = false;
        const timer = clock.after(delayMs, () =>
          this.pass(() => {
            if (!cancelled) task();
          }),
        );
        return {
          cancel: () => {
            cancelled = true;
            timer.cancel();
          },
        };
      },
    };
  }
}
