/**
 * Replica ids: the names that disks count under. Only a server increments its own total, and it knows that total best:
 * this is what makes merging by the larger total right. A server whose disk is lost or restored from a backup no longer
 * knows it, and must not count on under the old replica id. One rule: a disk counts under the plain node id, `node-1`,
 * while it has no reason to doubt that no other disk has; as soon as it has one (a cluster, a larger total than its own,
 * a copied directory), it goes on under a random replica id, `node-1~k3f9qz`, and leaves the earlier total as it is.
 */

/** The replica id of a disk, and what it counted under earlier ones. */
export interface Identity {
  readonly nodeId: string;
  /** 1 for the plain node id; else random, from FIRST_RANDOM_SUFFIX on, or a number from 2 that an old version took. */
  readonly suffix: number;
  /**
   * What this disk has itself counted under earlier suffixes, by replica id and key. While a counter still has that
   * total under that id, it is this disk's alone; if others turn out to hold more, theirs stays under the earlier id
   * and this disk's moves to the present one.
   */
  readonly counted: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** The first identity of a node. Its id contains no `~`. */
export const firstIdentity = (nodeId: string, suffix = 1): Identity => ({
  nodeId,
  suffix,
  counted: new Map(),
});

/** Random suffixes are numbers that in base 36 have six characters, the first of them a letter. */
const FIRST_RANDOM_SUFFIX = Number.parseInt('a00000', 36);
const RANDOM_SUFFIXES = 2 ** 31 - FIRST_RANDOM_SUFFIX;

export const hasRandomSuffix = (suffix: number): boolean => suffix >= FIRST_RANDOM_SUFFIX;

/** A random suffix, one of 1.5 billion. `random` is uniform in [0, 1). */
export const randomSuffix = (random: number): number =>
  FIRST_RANDOM_SUFFIX + Math.floor(random * RANDOM_SUFFIXES);

/** The replica id of a node with a suffix. */
export function replicaIdOf(nodeId: string, suffix: number): string {
  if (suffix === 1) return nodeId;
  return `${nodeId}~${suffix.toString(hasRandomSuffix(suffix) ? 36 : 10)}`;
}
