import { type GCounter, merge, plus, value as valueOf } from './g-counter.ts';
import { type Identity, incarnationOf, isLife, nameOf } from './replica-id.ts';

/**
 * A counter as a server keeps it: a G-Counter with the server's own total apart, since nearly every counter has no
 * other and nearly every change is to that one.
 */
export interface CounterState {
  /** Our total, under the name of `incarnation`. */
  readonly own: number;
  readonly incarnation: number;
  /** The totals under all other names. Zeros are left out. */
  readonly others: GCounter;
  /**
   * What somebody has said the value is at least, without saying who counted it; 0 where nobody has. It belongs to no
   * node: as part of a total it would be counted twice when the totals that it was read from arrive.
   */
  readonly floor: number;
  /** The sum of all totals, or the floor where that is larger. */
  readonly value: number;
}

const nobody: GCounter = new Map();

/** A counter that nobody has ever incremented. */
export const zero: CounterState = { own: 0, incarnation: 1, others: nobody, floor: 0, value: 0 };

/** The name of the floor among the parts of a counter. No node can have it. */
export const FLOOR = '';

/** Parts of several counters, by counter and name. */
export type Totals = ReadonlyMap<string, GCounter>;

/** The totals by name, in the order of the names. */
export function nodesOf(
  { nodeId }: Pick<Identity, 'nodeId'>,
  { own, incarnation, others }: CounterState,
): GCounter {
  const name = nameOf(nodeId, incarnation);
  if (others.size === 0) return own === 0 ? nobody : new Map([[name, own]]);
  const nodes = [...others];
  if (own > 0) nodes.push([name, own]);
  return new Map(nodes.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * All that merges, as one map: the totals by name, and the floor under the name FLOOR. Every part is merged by the
 * larger, so what stores or sends parts need not know which is which.
 */
export function partsOf(identity: Pick<Identity, 'nodeId'>, state: CounterState): GCounter {
  const nodes = nodesOf(identity, state);
  return state.floor === 0 ? nodes : new Map([[FLOOR, state.floor], ...nodes]);
}

/** The same counter with our total under our present name. */
function asPresent(identity: Identity, state: CounterState): CounterState {
  if (state.incarnation === identity.incarnation) return state;
  const others = new Map(nodesOf(identity, state));
  const name = nameOf(identity.nodeId, identity.incarnation);
  const own = others.get(name) ?? 0;
  others.delete(name);
  const { incarnation } = identity;
  const { floor, value } = state;
  return { own, incarnation, others: others.size === 0 ? nobody : others, floor, value };
}

/**
 * The counter after an increment of ours, or undefined where its value would pass 2^53 − 1. A floor that is ahead of
 * the sum rises with it, so that the increment shows.
 */
export function raised(identity: Identity, state: CounterState, amount: number): CounterState | undefined {
  const { own, incarnation, others, floor, value } = asPresent(identity, state);
  if (floor === 0) {
    const sum = plus(value, amount);
    return sum === undefined ? undefined : { own: own + amount, incarnation, others, floor, value: sum };
  }
  const isAhead = floor > own + (valueOf(others) ?? 0);
  const raisedFloor = isAhead ? plus(floor, amount) : floor;
  if (raisedFloor === undefined) return undefined;
  return checked(own + amount, incarnation, others, raisedFloor);
}

/**
 * The incarnation to go to before `shown` may be merged into a counter, or undefined where the present one will do.
 * We alone raise our total, so whoever shows a larger one has it from a time that this disk has forgotten. `newLife`
 * draws the life that follows a life.
 */
export function nextIncarnation(
  identity: Identity,
  state: CounterState,
  shown: GCounter,
  newLife: () => number,
): number | undefined {
  const { nodeId, incarnation: present } = identity;
  const nodes = nodesOf(identity, asPresent(identity, state));
  const isMore = (name: string, total: number): boolean => total > (nodes.get(name) ?? 0);
  if (isLife(present)) {
    const name = nameOf(nodeId, present);
    return isMore(name, shown.get(name) ?? 0) ? newLife() : undefined;
  }
  let latest = 0;
  for (const [name, total] of shown) {
    const incarnation = incarnationOf(nodeId, name) ?? 0;
    if (incarnation >= present && !isLife(incarnation) && isMore(name, total)) {
      latest = Math.max(latest, incarnation);
    }
  }
  return latest === 0 ? undefined : latest + 1;
}

/**
 * The counter with the larger of each part. Needs an identity for which nextIncarnation has nothing to say. What we
 * counted under an earlier name that others hold more for goes to our present one. Answers undefined where the value
 * would pass 2^53 − 1.
 */
export function merged(
  identity: Identity,
  key: string,
  state: CounterState,
  shown: GCounter,
): CounterState | undefined {
  const before = asPresent(identity, state);
  const present = nameOf(identity.nodeId, identity.incarnation);
  const theirs = new Map<string, number>();
  let { own, floor } = before;
  for (const [name, total] of shown) {
    if (name === FLOOR) {
      floor = Math.max(floor, total);
      continue;
    }
    const held = before.others.get(name) ?? 0;
    if (name === present || total <= held) continue;
    theirs.set(name, total);
    if (held > 0 && identity.counted.get(name)?.get(key) === held) own += held;
  }
  if (theirs.size === 0 && floor === before.floor) return before;
  const others = theirs.size === 0 ? before.others : merge(before.others, theirs);
  return checked(own, identity.incarnation, others, floor);
}

/** The counter with the larger of each part, our own total included: for what comes from our own disk. */
export function restored(identity: Identity, state: CounterState, parts: GCounter): CounterState | undefined {
  const before = asPresent(identity, state);
  const { incarnation } = before;
  const present = nameOf(identity.nodeId, identity.incarnation);
  const own = Math.max(before.own, parts.get(present) ?? 0);
  const floor = Math.max(before.floor, parts.get(FLOOR) ?? 0);
  const known = (parts.has(present) ? 1 : 0) + (parts.has(FLOOR) ? 1 : 0);
  if (parts.size === known) return checked(own, incarnation, before.others, floor);
  const others = new Map(parts);
  others.delete(present);
  others.delete(FLOOR);
  return checked(own, incarnation, merge(before.others, others), floor);
}

function checked(
  own: number,
  incarnation: number,
  others: GCounter,
  floor: number,
): CounterState | undefined {
  const foreign = valueOf(others);
  const sum = foreign === undefined ? undefined : plus(foreign, own);
  return sum === undefined ? undefined : { own, incarnation, others, floor, value: Math.max(sum, floor) };
}

/** The parts of `after` that `before` does not have. */
export function changedParts(identity: Identity, before: CounterState, after: CounterState): GCounter {
  const had = partsOf(identity, before);
  return new Map([...partsOf(identity, after)].filter(([name, part]) => had.get(name) !== part));
}
