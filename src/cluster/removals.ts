/** What somebody has decided about a node: that it is no member any more, or that it is one again. */
export interface Removal {
  /**
   * The later of two removals has the higher version: the time of day in milliseconds, or one more than that of the
   * one that it overrules where that is ahead (Kulkarni et al., logical physical clocks, OPODIS 2014).
   */
  readonly version: number;
  readonly removed: boolean;
}

/** By node id. */
export type Removals = ReadonlyMap<string, Removal>;

/** Some thousands of years of milliseconds. A removal that had it could not be overruled by a later one. */
export const MAX_VERSION = 2 ** 47;

/** How many removals are remembered. */
export const MAX_REMOVALS = 1000;

/** A removal taken at a time of day, by somebody who knows of those in `known`. */
export function withRemoval(
  known: Removals,
  nodeId: string,
  removed: boolean,
  wallClockMs: number,
): Removals {
  const latest = known.get(nodeId)?.version ?? 0;
  const version = Math.min(MAX_VERSION - 1, Math.max(latest + 1, Math.floor(wallClockMs)));
  return mergeRemovals(known, new Map([[nodeId, { version, removed }]]));
}

/**
 * The later removal about each node; of two with one version, the removal. Where there are too many, the oldest are
 * forgotten, removals last.
 */
export function mergeRemovals(a: Removals, b: Removals): Removals {
  const merged = new Map(a);
  for (const [nodeId, removal] of b) {
    const known = merged.get(nodeId);
    if (known === undefined || isLater(removal, known)) merged.set(nodeId, removal);
  }
  if (merged.size <= MAX_REMOVALS) return merged;
  const kept = [...merged].toSorted(([idA, x], [idB, y]) => {
    if (x.removed !== y.removed) return x.removed ? -1 : 1;
    return y.version - x.version || (idA < idB ? -1 : 1);
  });
  return new Map(kept.slice(0, MAX_REMOVALS));
}

const isLater = (a: Removal, b: Removal): boolean =>
  a.version > b.version || (a.version === b.version && a.removed && !b.removed);

export function sameRemovals(a: Removals, b: Removals): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([id, { version, removed }]) => {
    const other = b.get(id);
    return other?.version === version && other.removed === removed;
  });
}

/** About whom there is another removal. */
export function changedNodeIds(before: Removals, after: Removals): Set<string> {
  const changed = [...after].filter(([id, { version }]) => before.get(id)?.version !== version);
  return new Set(changed.map(([id]) => id));
}

/** Each removal as a line. */
export const removalLines = (removals: Removals): string[] =>
  [...removals].map(([id, { version, removed }]) => `${id} ${version} ${removed}`);
