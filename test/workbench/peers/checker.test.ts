/** What the checker of simulated peers makes of small histories. */
import { expect, test } from 'vitest';
import { judgePeers } from '../../../src/workbench/peers/checker.ts';
import type { PeersHistory, PeersOperation } from '../../../src/workbench/peers/history.ts';

const common = { node: 'n0', disk: 'n0#0', key: 'default' };

const increment = (invokedMs: number, answeredMs?: number): PeersOperation => ({
  ...common,
  f: 'increment',
  amount: 3,
  invokedMs,
  answeredMs,
});

const read = (atMs: number, value: number): PeersOperation => ({
  ...common,
  f: 'read',
  value,
  invokedMs: atMs,
  answeredMs: atMs,
});

const history = (operations: readonly PeersOperation[], value: number): PeersHistory => ({
  nodeIds: ['n0'],
  operations,
  lostDisks: [],
  ghosts: [],
  failures: [],
  final: [{ node: 'n0', peers: [], values: new Map([['default', value]]) }],
});

test('a read must include what was acknowledged on its disk before it', () => {
  expect(judgePeers(history([increment(1, 5), read(6, 0)], 3))).toEqual([
    'the read of 0 from default on n0#0 at 0.006 s misses some of 3 that was acknowledged there',
  ]);
});

test('of what is acknowledged at the moment of a read, it may include anything', () => {
  for (const value of [0, 3]) {
    expect(judgePeers(history([increment(1, 5), read(5, value)], 3))).toEqual([]);
    expect(judgePeers(history([read(5, value), increment(5, 5)], 3))).toEqual([]);
  }
});

test('a read must not go back, at one moment either', () => {
  expect(judgePeers(history([increment(1, 5), read(5, 3), read(5, 0)], 3))).toHaveLength(1);
});

test('in the end an increment that was never answered may count or not', () => {
  for (const value of [0, 3]) expect(judgePeers(history([increment(1)], value))).toEqual([]);
  expect(judgePeers(history([increment(1)], 2))).toHaveLength(1);
});

test('what failed is told first', () => {
  const failures = ['n0 does not start: the snapshot is damaged'];
  expect(judgePeers({ ...history([increment(1, 5)], 0), failures })).toEqual([
    ...failures,
    'default is 0 in the end; acceptable is [3 3]',
  ]);
});
