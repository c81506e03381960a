/**
 * Who this server is in the totals. A server is the only one to raise its own total, and knows it best: that is what
 * makes merging by the larger total right. A server whose disk is lost or restored from a copy no longer knows it.
 * It then leaves the totals of its earlier life as others show them and counts on under a name of its own, its next
 * incarnation: `node-1`, then `node-1~2`, `node-1~3`.
 */
export interface Identity {
  readonly nodeId: string;
  /** From 1. */
  readonly incarnation: number;
  /**
   * What this disk has itself counted under its earlier incarnations, by name and counter. While a counter still
   * shows that total under that name it is ours alone; if others turn out to hold more there, theirs stays under the
   * old name and ours moves to the present one.
   */
  readonly counted: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** The first identity of a node. Its id contains no `~`. */
export const firstIdentity = (nodeId: string): Identity => ({ nodeId, incarnation: 1, counted: new Map() });

/** The name of an incarnation in the totals. */
export const nameOf = (nodeId: string, incarnation: number): string =>
  incarnation === 1 ? nodeId : `${nodeId}~${incarnation}`;

/** Which incarnation of a node a name stands for, or undefined where it is somebody else's. */
export function incarnationOf(nodeId: string, name: string): number | undefined {
  if (!name.startsWith(nodeId)) return undefined;
  if (name.length === nodeId.length) return 1;
  const incarnation = Number(name.slice(nodeId.length + 1));
  return incarnation > 1 && nameOf(nodeId, incarnation) === name ? incarnation : undefined;
}

/** Past this no incarnation follows. A map that shows one as high is refused, so that no merge can use them up. */
export const MAX_INCARNATION = 1_000_000;
