import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasRandomSuffix, randomSuffix, replicaIdOf } from '../../src/crdt/replica-id.ts';

const nodeId = fc.string({ minLength: 1 }).filter((id) => !id.includes('~'));
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('the first replica id is the node id; those that an earlier version numbered keep their names', () => {
  expect([1, 2, 10].map((suffix) => replicaIdOf('node-1', suffix))).toEqual([
    'node-1',
    'node-1~2',
    'node-1~10',
  ]);
  expect([1, 2, 999_999].map(hasRandomSuffix)).toEqual([false, false, false]);
});

test('a random suffix is six characters, the first of them a letter', () => {
  fc.assert(
    fc.property(nodeId, random, (id, drawn) => {
      const suffix = randomSuffix(drawn);
      expect(hasRandomSuffix(suffix)).toBe(true);
      expect(suffix).toBeLessThan(2 ** 31);
      expect(replicaIdOf(id, suffix).slice(id.length)).toMatch(/^~[a-z][0-9a-z]{5}$/);
    }),
  );
});

test('the random suffixes are all numbers between the first and the last', () => {
  expect(replicaIdOf('a', randomSuffix(0))).toBe('a~a00000');
  expect(replicaIdOf('a', randomSuffix(1 - Number.EPSILON / 2))).toBe('a~zik0zj');
});

test('no two suffixes have one name', () => {
  const suffix = fc.oneof(fc.integer({ min: 1, max: 2_000_000 }), random.map(randomSuffix));
  fc.assert(
    fc.property(nodeId, suffix, suffix, (id, a, b) => {
      expect(replicaIdOf(id, a) === replicaIdOf(id, b)).toBe(a === b);
    }),
  );
});
