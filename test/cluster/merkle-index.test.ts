import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LEAVES } from '../../src/cluster/merkle-tree.ts';
import { REMEMBERED, MerkleIndex } from '../../src/cluster/merkle-index.ts';
import type { GCounter } from '../../src/crdt/g-counter.ts';
import { LOWER_BOUND } from '../../src/crdt/counter-state.ts';
import { MemoryReplica, Side, leafOfKey } from '../support/memory-replica.ts';

type Contents = readonly (readonly [key: string, parts: GCounter])[];

const RANDOM_SUFFIX = Number.parseInt('k3f9qz', 36);

/** The servers that may hold the same contents, some parts as their own and the rest as those of others. */
const views: readonly (readonly [nodeId: string, suffix: number])[] = [
  ['node-1', 1],
  ['node-1', 2],
  ['node-1', RANDOM_SUFFIX],
  ['node-2', 1],
  ['node-3', 1],
];
const name = fc.constantFrom('node-1', 'node-1~2', 'node-1~k3f9qz', 'node-2', '__proto__', LOWER_BOUND);
const key = fc.constantFrom('likes', 'views', '__proto__', '1', '\u{1F511}', 'a'.repeat(256));
const parts: fc.Arbitrary<GCounter> = fc
  .array(fc.tuple(name, fc.integer({ min: 1, max: 2 ** 50 })), { minLength: 1, maxLength: 4 })
  .map((entries) => new Map(entries));
const contents: fc.Arbitrary<Contents> = fc
  .array(fc.tuple(key, parts), { maxLength: 6 })
  .map((entries) => [...new Map(entries)]);
const view = fc.constantFrom(...views);

/** The digest of each counter. */
const digestsOf = (side: Side): unknown =>
  [...side.replica.counters.list('')].map((counter) => [counter.key, side.index.digestOf(counter)]);

/** All parts one by one, in a random order, some of them first with a part of what they come to. */
const arrivals = (of: Contents): fc.Arbitrary<readonly (readonly [string, string, number])[]> => {
  const single = of.flatMap(([counter, totals]) =>
    [...totals].flatMap(([node, total]) => [
      [counter, node, total] as const,
      [counter, node, Math.ceil(total / 2)] as const,
    ]),
  );
  return fc.shuffledSubarray(single, { minLength: single.length, maxLength: single.length });
};

test('equal contents have equal digests, at any server and in any order of arrival', () => {
  const setting = contents.chain((of) => fc.tuple(fc.constant(of), arrivals(of), arrivals(of), view, view));
  fc.assert(
    fc.property(setting, ([of, first, second, [idA, lifeA], [idB, lifeB]]) => {
      const [a, b] = [new Side(new MemoryReplica(idA, lifeA)), new Side(new MemoryReplica(idB, lifeB))];
      for (const [counter, node, total] of first) a.replica.restore(counter, new Map([[node, total]]));
      for (const [counter, node, total] of second) b.replica.restore(counter, new Map([[node, total]]));
      expect(a.replica.contents()).toEqual(
        Object.fromEntries(of.map(([k, p]) => [k, Object.fromEntries(p)])),
      );
      expect(b.index.tree.root).toBe(a.index.tree.root);
      expect(digestsOf(b)).toEqual(digestsOf(a));
    }),
  );
});

test('any difference shows in the root, in the leaf and in the digest of the counter', () => {
  fc.assert(
    fc.property(contents, view, key, name, (of, [nodeId, suffix], changed, node) => {
      const [a, b] = [1, 2].map(() => new Side(new MemoryReplica(nodeId, suffix)));
      if (a === undefined || b === undefined) throw new Error('there are two');
      for (const side of [a, b]) for (const [counter, totals] of of) side.replica.restore(counter, totals);
      const total = new Map(of).get(changed)?.get(node) ?? 0;
      b.replica.restore(changed, new Map([[node, total + 1]]));
      expect(b.index.tree.root).not.toBe(a.index.tree.root);
      const leaf = leafOfKey(changed);
      const last = (side: Side): string =>
        side.index.tree.children(3, leaf >> 4).slice((leaf & 15) * 8, (leaf & 15) * 8 + 8);
      expect(last(b)).not.toBe(last(a));
      const digest = ({ index, replica }: Side): string | undefined => {
        const counter = replica.counters.get(changed);
        return counter && index.digestOf(counter);
      };
      expect(digest(b)).not.toBe(digest(a));
    }),
  );
});

