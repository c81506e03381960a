/**
 * Who a server is in the totals. A server is the only one to raise its own total, and knows it best: that is what
 * makes merging by the larger total right. A server whose disk is lost or restored from a copy no longer knows it,
 * and must not go on under the old name.
 *
 * On its own, a server cannot know that. It counts under its node id, and when somebody shows it a larger total than
 * its own, it leaves the totals of its earlier life as others show them and counts on as its next suffix:
 * `node-1`, then `node-1~2`, `node-1~3`. In a cluster nothing is left to such evidence: each disk counts under a name
 * that no other disk has had, a life: `node-1~k3f9qz`.
 */
export interface Identity {
  readonly nodeId: string;
  /** From 1; from FIRST_RANDOM_SUFFIX on a life. */
  readonly suffix: number;
  /**
   * What this disk has itself counted under its earlier suffixes, by name and counter. While a counter still
   * shows that total under that name it is ours alone; if others turn out to hold more there, theirs stays under the
   * old name and ours moves to the present one.
   */
  readonly counted: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** The first identity of a node. Its id contains no `~`. */
export const firstIdentity = (nodeId: string, suffix = 1): Identity => ({
  nodeId,
  suffix,
  counted: new Map(),
});

/** Lives are numbers of which base 36 makes six characters, the first of them a letter. */
const FIRST_RANDOM_SUFFIX = Number.parseInt('a00000', 36);
const RANDOM_SUFFIXES = 2 ** 31 - FIRST_RANDOM_SUFFIX;

export const hasRandomSuffix = (suffix: number): boolean => suffix >= FIRST_RANDOM_SUFFIX;

/** A life out of 1.5 thousand millions. `random` is uniform from [0, 1). */
export const randomSuffix = (random: number): number =>
  FIRST_RANDOM_SUFFIX + Math.floor(random * RANDOM_SUFFIXES);

/** The name of a suffix in the totals. */
export function replicaIdOf(nodeId: string, suffix: number): string {
  if (suffix === 1) return nodeId;
  return `${nodeId}~${suffix.toString(hasRandomSuffix(suffix) ? 36 : 10)}`;
}

/** Which suffix of a node a name stands for, or undefined where it is somebody else's. */
export function suffixOf(nodeId: string, name: string): number | undefined {
  if (!name.startsWith(nodeId)) return undefined;
  if (name.length === nodeId.length) return 1;
  const digits = name.slice(nodeId.length + 1);
  const suffix = /^[a-z]/.test(digits) ? Number.parseInt(digits, 36) : Number(digits);
  return suffix > 1 && replicaIdOf(nodeId, suffix) === name ? suffix : undefined;
}

/** From this on no suffix follows that is not a life. */
const MAX_SUFFIX = 1_000_000;

/** Whether a name stands for a suffix that a node never gets to. Merged, it could use up all that there are. */
export function isBeyond(nodeId: string, name: string): boolean {
  const [, digits] = /~(\d+)$/.exec(name) ?? [];
  return name === `${nodeId}~${digits}` && Number(digits) >= MAX_SUFFIX;
}
