import { type GCounter, merge, plus, value as valueOf } from '../crdt/g-counter.ts';
import { type Identity, incarnationOf, nameOf } from './incarnation.ts';

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
  /** The sum of all totals. */
  readonly value: number;
}

const nobody: GCounter = new Map();

/** A counter that nobody has ever incremented. */
export const zero: CounterState = { own: 0, incarnation: 1, others: nobody, value: 0 };

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

/** The same counter with our total under our present name. */
function asPresent(identity: Identity, state: CounterState): CounterState {
  if (state.incarnation === identity.incarnation) return state;
  const others = new Map(nodesOf(identity, state));
  const name = nameOf(identity.nodeId, identity.incarnation);
  const own = others.get(name) ?? 0;
  others.delete(name);
  const { incarnation } = identity;
  return { own, incarnation, others: others.size === 0 ? nobody : others, value: state.value };
}

/** The counter after an increment of ours, or undefined where its value would pass 2^53 − 1. */
export function raised(identity: Identity, state: CounterState, amount: number): CounterState | undefined {
  const { own, incarnation, others, value } = asPresent(identity, state);
  const sum = plus(value, amount);
  return sum === undefined ? undefined : { own: own + amount, incarnation, others, value: sum };
}

/**
 * The incarnation to go to before `shown` may be merged into a counter, or undefined where the present one will do.
 * We alone raise our total, so whoever shows a larger one has it from a life that this disk has forgotten.
 */
export function nextIncarnation(
  identity: Identity,
  state: CounterState,
  shown: GCounter,
): number | undefined {
  const nodes = nodesOf(identity, asPresent(identity, state));
  let latest = 0;
  for (const [name, total] of shown) {
    const incarnation = incarnationOf(identity.nodeId, name) ?? 0;
    if (incarnation >= identity.incarnation && total > (nodes.get(name) ?? 0)) {
      latest = Math.max(latest, incarnation);
    }
  }
  return latest === 0 ? undefined : latest + 1;
}

/**
 * The counter with the larger total under each name. Needs an identity for which nextIncarnation has nothing to say.
 * What we counted under an earlier name that others hold more for goes to our present one. Answers undefined where
 * the value would pass 2^53 − 1.
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
  let own = before.own;
  for (const [name, total] of shown) {
    const held = before.others.get(name) ?? 0;
    if (name === present || total <= held) continue;
    theirs.set(name, total);
    if (held > 0 && identity.counted.get(name)?.get(key) === held) own += held;
  }
  if (theirs.size === 0) return before;
  return sumChecked(own, identity.incarnation, merge(before.others, theirs));
}

/** The counter with the larger total under each name, ours included: for what comes from our own disk. */
export function restored(identity: Identity, state: CounterState, nodes: GCounter): CounterState | undefined {
  const before = asPresent(identity, state);
  const present = nameOf(identity.nodeId, identity.incarnation);
  const shown = nodes.get(present);
  const own = Math.max(before.own, shown ?? 0);
  if (nodes.size === (shown === undefined ? 0 : 1)) return sumChecked(own, before.incarnation, before.others);
  const others = new Map(nodes);
  others.delete(present);
  return sumChecked(own, before.incarnation, merge(before.others, others));
}

function sumChecked(own: number, incarnation: number, others: GCounter): CounterState | undefined {
  const foreign = valueOf(others);
  const value = foreign === undefined ? undefined : plus(foreign, own);
  return value === undefined ? undefined : { own, incarnation, others, value };
}

/** The totals of `after` that `before` does not have. */
export function changedNodes(identity: Identity, before: CounterState, after: CounterState): GCounter {
  const had = nodesOf(identity, before);
  return new Map([...nodesOf(identity, after)].filter(([name, total]) => had.get(name) !== total));
}
