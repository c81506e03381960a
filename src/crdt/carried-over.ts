/**
 * What of a disk's counters is carried over to a store that servers share, and under which names. Carried over again, each
 * total has the same name and is as large or larger, so by the larger total everything counts once.
 *
 * In such a store, servers count under names without a `~`, the same ones that disks count under: a total of `node-1` there
 * and one of `node-1` here have nothing to do with each other. So no name without a `~` is carried over as it is.
 */
import { type CounterState, nodesOf } from './counter-state.ts';
import type { GCounter } from './g-counter.ts';
import { type Identity, replicaIdOf } from './replica-id.ts';

export interface Origin {
  /** Of a disk that counts under a random replica id. */
  readonly identity: Identity;
  /** Whether it has never had peers, so that nobody else has what it counted under its plain node id. */
  readonly isAlone: boolean;
}

/**
 * The replica id that a disk's own total is carried over under: its first random one, which stays the first when it takes
 * another.
 */
export const carriedOverAs = ({ nodeId, suffix, counted }: Identity): string =>
  [...counted.keys()].find((id) => RANDOM.test(id)) ?? replicaIdOf(nodeId, suffix);

/**
 * The totals of a counter, by name. Their sum is its value: what the lower bound is ahead of the sum counts as the disk's
 * own.
 */
export function carriedOver({ identity, isAlone }: Origin, state: CounterState): GCounter {
  const ownName = carriedOverAs(identity);
  const nodes = nodesOf(identity, state);
  const totals = new Map<string, number>();
  let own = state.value;
  for (const [name, total] of nodes) {
    // Whoever has never had peers has counted this itself; two such disks may have the same node id.
    if (name === ownName || (isAlone && isPlainOf(identity, name))) continue;
    own -= total;
    const shared = name.includes('~') ? name : `${name}~1`;
    totals.set(shared, Math.max(total, totals.get(shared) ?? 0));
  }
  return own === 0 ? totals : totals.set(ownName, own);
}

/** A replica id with a random suffix. */
const RANDOM = /~[a-z][\da-z]{5}$/;

/** Whether a replica id is one of a node without a random suffix. Old versions took numbers from 2 on. */
const isPlainOf = ({ nodeId }: Identity, name: string): boolean =>
  name === nodeId || (name.startsWith(`${nodeId}~`) && NUMBER.test(name.slice(nodeId.length)));

const NUMBER = /^~(?:[2-9]|[1-9]\d+)$/;
