import { systemClock } from '../runtime/system.ts';

/** Of one Ctrl-C npm makes two signals: the terminal's own, and one that it passes on. */
const SAME_CTRL_C_MS = 200;

/** Calls `stop` when the process is told to stop. If it is told again, it ends at once, with status 1. */
export function onStopSignal(stop: (signal: string) => void): void {
  let toldMs: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const nowMs = systemClock.nowMs();
      if (toldMs === undefined) {
        toldMs = nowMs;
        stop(signal);
      } else if (signal !== 'SIGINT' || nowMs - toldMs > SAME_CTRL_C_MS) {
        process.exit(1);
      }
    });
  }
}
