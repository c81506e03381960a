import type { Clock } from '../../runtime/clock.ts';

/** Lets tasks through at once, or, while it is closed, in order when it opens: what a paused process does. */
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

  /** A clock whose tasks have to pass. */
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
