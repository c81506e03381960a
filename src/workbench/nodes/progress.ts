/**
 * Shows how a run is getting on, on stderr: in one line that is redrawn on a terminal, in a line every five seconds elsewhere.
 */
import type { Writable } from 'node:stream';
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { Status } from './run.ts';

const ON_TERMINAL_MS = 250;
const ELSEWHERE_MS = 5000;

/** Shows `status` from time to time. Returns a function that ends it. */
export function showProgress(
  output: Writable & { readonly isTTY?: boolean },
  clock: Clock,
  status: () => Status,
): () => void {
  const [everyMs, before, after] = output.isTTY ? [ON_TERMINAL_MS, '\r\x1b[K', ''] : [ELSEWHERE_MS, '', '\n'];
  let timer: Timer;
  const show = (): void => {
    output.write(before + describe(status()) + after);
    timer = clock.after(everyMs, show);
  };
  timer = clock.after(everyMs, show);
  return () => {
    timer.cancel();
    output.write(before);
  };
}

function describe({ phase, elapsedMs, operations, ok, inFlight, fault }: Status): string {
  const time = `${(elapsedMs / 1000).toFixed(1).padStart(6)} s`;
  return `${time}  ${phase}  ${operations} operations, ${ok} ok, ${inFlight} in flight  ${fault === '' ? 'no fault' : fault}`;
}
