/**
 * Removals: which nodes an operator has taken out of the cluster. A removal is a tombstone in a last-writer-wins map by
 * hybrid clock, so merging is commutative, associative and idempotent, and a removed server stays removed everywhere
 * until it is registered again. A version far ahead of the clock is not taken from others: it could not be overruled.
 */
/** The latest decision of an operator about a node: removed, or registered again. */
export interface Removal {
  /**
   * The hybrid clock of the removal: milliseconds since 1970, or one more than the version that it overrules if that
   * is ahead (Kulkarni et al., logical physical clocks, OPODIS 2014).
   */
  readonly version: number;
  readonly removed: boolean;
}

/** By node id. */
export type Removals = ReadonlyMap<string, Removal>;

/** How far a version may be ahead of the clock here, in ms: clocks differ, but hardly by more than this. */
export const MAX_AHEAD_MS = 3_600_000;

/** How many removals are kept. */
export const MAX_REMOVALS = 1000;

/** Returns `known` with a removal (or a registration, which undoes one) of a node at a time of day. */
export function withRemoval(
  known: Removals,
  nodeId: string,
  removed: boolean,
  wallClockMs: number,
): Removals {
  const latest = known.get(nodeId)?.version ?? 0;
  const version = Math.max(latest + 1, Math.floor(wallClockMs));
  return mergeRemovals(known, new Map([[nodeId, { version, removed }]]));
}

/**
 * Merges by node: the higher version wins; of two equal versions, the one that removes. Beyond MAX_REMOVALS the oldest
 * are dropped, registrations first.
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

/**
 * Whether a version is so far ahead of the clock that something is wrong: a clock, or its author. It could not be
 * overruled for as long, so no server takes it from another.
 */
export const isFarAhead = ({ version }: Removal, wallClockMs: number): boolean =>
  version > wallClockMs + MAX_AHEAD_MS;

/** The removals with those dated now that are far ahead of the clock: this server's own, from before it was put right. */
export function redated(removals: Removals, wallClockMs: number): Removals {
  if (![...removals.values()].some((removal) => isFarAhead(removal, wallClockMs))) return removals;
  const version = Math.floor(wallClockMs);
  return new Map(
    [...removals].map(([id, removal]) => [
      id,
      isFarAhead(removal, wallClockMs) ? { ...removal, version } : removal,
    ]),
  );
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

/** The nodes whose removal differs between `before` and `after`. */
export function changedNodeIds(before: Removals, after: Removals): Set<string> {
  const changed = [...after].filter(([id, { version }]) => before.get(id)?.version !== version);
  return new Set(changed.map(([id]) => id));
}

/** Each removal as a line, for the digest of the membership. */
export const removalLines = (removals: Removals): string[] =>
  [...removals].map(([id, { version, removed }]) => `${id} ${version} ${removed}`);
