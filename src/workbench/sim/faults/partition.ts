/**
 * The fault `partition`: nodes cannot hear some of the others. Services and clients stay reachable from everywhere. The
 * shapes are Jepsen's: one node, halves, one direction only, or a ring in which every node hears another majority.
 */
import type { Random } from '../../../runtime/random.ts';
import { pick, shuffled } from '../random.ts';
import type { FaultKind } from './fault.ts';

export const partition: FaultKind = ({ random, nodeIds }) => {
  const { description, deafTo } = randomPartition(random, nodeIds);
  return { description, isBlocked: (src, dest) => deafTo.get(dest)?.has(src) ?? false };
};

/** Which messages between nodes are lost: for each receiver, the senders it cannot hear. */
export interface Partition {
  /** For people: `halves n0 n2 | n1`. */
  readonly description: string;
  readonly deafTo: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Draws a partition of a random shape. */
export function randomPartition(random: Random, nodeIds: readonly string[]): Partition {
  const order = shuffled(random, nodeIds);
  return pick(random, shapes)(order);
}

const shapes: readonly ((order: readonly string[]) => Partition)[] = [
  (order) => split('one node', order.slice(0, 1), order.slice(1)),
  (order) => split('halves', order.slice(0, order.length >> 1), order.slice(order.length >> 1)),
  (order) => {
    const [from, to] = [order.slice(0, order.length >> 1), order.slice(order.length >> 1)];
    const description = `one way: ${to.join(' ')} cannot hear ${from.join(' ')}`;
    return { description, deafTo: new Map(to.map((node) => [node, new Set(from)])) };
  },
  majoritiesRing,
];

function split(name: string, left: readonly string[], right: readonly string[]): Partition {
  const deafTo = new Map([
    ...left.map((node) => [node, new Set(right)] as const),
    ...right.map((node) => [node, new Set(left)] as const),
  ]);
  return { description: `${name}: ${left.join(' ')} | ${right.join(' ')}`, deafTo };
}

/** Every node hears a majority, but no two nodes the same one. */
function majoritiesRing(ring: readonly string[]): Partition {
  const majority = (ring.length >> 1) + 1;
  const deafTo = new Map(
    ring.map((node, i) => {
      const from = i + ring.length - (majority >> 1);
      const heard = new Set(Array.from({ length: majority }, (_, k) => ring[(from + k) % ring.length]));
      return [node, new Set(ring.filter((other) => !heard.has(other)))];
    }),
  );
  return { description: `majorities ring: ${ring.join(' ')}`, deafTo };
}
