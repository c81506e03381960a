/**
 * A counter as a server keeps it: a G-Counter with the server's own total apart, since most counters have no other and
 * most changes are to that one, and a lower bound. Pure functions: increment, merge, restore.
 */
import { type GCounter, merge, plus, value as valueOf } from './g-counter.ts';
import { type Identity, replicaIdOf } from './replica-id.ts';

export interface CounterState {
  /** This server's total, under the replica id with this suffix. */
  readonly own: number;
  readonly suffix: number;
  /** The totals under all other replica ids. Zeros are left out. */
  readonly others: GCounter;
  /**
   * The value is at least this, whoever counted it; 0 if no client has set it. It belongs to no node: as part of a
   * total it would be counted twice when the totals that it was read from arrive.
   */
  readonly lowerBound: number;
  /** The sum of all totals, or the lower bound if that is larger. */
  readonly value: number;
}

const noTotals: GCounter = new Map();

/** A counter that has never been incremented. */
export const zero: CounterState = { own: 0, suffix: 1, others: noTotals, lowerBound: 0, value: 0 };

/** The name of the lower bound among the parts of a counter. No replica id is empty. */
export const LOWER_BOUND = '';

/** Parts of several counters, by key and replica id. */
export type Totals = ReadonlyMap<string, GCounter>;

/** The totals by replica id, in the order of the ids. */
export function nodesOf(
  { nodeId }: Pick<Identity, 'nodeId'>,
  { own, suffix, others }: Pick<CounterState, 'own' | 'suffix' | 'others'>,
): GCounter {
  const name = replicaIdOf(nodeId, suffix);
  // Nearly every counter has one total, and a list shows a thousand: this is faster than to pass entries.
  if (others.size === 0) return own === 0 ? noTotals : new Map<string, number>().set(name, own);
  const nodes = [...others];
  if (own > 0) nodes.push([name, own]);
  return new Map(nodes.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Everything that merges, as one map: the totals by replica id, and the lower bound under LOWER_BOUND. The larger of
 * two parts wins, whatever the part is, so code that stores or sends parts need not tell them apart.
 */
export function partsOf(identity: Pick<Identity, 'nodeId'>, state: CounterState): GCounter {
  const nodes = nodesOf(identity, state);
  return state.lowerBound === 0 ? nodes : new Map([[LOWER_BOUND, state.lowerBound], ...nodes]);
}

/** The same counter with `own` under the present replica id. */
function asPresent(identity: Identity, state: CounterState): CounterState {
  if (state.suffix === identity.suffix) return state;
  const others = new Map(nodesOf(identity, state));
  const name = replicaIdOf(identity.nodeId, identity.suffix);
  const own = others.get(name) ?? 0;
  others.delete(name);
  const { suffix } = identity;
  const { lowerBound, value } = state;
  return { own, suffix, others: others.size === 0 ? noTotals : others, lowerBound, value };
}

/**
 * The counter after an increment at this server, or undefined if its value would pass 2^53 − 1. A lower bound that is
 * ahead of the sum grows by the same amount, so that the increment shows.
 */
export function incremented(
  identity: Identity,
  state: CounterState,
  amount: number,
): CounterState | undefined {
  const { own, suffix, others, lowerBound, value } = asPresent(identity, state);
  if (lowerBound === 0) {
    const sum = plus(value, amount);
    return sum === undefined ? undefined : { own: own + amount, suffix, others, lowerBound, value: sum };
  }
  const isAhead = lowerBound > own + (valueOf(others) ?? 0);
  const raisedLowerBound = isAhead ? plus(lowerBound, amount) : lowerBound;
  if (raisedLowerBound === undefined) return undefined;
  return checked(own + amount, suffix, others, raisedLowerBound);
}

/**
 * Whether `shown` has a larger total under the present replica id than this disk. Only this disk increments that one, so
 * it must be from a time that the disk has forgotten: before it merges such parts, it changes its replica id.
 */
export function showsMore(identity: Identity, state: CounterState, shown: GCounter): boolean {
  const { own } = asPresent(identity, state);
  return (shown.get(replicaIdOf(identity.nodeId, identity.suffix)) ?? 0) > own;
}

/**
 * The counter with the larger of each part. Needs an identity for which showsMore is false. What this disk
 * counted under an earlier replica id moves to the present one if others hold more under the earlier. Returns undefined
 * if the value would pass 2^53 − 1.
 */
export function merged(
  identity: Identity,
  key: string,
  state: CounterState,
  shown: GCounter,
): CounterState | undefined {
  const before = asPresent(identity, state);
  const present = replicaIdOf(identity.nodeId, identity.suffix);
  const theirs = new Map<string, number>();
  let { own, lowerBound } = before;
  for (const [name, total] of shown) {
    if (name === LOWER_BOUND) {
      lowerBound = Math.max(lowerBound, total);
      continue;
    }
    const held = before.others.get(name) ?? 0;
    if (name === present || total <= held) continue;
    theirs.set(name, total);
    if (held > 0 && identity.counted.get(name)?.get(key) === held) own += held;
  }
  if (theirs.size === 0 && lowerBound === before.lowerBound) return before;
  const others = theirs.size === 0 ? before.others : merge(before.others, theirs);
  return checked(own, identity.suffix, others, lowerBound);
}

/** The counter with the larger of each part, `own` included: for parts that come from this server's disk. */
export function restored(identity: Identity, state: CounterState, parts: GCounter): CounterState | undefined {
  const before = asPresent(identity, state);
  const { suffix } = before;
  const present = replicaIdOf(identity.nodeId, identity.suffix);
  const own = Math.max(before.own, parts.get(present) ?? 0);
  const lowerBound = Math.max(before.lowerBound, parts.get(LOWER_BOUND) ?? 0);
  const known = (parts.has(present) ? 1 : 0) + (parts.has(LOWER_BOUND) ? 1 : 0);
  if (parts.size === known) return checked(own, suffix, before.others, lowerBound);
  const others = new Map(parts);
  others.delete(present);
  others.delete(LOWER_BOUND);
  return checked(own, suffix, merge(before.others, others), lowerBound);
}

/** As `restored` does with one total, which is quicker for a counter that has no other. */
export function restoredTotal(
  identity: Identity,
  state: CounterState,
  name: string,
  total: number,
): CounterState | undefined {
  const { nodeId, suffix } = identity;
  if (state !== zero || name !== replicaIdOf(nodeId, suffix)) {
    return restored(identity, state, new Map([[name, total]]));
  }
  return { own: total, suffix, others: noTotals, lowerBound: 0, value: total };
}

function checked(
  own: number,
  suffix: number,
  others: GCounter,
  lowerBound: number,
): CounterState | undefined {
  const foreign = valueOf(others);
  const sum = foreign === undefined ? undefined : plus(foreign, own);
  return sum === undefined
    ? undefined
    : { own, suffix, others, lowerBound, value: Math.max(sum, lowerBound) };
}

/** The parts of `after` that `before` does not have. */
export function changedParts(identity: Identity, before: CounterState, after: CounterState): GCounter {
  const had = partsOf(identity, before);
  return new Map([...partsOf(identity, after)].filter(([name, part]) => had.get(name) !== part));
}
