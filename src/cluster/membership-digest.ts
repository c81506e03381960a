/**
 * One digest of who is in the cluster and what operators have decided: peers that have the same know the same.
 */
import { hashText } from './hash.ts';
import { encodeDigest } from './merkle-tree.ts';
import { type Removals, removalLines } from './removals.ts';

/** Digests the node ids of all members, this server's included, and the removals, in whatever order they come. */
export function membershipDigest(nodeIds: readonly string[], removals: Removals): string {
  const lines = [...nodeIds, '', ...removalLines(removals)].toSorted(byCodeUnits);
  return encodeDigest(hashText(lines.join('\n')));
}

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
