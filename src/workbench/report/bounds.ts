/**
 * What the counter may be at each moment of a history, and what each read may return.
 *
 * The bounds are wider than the checker's judgement, which also knows what no set of adds comes to and what earlier
 * reads returned: a read outside of them is always wrong, a read inside of them not always right.
 */
import type { Operation, ReadOperation } from '../nodes/history.ts';

/** What the counter may be from some moment on. */
export interface BoundsStep {
  readonly timeMs: number;
  /** The sum of all acknowledged adds and of those negative ones that may have happened. */
  readonly low: number;
  /** The sum of all acknowledged adds and of those positive ones that may have happened. */
  readonly high: number;
}

/** What one read might have returned. */
export interface ReadBounds {
  /** The sum of the adds acknowledged when it began. */
  readonly acknowledged: number;
  readonly low: number;
  readonly high: number;
}

interface Bounds {
  /** In the order of time, from an empty counter on. */
  readonly steps: readonly BoundsStep[];
  readonly reads: ReadonlyMap<ReadOperation, ReadBounds>;
}

/** Computes all bounds in one pass over the history. Reads that failed have none. */
export function boundsOf(operations: readonly Operation[]): Bounds {
  const sums = { acknowledgedUp: 0, acknowledgedDown: 0, possibleUp: 0, possibleDown: 0 };
  const steps: BoundsStep[] = [{ timeMs: 0, low: 0, high: 0 }];
  const began = new Map<ReadOperation, typeof sums>();
  const reads = new Map<ReadOperation, ReadBounds>();
  const step = (timeMs: number): void => {
    const low = sums.acknowledgedUp + sums.possibleDown;
    const high = sums.acknowledgedDown + sums.possibleUp;
    steps.push({ timeMs, low, high });
  };

  for (const { operation, ends } of eventsOf(operations)) {
    if (operation.f === 'add') {
      const { delta } = operation;
      if (ends) sums[delta < 0 ? 'acknowledgedDown' : 'acknowledgedUp'] += delta;
      else sums[delta < 0 ? 'possibleDown' : 'possibleUp'] += delta;
      step(ends ? operation.completed.timeMs : operation.invoked.timeMs);
    } else if (ends) {
      const start = began.get(operation) ?? sums;
      reads.set(operation, {
        acknowledged: start.acknowledgedUp + start.acknowledgedDown,
        low: start.acknowledgedUp + sums.possibleDown,
        high: start.acknowledgedDown + sums.possibleUp,
      });
    } else {
      began.set(operation, { ...sums });
    }
  }
  return { steps, reads };
}

interface Event {
  readonly index: number;
  readonly operation: Operation;
  readonly ends: boolean;
}

/** What moves a bound, and the reads that are held to them, in order. */
function eventsOf(operations: readonly Operation[]): Event[] {
  const events: Event[] = [];
  for (const operation of operations) {
    const { outcome, invoked, completed } = operation;
    if (operation.f === 'add' ? outcome === 'fail' : outcome !== 'ok') continue;
    events.push({ index: invoked.index, operation, ends: false });
    if (outcome === 'ok') events.push({ index: completed.index, operation, ends: true });
  }
  return events.toSorted((a, b) => a.index - b.index);
}
