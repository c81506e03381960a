/**
 * Shows how a run is getting on, on stderr: in one line that is redrawn on a terminal, in a line every five seconds elsewhere.
 */
import type { Clock, Timer } from '../../runtime/clock.ts';
import { type Screen, StatusLine } from '../../runtime/status-line.ts';
import type { Status } from './run.ts';

const ON_TERMINAL_MS = 250;
const ELSEWHERE_MS = 5000;

export interface Progress {
  /** Shows a line that stays. */
  log(text: string): void;
  /** Ends it. On a terminal, nothing is left of the status. */
  end(): void;
}

/** Shows `status` from time to time. */
export function showProgress(screen: Screen, clock: Clock, status: () => Status): Progress {
  const line = screen.isTTY ? new StatusLine(screen) : undefined;
  let timer: Timer;
  const show = (): void => {
    const text = describe(status());
    if (line === undefined) screen.write(`${text}\n`);
    else line.show(text);
    timer = clock.after(line === undefined ? ELSEWHERE_MS : ON_TERMINAL_MS, show);
  };
  timer = clock.after(line === undefined ? ELSEWHERE_MS : ON_TERMINAL_MS, show);
  return {
    log(text) {
      line?.erase();
      screen.write(`${text}\n`);
    },
    end() {
      timer.cancel();
      line?.erase();
    },
  };
}

function describe({ phase, elapsedMs, operations, ok, inFlight, fault }: Status): string {
  const time = `${(elapsedMs / 1000).toFixed(1).padStart(6)} s`;
  return `${time}  ${phase}  ${operations} operations, ${ok} ok, ${inFlight} in flight  ${fault === '' ? 'no fault' : fault}`;
}
