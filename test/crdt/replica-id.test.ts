import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { suffixOf, isBeyond, hasRandomSuffix, randomSuffix, replicaIdOf } from '../../src/crdt/replica-id.ts';

const nodeId = fc.string({ minLength: 1 }).filter((id) => !id.includes('~'));

test('the first replica id is the node id, the others add their number', () => {
  expect([1, 2, 10].map((suffix) => replicaIdOf('node-1', suffix))).toEqual([
    'node-1',
    'node-1~2',
    'node-1~10',
  ]);
});

test('a name stands for the suffix that it was made of', () => {
  fc.assert(
    fc.property(nodeId, fc.integer({ min: 1, max: 2_000_000 }), (id, suffix) => {
      expect(suffixOf(id, replicaIdOf(id, suffix))).toBe(suffix);
    }),
  );
});

test('a name that is not a replica id of a node has no suffix', () => {
  fc.assert(
    fc.property(nodeId, fc.string(), (id, name) => {
      const suffix = suffixOf(id, name);
      expect(suffix === undefined ? name : replicaIdOf(id, suffix)).toBe(name);
    }),
  );
});

test.each([
  'node-10',
  'node-1~',
  'node-1~1',
  'node-1~0',
  'node-1~02',
  'node-1~2.0',
  'node-1~2e0',
  'node-1~ 2',
  'node-1~-2',
  'node-1x2',
  'node-1~2~3',
  'node-',
  'node-2~2',
  '',
])('node-1 is not %j', (name) => {
  expect(suffixOf('node-1', name)).toBeUndefined();
});

const FIRST_RANDOM_SUFFIX = Number.parseInt('a00000', 36);
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('a random suffix is six characters, the first of them a letter', () => {
  fc.assert(
    fc.property(nodeId, random, (id, drawn) => {
      const suffix = randomSuffix(drawn);
      expect(hasRandomSuffix(suffix)).toBe(true);
      expect(suffix).toBeLessThan(2 ** 31);
      expect(replicaIdOf(id, suffix).slice(id.length)).toMatch(/^~[a-z][0-9a-z]{5}$/);
      expect(suffixOf(id, replicaIdOf(id, suffix))).toBe(suffix);
    }),
  );
});

test('the random suffixes are all numbers between the first and the last', () => {
  expect(replicaIdOf('a', randomSuffix(0))).toBe('a~a00000');
  expect(replicaIdOf('a', randomSuffix(1 - Number.EPSILON / 2))).toBe('a~zik0zj');
  expect([1, 2, FIRST_RANDOM_SUFFIX - 1, FIRST_RANDOM_SUFFIX].map(hasRandomSuffix)).toEqual([
    false,
    false,
    false,
    true,
  ]);
});

test('no two suffixes have one name', () => {
  const suffix = fc.oneof(fc.integer({ min: 1, max: 2_000_000 }), random.map(randomSuffix));
  fc.assert(
    fc.property(nodeId, suffix, suffix, (id, a, b) => {
      expect(replicaIdOf(id, a) === replicaIdOf(id, b)).toBe(a === b);
    }),
  );
});

test.each([
  'node-1~A00000',
  'node-1~a0000',
  'node-1~604661760',
  'node-1~k3f9q!',
  'node-1~k3f9qz~2',
  'node-1~e5',
])('%j is not a replica id of node-1', (name) => {
  expect(suffixOf('node-1', name)).toBeUndefined();
});

test('a replica id is out of reach by its number, and never by a random suffix', () => {
  const beyond = ['node-1~1000000', 'node-1~604661760', `node-1~${'9'.repeat(400)}`];
  const within = [
    'node-1',
    'node-1~2',
    'node-1~999999',
    'node-1~a00000',
    'node-1~zik0zj',
    'node-2~1000000',
    '~1000000',
  ];
  expect([...beyond, ...within].filter((name) => isBeyond('node-1', name))).toEqual(beyond);
  fc.assert(
    fc.property(nodeId, random, (id, drawn) => {
      expect(isBeyond(id, replicaIdOf(id, randomSuffix(drawn)))).toBe(false);
    }),
  );
});