test('a history of increments has the digest of its result', () => {
  const steps = fc.array(fc.tuple(key, fc.integer({ min: 1, max: 9 })), { maxLength: 30 });
  fc.assert(
    fc.property(steps, view, fc.boolean(), (increments, [nodeId, suffix], hasLowerBound) => {
      const a = new Side(new MemoryReplica(nodeId, suffix));
      if (hasLowerBound) a.replica.restore('likes', new Map([[LOWER_BOUND, 20]]));
      for (const [counter, amount] of increments) a.replica.add(counter, amount);
      const b = new Side(new MemoryReplica('node-9'));
      for (const [counter, totals] of Object.entries(a.replica.contents())) {
        b.replica.restore(counter, new Map(Object.entries(totals)));
      }
      expect(b.replica.contents()).toEqual(a.replica.contents());
      expect(b.index.tree.root).toBe(a.index.tree.root);
    }),
  );
});

test('a history over several restarts has the digest of its result', async () => {
  const a = new Side(new MemoryReplica('node-1'));
  a.replica.add('likes', 3);
  a.replica.become(2);
  a.replica.add('views', 1);
  a.replica.add('likes', 4);
  await a.replica.useRandomReplicaId();
  a.replica.add('likes', 5);
  await a.replica.merge(new Map([['likes', new Map([['node-1', 7]])]]));
  const b = new Side(new MemoryReplica('node-2'));
  for (const [counter, totals] of Object.entries(a.replica.contents())) {
    b.replica.restore(counter, new Map(Object.entries(totals)));
  }
  expect(a.replica.value('likes')).toBe(19);
  expect(b.index.tree.root).toBe(a.index.tree.root);
});

test('a merge that changes nothing changes no digest', async () => {
  const { replica, index } = new Side(new MemoryReplica('node-1'));
  replica.add('likes', 3);
  const { root } = index.tree;
  await replica.merge(new Map([['likes', new Map([['node-1', 2]])]]));
  expect(index.tree.root).toBe(root);
});

describe('an index of counters that were there before it', () => {
  const before = (): MemoryReplica => {
    const replica = new MemoryReplica('node-1');
    replica.add('likes', 3);
    replica.restore(
      'views',
      new Map([
        ['node-2', 4],
        [LOWER_BOUND, 9],
      ]),
    );
    return replica;
  };

  test('has the same digest as one that saw them come', () => {
    const old = new Side(before());
    const seeing = new Side(new MemoryReplica('node-1'));
    seeing.replica.add('likes', 3);
    seeing.replica.restore(
      'views',
      new Map([
        ['node-2', 4],
        [LOWER_BOUND, 9],
      ]),
    );
    expect(old.index.tree.root).toBe(seeing.index.tree.root);
  });

  test('has the same counters in its leaves as one that saw them come', () => {
    const old = new Side(before());
    for (const counter of ['likes', 'views']) {
      expect(old.index.leaf(leafOfKey(counter))).toEqual([old.replica.counters.get(counter)]);
    }
  });

  test('tells of what changes in them later', () => {
    const { replica, index } = new Side(before());
    replica.add('likes', 2);
    expect(index.changes.at(index.changes.position)).toMatchObject({ key: 'likes', own: 5 });
    expect(index.leaf(leafOfKey('likes'))).toMatchObject([{ key: 'likes', own: 5 }]);
  });
});

test('only local increments and lower bounds are pushed to peers', async () => {
  const replica = new MemoryReplica('node-1');
  let told = 0;
  const index = new MerkleIndex('node-1', replica.counters, () => told++);
  replica.add('likes');
  await replica.merge(new Map([['likes', new Map([['node-2', 4]])]]));
  expect([told, index.changes.position]).toEqual([1, 1]);
  await replica.merge(new Map([['likes', new Map([[LOWER_BOUND, 40]])]]));
  expect([told, index.changes.position]).toEqual([2, 2]);
  expect(index.changes.at(1)?.key).toBe('likes');
});

test('the latest changes are remembered', () => {
  const { replica, index } = new Side(new MemoryReplica('node-1'));
  for (let change = 0; change <= REMEMBERED; change++) replica.add(`key-${change % 1000}`);
  expect(index.changes.position).toBe(REMEMBERED + 1);
  expect([0, 1, index.changes.position].map((position) => index.changes.remembers(position))).toEqual([
    false,
    true,
    true,
  ]);
  expect(index.changes.at(2)?.key).toBe('key-1');
});

test('each counter is in one leaf, in the order of the keys', () => {
  const { replica, index } = new Side(new MemoryReplica('node-1'));
  for (let number = 0; number < 5000; number++) replica.add(`key-${number}`);
  for (let number = 0; number < 5000; number++) replica.add(`key-${number}`);
  const leaves = Array.from({ length: LEAVES }, (_, leaf) => index.leaf(leaf));
  expect(leaves.reduce((sum, leaf) => sum + leaf.length, 0)).toBe(5000);
  for (const [at, leaf] of leaves.entries()) {
    const keys = leaf.map((counter) => counter.key);
    expect(keys).toEqual(keys.toSorted());
    expect(keys.every((each) => leafOfKey(each) === at)).toBe(true);
  }
});
