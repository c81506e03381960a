import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  DIGEST_CHARS,
  MerkleTree,
  FAN_OUT,
  LEAVES,
  LEVELS,
  encodeDigest,
} from '../../src/cluster/merkle-tree.ts';
import { leafOfKey } from '../support/memory-replica.ts';
import { type Hash, hashPart, hashText } from '../../src/cluster/hash.ts';

const hash: fc.Arbitrary<Hash> = fc.record({ high: fc.integer(), low: fc.integer() });
const change = fc.tuple(fc.nat(LEAVES - 1), hash);

const digestsOf = (changes: readonly (readonly [number, Hash])[]): MerkleTree => {
  const digests = new MerkleTree();
  for (const [leaf, toggled] of changes) digests.toggle(leaf, toggled);
  return digests;
};

/** The leaves that differ, found as two replicas find them. */
function differingLeaves(a: MerkleTree, b: MerkleTree): number[] {
  let nodes = [0];
  for (let level = 0; level < LEVELS; level++) {
    nodes = nodes.flatMap((node) => a.differing(level, node, b.children(level, node)));
  }
  return nodes;
}

test('the order of changes does not matter', () => {
  fc.assert(
    fc.property(
      fc
        .array(change)
        .chain((changes) =>
          fc.tuple(
            fc.constant(changes),
            fc.shuffledSubarray(changes, { minLength: changes.length, maxLength: changes.length }),
          ),
        ),
      ([changes, shuffled]) => {
        expect(digestsOf(shuffled).root).toBe(digestsOf(changes).root);
      },
    ),
  );
});

test('what was taken in and out again leaves no trace', () => {
  fc.assert(
    fc.property(fc.array(change), fc.array(change), (kept, gone) => {
      const digests = digestsOf([...kept, ...gone, ...gone.toReversed()]);
      expect(digests.root).toBe(digestsOf(kept).root);
      expect(differingLeaves(digests, digestsOf(kept))).toEqual([]);
    }),
  );
});

test('the way down the tree leads to the leaves that differ and to no other', () => {
  const apart = fc.uniqueArray(change, { selector: ([leaf]) => leaf, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 8 }), apart, (common, more) => {
      const seen = more.filter(([, { high, low }]) => ((high & 0xffff) | low) !== 0);
      const [a, b] = [digestsOf(common), digestsOf([...common, ...seen])];
      const leaves = seen.map(([leaf]) => leaf).toSorted((x, y) => x - y);
      expect(differingLeaves(a, b)).toEqual(leaves);
      expect(differingLeaves(b, a)).toEqual(leaves);
    }),
    { numRuns: 30 },
  );
});

test('a node is the sum of its children, down to the leaves', () => {
  const digests = digestsOf([[FAN_OUT ** 3 + 5, { high: 1, low: 2 }]]);
  const digest = encodeDigest({ high: 1, low: 2 });
  const nothing = encodeDigest({ high: 0, low: 0 });
  expect(digests.root).toBe(digest);
  for (const [level, node, child] of [
    [0, 0, 1],
    [1, 1, 0],
    [2, 16, 0],
    [3, 256, 5],
  ] as const) {
    const children = digests.children(level, node);
    expect(children).toHaveLength(FAN_OUT * DIGEST_CHARS);
    expect(children).toBe(nothing.repeat(child) + digest + nothing.repeat(FAN_OUT - 1 - child));
  }
});

test('a digest is eight characters, whatever it is of', () => {
  fc.assert(
    fc.property(hash, (of) => {
      expect(encodeDigest(of)).toMatch(/^[\w-]{8}$/);
    }),
  );
});

test('keys spread over the leaves', () => {
  const counts = new Map<number, number>();
  for (let number = 0; number < 4 * LEAVES; number++) {
    const leaf = leafOfKey(`counter-${number}`);
    counts.set(leaf, (counts.get(leaf) ?? 0) + 1);
  }
  expect(counts.size).toBeGreaterThan(0.97 * LEAVES);
  expect(Math.max(...counts.values())).toBeLessThan(24);
  expect([...counts.keys()].every((leaf) => leaf >= 0 && leaf < LEAVES)).toBe(true);
});

test('the hash of a part depends on the counter, the name and each bit of the total', () => {
  const digest = (key: string, name: string, total: number): string => {
    const result = { high: 0, low: 0 };
    hashPart(hashText(key), hashText(name), total, result);
    return encodeDigest(result);
  };
  const totals = Array.from({ length: 53 }, (_, bit) => 2 ** bit);
  const more = totals.map((total) => Number.MAX_SAFE_INTEGER - total);
  const digests = ['', 'a', 'b', 'ab', 'ba', '1', '\u{1F511}'].flatMap((key) =>
    ['', 'a', 'b', 'ab', 'ba', '1'].flatMap((name) =>
      [...totals, ...more].map((total) => digest(key, name, total)),
    ),
  );
  expect(new Set(digests).size).toBe(digests.length);
});

test('small totals under a few names in many counters collide no more than chance has it', () => {
  const seen = new Set<string>();
  const result = { high: 0, low: 0 };
  const names = ['node-1', 'node-2', 'node-1~k3f9qz'].map((name) => hashText(name));
  for (let key = 0; key < 2000; key++) {
    for (const name of names) {
      for (let total = 1; total <= 50; total++) {
        hashPart(hashText(`key-${key}`), name, total, result);
        seen.add(encodeDigest(result));
      }
    }
  }
  expect(seen.size).toBe(300_000);
});
