import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { incarnationOf, nameOf } from '../../src/crdt/incarnation.ts';

const nodeId = fc.string({ minLength: 1 }).filter((id) => !id.includes('~'));

test('the first incarnation has the name of the node, the others add their number', () => {
  expect([1, 2, 10].map((incarnation) => nameOf('node-1', incarnation))).toEqual([
    'node-1',
    'node-1~2',
    'node-1~10',
  ]);
});

test('a name stands for the incarnation that it was made of', () => {
  fc.assert(
    fc.property(nodeId, fc.integer({ min: 1, max: 2_000_000 }), (id, incarnation) => {
      expect(incarnationOf(id, nameOf(id, incarnation))).toBe(incarnation);
    }),
  );
});

test('a name that is no incarnation of a node stands for none', () => {
  fc.assert(
    fc.property(nodeId, fc.string(), (id, name) => {
      const incarnation = incarnationOf(id, name);
      expect(incarnation === undefined ? name : nameOf(id, incarnation)).toBe(name);
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
  expect(incarnationOf('node-1', name)).toBeUndefined();
});
