import type { Operation, ReadOperation } from '../nodes/history.ts';

/** A read that had ended when another began, and what follows for that one. */
export interface EarlierRead {
  readonly read: ReadOperation;
  /** What it returned. */
  readonly value: number;
  /** What it returned, and what was asked for after it and acknowledged before the other began. */
  readonly floor: number;
}

/** Of the reads that ended before the event of this index, the one that demands most. */
export function highestBefore(operations: readonly Operation[], index: number): EarlierRead | undefined {
  const ended = operations.filter(({ completed, outcome }) => outcome === 'ok' && completed.index < index);
  // Backwards through time: when a read's turn comes, all adds that were asked for after it are in the sum.
  const adds = ended.filter((operation) => operation.f === 'add');
  const latestAdds = adds.toSorted((a, b) => b.invoked.index - a.invoked.index);
  const reads = ended.filter((operation) => operation.f === 'read');
  let [best, next, since]: [EarlierRead | undefined, number, number] = [undefined, 0, 0];
  for (const read of reads.toSorted((a, b) => b.completed.index - a.completed.index)) {
    const { value } = read;
    if (value === undefined) continue;
    for (let add = latestAdds[next]; add !== undefined && add.invoked.index > read.completed.index;) {
      since += add.delta;
      add = latestAdds[++next];
    }
    if (best === undefined || value + since > best.floor) best = { read, value, floor: value + since };
  }
  return best;
}
