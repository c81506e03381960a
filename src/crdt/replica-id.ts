/**
 * Who a server is in the totals. A server is the only one to raise its own total, and knows it best: that is what
 * makes merging by the larger total right. A server whose disk is lost or restored from a copy no longer knows it,
 * and must not go on under the old name.
 *
 * On its own, a server cannot know that. It counts under its node id, and when somebody shows it a larger total than
 * its own, it leaves the totals of its earlier life as others show them and counts on as its next incarnation:
 * `node-1`, then `node-1~2`, `node-1~3`. In a cluster nothing is left to such evidence: each disk counts under a name
 * that no other disk has had, a life: `node-1~k3f9qz`.
 */
export interface Identity {
  readonly nodeId: string;
  /** From 1; from FIRST_LIFE on a life. */
  readonly incarnation: number;
  /**
   * What this disk has itself counted under its earlier incarnations, by name and counter. While a counter still
   * shows that total under that name it is ours alone; if others turn out to hold more there, theirs stays under the
   * old name and ours moves to the present one.
   */
  readonly counted: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** The first identity of a node. Its id contains no `~`. */
export const firstIdentity = (nodeId: string, incarnation = 1): Identity => ({
  nodeId,
  incarnation,
  counted: new Map(),
});

/** Lives are numbers of which base 36 makes six characters, the first of them a letter. */
const FIRST_LIFE = Number.parseInt('a00000', 36);
const LIVES = 2 ** 31 - FIRST_LIFE;

export const isLife = (incarnation: number): boolean => incarnation >= FIRST_LIFE;

/** A life out of 1.5 thousand millions. `random` is uniform from [0, 1). */
export const lifeFrom = (random: number): number => FIRST_LIFE + Math.floor(random * LIVES);

/** The name of an incarnation in the totals. */
export function nameOf(nodeId: string, incarnation: number): string {
  if (incarnation === 1) return nodeId;
  return `${nodeId}~${incarnation.toString(isLife(incarnation) ? 36 : 10)}`;
}

/** Which incarnation of a node a name stands for, or undefined where it is somebody else's. */
export function incarnationOf(nodeId: string, name: string): number | undefined {
  if (!name.startsWith(nodeId)) return undefined;
  if (name.length === nodeId.length) return 1;
  const suffix = name.slice(nodeId.length + 1);
  const incarnation = /^[a-z]/.test(suffix) ? Number.parseInt(suffix, 36) : Number(suffix);
  return incarnation > 1 && nameOf(nodeId, incarnation) === name ? incarnation : undefined;
}

/** From this on no incarnation follows that is not a life. */
const MAX_INCARNATION = 1_000_000;

/** Whether a name stands for an incarnation that a node never gets to. Merged, it could use up all that there are. */
export function isBeyond(nodeId: string, name: string): boolean {
  const [, digits] = /~(\d+)$/.exec(name) ?? [];
  return name === `${nodeId}~${digits}` && Number(digits) >= MAX_INCARNATION;
}
