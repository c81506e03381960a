/**
 * Work that somebody waits for only so long.
 */
import type { Clock } from '../../runtime/clock.ts';

/** What work gives; if it has not by `durationMs` from now, what `late` gives. The work goes on all the same. */
export function within<T>(clock: Clock, durationMs: number, work: Promise<T>, late: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(durationMs, () => resolve(late()));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
