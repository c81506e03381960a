/**
 * How programs stop: gracefully at the first signal, at once at the second.
 */
import { systemClock } from '../runtime/system.ts';

/** Under npm, one Ctrl-C makes two signals: the terminal's own, and one that npm passes on. */
const SAME_CTRL_C_MS = 200;

/**
 * Calls `stop` with the first stop signal, and `giveUp` with later ones: unless it is given, it exits with status 1. SIGHUP
 * is one of them, unless `onHangUp` is called for it instead.
 */
export function onStopSignal(
  stop: (signal: string) => void,
  giveUp: () => void = () => process.exit(1),
  onHangUp?: () => void,
): void {
  if (onHangUp !== undefined) process.on('SIGHUP', onHangUp);
  let firstMs: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    if (signal === 'SIGHUP' && onHangUp !== undefined) continue;
    process.on(signal, () => {
      const nowMs = systemClock.nowMs();
      if (firstMs === undefined) {
        firstMs = nowMs;
        stop(signal);
      } else if (signal !== 'SIGINT' || nowMs - firstMs > SAME_CTRL_C_MS) {
        giveUp();
      }
    });
  }
}
