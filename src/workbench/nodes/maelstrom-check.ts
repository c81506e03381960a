/**
 * Maelstrom's check, as `maelstrom.workload.pn-counter` in its source has it: each final read that was answered is the sum
 * of all acknowledged adds and of some of those whose outcome is unknown. An add with an error reply counts as unknown,
 * whatever the error, and a final read that failed is skipped.
 */
import type { Operation, ReadOperation } from './history.ts';
import { type Ranges, formatRanges, includes, subsetSums } from '../sim/ranges.ts';

export interface FinalReads {
  readonly reads: readonly ReadOperation[];
  /** What they may return. */
  readonly acceptable: Ranges;
  /** Which of them returned something else, one sentence each. */
  readonly problems: readonly string[];
  /** What makes a pass prove less than it seems to, one clause each. */
  readonly remarks: readonly string[];
}

export function judgeFinalReads(operations: readonly Operation[]): FinalReads {
  const adds = operations.filter((operation) => operation.f === 'add');
  const reads = operations.filter((operation) => operation.f === 'read').filter(({ final }) => final);
  const acceptable = subsetSums(
    adds.filter(({ outcome }) => outcome === 'ok').reduce((sum, { delta }) => sum + delta, 0),
    adds.filter(({ outcome }) => outcome !== 'ok').map(({ delta }) => delta),
  );
  const problems = reads.flatMap(({ node, value }) =>
    value === undefined || includes(acceptable, value)
      ? []
      : [`the final read of ${value} from ${node} is not in ${formatRanges(acceptable)}`],
  );
  const unanswered = reads.filter(({ value }) => value === undefined).length;
  const remarks = unanswered === 0 && reads.length > 0 ? [] : [describe(unanswered, reads.length)];
  return { reads, acceptable, problems, remarks };
}

function describe(unanswered: number, all: number): string {
  if (all === 0) return 'there was no final read';
  if (unanswered === all) return 'no final read was answered';
  return `${unanswered} of ${all} final reads ${unanswered === 1 ? 'was' : 'were'} not answered`;
}
