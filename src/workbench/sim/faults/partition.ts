/**
 * The fault `partition`: nodes cannot hear some of the others. Services and clients stay reachable from everywhere. The
 * shapes are those that Maelstrom draws (`jepsen.nemesis.combined`): one node, halves, a third or less, or a ring in
 * which every node hears another majority. Cuts in one direction are ours.
 */
import type { Random } from '../../../runtime/random.ts';
import { pick, shuffled } from '../random.ts';
import type { ActiveFault, FaultKind } from './fault.ts';

export const partition: FaultKind = ({ random, nodeIds }) => asFault(randomPartition(random, nodeIds));

/** The same without the shape that cuts nobody off where there are few nodes, for clusters that Maelstrom does not know. */
export const effectivePartition: FaultKind = ({ random, nodeIds }) =>
  asFault(randomPartition(random, nodeIds, effectiveShapes));

const asFault = ({ description, deafTo }: Partition): ActiveFault => ({
  description,
  isBlocked: (src, dest) => deafTo.get(dest)?.has(src) ?? false,
});

/** Which messages between nodes are lost: for each receiver, the senders it cannot hear. */
export interface Partition {
  /** For people: `halves n0 n2 | n1`. */
  readonly description: string;
  readonly deafTo: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Draws a partition of one of `shapes`. */
export function randomPartition(
  random: Random,
  nodeIds: readonly string[],
  shapes: readonly Shape[] = allShapes,
): Partition {
  const order = shuffled(random, nodeIds);
  return pick(random, shapes)(order, random);
}

/** Cuts nodes that come in random order. */
type Shape = (order: readonly string[], random: Random) => Partition;

const oneNode: Shape = (order) => split('one node', order, 1);

const halves: Shape = (order) => split('halves', order, order.length >> 1);

/** For up to three nodes, that is none. */
const minorityThird: Shape = (order) => split('minority third', order, Math.floor((order.length - 1) / 3));

const majorities: Shape = (order, random) =>
  order.length <= 5 ? majoritiesRing(order) : majoritiesMesh(order, random);

const oneWay: Shape = (order) => {
  const [from, to] = [order.slice(0, order.length >> 1), order.slice(order.length >> 1)];
  const description = `one way: ${to.join(' ')} cannot hear ${from.join(' ')}`;
  return { description, deafTo: new Map(to.map((node) => [node, new Set(from)])) };
};

const allShapes = [oneNode, halves, minorityThird, majorities, oneWay];
const effectiveShapes = [oneNode, halves, oneWay, majorities];

/** Cuts the first `count` nodes off from the others. */
function split(name: string, order: readonly string[], count: number): Partition {
  const [left, right] = [order.slice(0, count), order.slice(count)];
  const deafTo = new Map([
    ...left.map((node) => [node, new Set(right)] as const),
    ...right.map((node) => [node, new Set(left)] as const),
  ]);
  return { description: `${name}: ${left.join(' ') || 'nobody'} | ${right.join(' ')}`, deafTo };
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

/**
 * The same for clusters that no ring fits: of the nodes with the fewest links, one is linked to another, until every node
 * has a majority.
 */
function majoritiesMesh(nodes: readonly string[], random: Random): Partition {
  const majority = (nodes.length >> 1) + 1;
  const heard = new Map(nodes.map((node) => [node, new Set([node])]));
  const links = (node: string): number => heard.get(node)?.size ?? 0;
  for (;;) {
    const byLinks = shuffled(random, nodes).toSorted((a, b) => links(a) - links(b));
    const [a] = byLinks;
    const b = byLinks.find((node) => a !== undefined && !heard.get(a)?.has(node));
    if (a === undefined || b === undefined || links(a) >= majority) break;
    heard.get(a)?.add(b);
    heard.get(b)?.add(a);
  }
  const deafTo = new Map(
    nodes.map((node) => [node, new Set(nodes.filter((other) => !heard.get(node)?.has(other)))]),
  );
  return { description: `majorities: ${[...deafTo].map(describeDeaf).join(', ')}`, deafTo };
}

const describeDeaf = ([node, deaf]: readonly [string, ReadonlySet<string>]): string =>
  `${node} without ${[...deaf].join(' ')}`;
