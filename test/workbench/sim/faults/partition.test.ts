import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Partition,
  effectivePartition,
  randomPartition,
} from '../../../../src/workbench/sim/faults/partition.ts';
import { streams } from '../../../../src/workbench/sim/random.ts';

const nodesOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}`);

const partitionOf = (seed: number, nodeIds: readonly string[]): Partition =>
  randomPartition(streams(seed)('nemesis'), nodeIds);

const shapeOf = ({ description }: Partition): string => description.split(':')[0] ?? '';

const hears = ({ deafTo }: Partition, receiver: string, sender: string): boolean =>
  !(deafTo.get(receiver)?.has(sender) ?? false);

/** The nodes that each of `nodeIds` hears. */
const hearing = (partition: Partition, nodeIds: readonly string[]): string[][] =>
  nodeIds.map((receiver) => nodeIds.filter((sender) => hears(partition, receiver, sender)));

const counts = fc.integer({ min: 2, max: 9 });

/** Checks `law` on many partitions of one shape. */
function everyPartition(
  shape: string,
  law: (partition: Partition, nodeIds: readonly string[]) => void,
): void {
  fc.assert(
    fc.property(fc.nat(), counts, (seed, count) => {
      const nodeIds = nodesOf(count);
      const partition = partitionOf(seed, nodeIds);
      fc.pre(shapeOf(partition) === shape);
      law(partition, nodeIds);
    }),
    { maxSkipsPerRun: 1000 },
  );
}

const isMutual = (partition: Partition, nodeIds: readonly string[]): boolean =>
  nodeIds.every((a) => nodeIds.every((b) => hears(partition, a, b) === hears(partition, b, a)));

test('all five shapes occur, about equally often', () => {
  const occurrences = new Map<string, number>();
  for (let seed = 0; seed < 1000; seed++) {
    const shape = shapeOf(partitionOf(seed, nodesOf(5)));
    occurrences.set(shape, (occurrences.get(shape) ?? 0) + 1);
  }
  expect([...occurrences.keys()].toSorted()).toEqual([
    'halves',
    'majorities ring',
    'minority third',
    'one node',
    'one way',
  ]);
  for (const count of occurrences.values()) expect(count).toBeGreaterThan(150);
});

test('no node is cut off from itself, and only nodes are cut off', () => {
  fc.assert(
    fc.property(fc.nat(), counts, (seed, count) => {
      const nodeIds = nodesOf(count);
      const partition = partitionOf(seed, nodeIds);
      for (const node of nodeIds) expect(hears(partition, node, node)).toBe(true);
      for (const [node, deaf] of partition.deafTo) {
        expect(nodeIds).toEqual(expect.arrayContaining([node, ...deaf]));
      }
    }),
  );
});

test('one node is cut off from all others, which still hear each other', () => {
  everyPartition('one node', (partition, nodeIds) => {
    const alone = nodeIds.length === 2 ? 2 : 1;
    const sizes = hearing(partition, nodeIds).map((heard) => heard.length);
    expect(sizes.filter((size) => size === 1)).toHaveLength(alone);
    expect(sizes.filter((size) => size === nodeIds.length - 1)).toHaveLength(nodeIds.length - 1 + alone - 1);
    expect(isMutual(partition, nodeIds)).toBe(true);
  });
});

test('halves differ by at most one, and neither hears the other', () => {
  everyPartition('halves', (partition, nodeIds) => {
    const smaller = Math.floor(nodeIds.length / 2);
    for (const heard of hearing(partition, nodeIds)) {
      expect([smaller, nodeIds.length - smaller]).toContain(heard.length);
      expect(hearing(partition, heard)).toEqual(heard.map(() => heard));
    }
    expect(isMutual(partition, nodeIds)).toBe(true);
  });
});

test('a minority third is less than a third, so that up to three nodes have none', () => {
  everyPartition('minority third', (partition, nodeIds) => {
    const [smallest] = hearing(partition, nodeIds).toSorted((a, b) => a.length - b.length);
    const third = Math.ceil(nodeIds.length / 3) - 1;
    expect(smallest).toHaveLength(third === 0 ? nodeIds.length : third);
    for (const heard of hearing(partition, nodeIds))
      expect(hearing(partition, heard)).toEqual(heard.map(() => heard));
  });
});

test('where Maelstrom is not the measure, every partition of three or more nodes cuts somebody off', () => {
  const nodes = { kill: () => {}, restart: () => {}, pause: () => {}, resume: () => {} };
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 3, max: 9 }), (seed, count) => {
      const nodeIds = nodesOf(count);
      const { isBlocked } = effectivePartition({ random: streams(seed)('nemesis'), nodeIds, nodes });
      expect(nodeIds.some((a) => nodeIds.some((b) => isBlocked?.(a, b)))).toBe(true);
    }),
  );
});

test('one way: half of the nodes hear all others, the other half only each other', () => {
  everyPartition('one way', (partition, nodeIds) => {
    const deaf = hearing(partition, nodeIds).filter((heard) => heard.length < nodeIds.length);
    expect(deaf).toHaveLength(Math.ceil(nodeIds.length / 2));
    for (const heard of deaf) expect(heard).toEqual(deaf[0]);
    expect(deaf[0]).toHaveLength(deaf.length);
  });
});

test('in a majorities ring, every node hears a majority, and with three or more nodes no two hear the same', () => {
  everyPartition('majorities ring', (partition, nodeIds) => {
    const majorities = hearing(partition, nodeIds);
    const size = Math.floor(nodeIds.length / 2) + 1;
    expect(majorities.map((heard) => heard.length)).toEqual(nodeIds.map(() => size));
    const distinct = new Set(majorities.map((heard) => heard.join(' ')));
    expect(distinct.size).toBe(nodeIds.length === 2 ? 1 : nodeIds.length);
  });
});

test('with more than five nodes, there is no ring, but every node still hears a majority, and is heard by it', () => {
  everyPartition('majorities', (partition, nodeIds) => {
    expect(nodeIds.length).toBeGreaterThan(5);
    expect(isMutual(partition, nodeIds)).toBe(true);
    const sizes = hearing(partition, nodeIds).map((heard) => heard.length);
    expect(Math.min(...sizes)).toBe(Math.floor(nodeIds.length / 2) + 1);
    expect(Math.max(...sizes)).toBeLessThan(nodeIds.length);
  });
});

test('the node that is cut off alone is drawn at random', () => {
  const descriptions = Array.from({ length: 500 }, (_, seed) => partitionOf(seed, nodesOf(3)).description);
  const alone = new Set(descriptions.flatMap((text) => /^one node: (\w+)/.exec(text)?.[1] ?? []));
  expect([...alone].toSorted()).toEqual(['n0', 'n1', 'n2']);
});

test('a description names every node', () => {
  fc.assert(
    fc.property(fc.nat(), counts, (seed, count) => {
      const nodeIds = nodesOf(count);
      const words = partitionOf(seed, nodeIds).description.split(/\W+/);
      expect(words).toEqual(expect.arrayContaining(nodeIds));
    }),
  );
});

test('a single node is never cut off', () => {
  for (let seed = 0; seed < 100; seed++) {
    const { deafTo } = partitionOf(seed, ['n0']);
    expect([...deafTo.values()].every((deaf) => deaf.size === 0)).toBe(true);
  }
});
