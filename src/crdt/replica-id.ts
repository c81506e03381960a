/**
 * Replica ids: the names that disks count under. Only a server increments its own total, and it knows that total best:
 * this is what makes merging by the larger total right. A server whose disk is lost or restored from a backup no longer
 * knows it, and must not count on under the old replica id. On its own, it finds out when it is shown a larger total
 * than its own: it leaves the earlier total as shown and goes on under the next suffix, `node-1`, then `node-1~2`. In a
 * cluster it does not wait for that: each disk counts under a random replica id, `node-1~k3f9qz`.
 */

/** The replica id of a disk, and what it counted under earlier ones. */
export interface Identity {
  readonly nodeId: string;
  /** From 1; from FIRST_RANDOM_SUFFIX on it is random. */
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

/** The suffix of a replica id of this node, or undefined if it belongs to another node. */
export function suffixOf(nodeId: string, name: string): number | undefined {
  if (!name.startsWith(nodeId)) return undefined;
  if (name.length === nodeId.length) return 1;
  const digits = name.slice(nodeId.length + 1);
  const suffix = /^[a-z]/.test(digits) ? Number.parseInt(digits, 36) : Number(digits);
  return suffix > 1 && replicaIdOf(nodeId, suffix) === name ? suffix : undefined;
}

/** Suffixes that are counted up stay below this. */
const MAX_SUFFIX = 1_000_000;

/** Whether a replica id has a suffix that no node ever reaches. Merging it could use up all suffixes. */
export function isBeyond(nodeId: string, name: string): boolean {
  const [, digits] = /~(\d+)$/.exec(name) ?? [];
  return name === `${nodeId}~${digits}` && Number(digits) >= MAX_SUFFIX;
}
