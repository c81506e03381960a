/**
 * Notices a node that cannot count down although the workload is pn-counter. Such a run may well be valid, since an add
 * that was refused need not show; so it has to be said.
 */
import type { AddOperation, Operation } from './history.ts';

/** How many refusals in a row are no coincidence. */
const ENOUGH = 3;

/** Returns a function to be called with each operation that completed; it calls `say` once, with a sentence, if need be. */
export function watchNegativeAdds(say: (text: string) => void): (operation: Operation) => void {
  let refused = 0;
  let decided = false;
  return (operation) => {
    if (decided || !isNegativeAdd(operation) || operation.outcome === 'info') return;
    refused++;
    decided = operation.outcome === 'ok' || refused === ENOUGH;
    if (operation.outcome === 'ok' || !decided) return;
    say(
      `every negative add is refused so far: ${operation.error}. The workload pn-counter adds -5 to 4; ` +
        'bin/g-counter counts down with -- --workload pn-counter',
    );
  };
}

/** What is to be remarked about the negative adds of a whole run, if anything. */
export function remarkOnNegativeAdds(operations: readonly Operation[]): string[] {
  const negative = operations.filter(isNegativeAdd);
  if (negative.length === 0 || negative.some(({ outcome }) => outcome !== 'fail')) return [];
  return [`all ${negative.length} negative adds were refused`];
}

const isNegativeAdd = (operation: Operation): operation is AddOperation =>
  operation.f === 'add' && operation.delta < 0;
