/** Which colours the page gives to nodes and their replica ids. */
import { expect, test } from 'vitest';
import { hueOf, shadeOf, splitReplicaId } from '../../../src/server/page/hues.ts';

test.each([
  ['node-1', 'node-1', ''],
  ['node-1~2', 'node-1', '~2'],
  ['node-1~k3f9qz', 'node-1', '~k3f9qz'],
  ['~2~3', '~2', '~3'],
  ['node~x', 'node~x', ''],
  ['node~3f9qzk', 'node~3f9qzk', ''],
  ['~2', '~2', ''],
])('the replica id %s is of the node %s, with the suffix %j', (replicaId, nodeId, suffix) => {
  expect(splitReplicaId(replicaId)).toEqual([nodeId, suffix]);
});

test('nodes get hues in turn and keep them; their replica ids are shades, the palest of them alike', () => {
  expect(['a', 'b', 'a'].map(hueOf)).toEqual(['var(--c0)', 'var(--c1)', 'var(--c0)']);
  const shades = ['b~2', 'b', 'b~3', 'b~4', 'b~5', 'b~2'].map(shadeOf);
  expect(shades.map((shade) => /var\(--c1\) (\d+)%/.exec(shade)?.[1])).toEqual([
    '100',
    '70',
    '40',
    '35',
    '35',
    '100',
  ]);
  expect(['c', 'd', 'e', 'f', 'g'].map(hueOf).at(-1)).toBe('var(--c0)');
});
