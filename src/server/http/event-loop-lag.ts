/**
 * Measures how late timers are. While they are, nothing else gets its turn either: requests wait for as long.
 */
import type { Clock } from '../../runtime/clock.ts';

/** How often the lag is measured. */
export const LAG_EVERY_MS = 100;

/** Calls `observe` with how late each timer was, in milliseconds. */
export function measureLag(clock: Clock, observe: (lagMs: number) => void): void {
  const dueMs = clock.nowMs() + LAG_EVERY_MS;
  clock.after(LAG_EVERY_MS, () => {
    observe(Math.max(0, clock.nowMs() - dueMs));
    measureLag(clock, observe);
  });
}
