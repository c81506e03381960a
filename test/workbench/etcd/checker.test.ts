/** What the checker of simulated servers on etcd makes of small histories. */
import { expect, test } from 'vitest';
import { judgeEtcd } from '../../../src/workbench/etcd/checker.ts';
import type { EtcdOperation } from '../../../src/workbench/etcd/history.ts';

const increment = (
  invokedMs: number,
  answeredMs?: number,
  value?: number,
  isRefused = false,
): EtcdOperation => ({ f: 'increment', key: 'likes', amount: 3, invokedMs, answeredMs, value, isRefused });

const other = (
  f: 'read' | 'merge' | 'raise',
  invokedMs: number,
  answeredMs: number,
  value: number,
  total = 0,
  name = '',
): EtcdOperation => ({ f, key: 'likes', total, name, invokedMs, answeredMs, value });

const read = (invokedMs: number, answeredMs: number, value: number): EtcdOperation =>
  other('read', invokedMs, answeredMs, value);

const judged = (operations: readonly EtcdOperation[], values: readonly number[], isExact = true): string[] =>
  judgeEtcd({
    isExact,
    operations,
    problems: [],
    final: values.map((value, index) => ({ node: `n${index}`, values: new Map([['likes', value]]) })),
  });

test('a read must include what was acknowledged before it began, wherever that was', () => {
  expect(judged([increment(1, 5, 3), read(6, 7, 0)], [3])).toEqual([
    'the read of likes at 0.006 s was told 0, after 3 had been shown',
  ]);
  for (const value of [0, 3]) expect(judged([increment(1, 5, 3), read(5, 7, value)], [3])).toEqual([]);
});

test('a read must not show less than another that ended before it began', () => {
  expect(judged([increment(1), read(2, 3, 3), read(4, 5, 0)], [3])).toHaveLength(1);
  expect(judged([increment(1), read(2, 4, 3), read(3, 5, 0)], [3])).toEqual([]);
});

test('a read must not show what nobody had asked for', () => {
  expect(judged([read(1, 2, 3), increment(3, 4, 6)], [3]).join()).toContain('of 0 that had been asked for');
});

test('two increments cannot raise the counter over the same ground', () => {
  expect(judged([increment(1, 9, 3), increment(1, 9, 3)], [6])).toEqual([
    'the increment by 3 of likes at 0.001 s was told 3, within what the increment by 3 of likes at 0.001 s was told 3',
  ]);
  expect(judged([increment(1, 9, 3), increment(1, 9, 6)], [6])).toEqual([]);
  expect(judged([increment(1, 9, 3), increment(1, 9, 3)], [6], false)).toEqual([]);
});

test('a read cannot be from within an increment', () => {
  expect(judged([increment(1, 9, 3), read(1, 9, 1)], [3])).toHaveLength(1);
  for (const value of [0, 3]) expect(judged([increment(1, 9, 3), read(1, 9, value)], [3])).toEqual([]);
});

test('in the end, what was never answered may count or not, and what was refused does not', () => {
  for (const value of [0, 3]) expect(judged([increment(1)], [value])).toEqual([]);
  expect(judged([increment(1)], [2])).toHaveLength(1);
  expect(judged([increment(1, undefined, undefined, true)], [3])).toEqual([
    'likes is 3 in the end; acceptable is [0 0]',
  ]);
});

test('in the end all servers show the same', () => {
  expect(judged([increment(1, 2, 3)], [3, 3])).toEqual([]);
  expect(judged([increment(1, 2, 3)], [3, 0])).toEqual(['the servers do not agree on likes: 3, 0']);
  const operations = [increment(1, 2, 3)];
  const final = [{ node: 'n0', values: undefined }];
  expect(judgeEtcd({ isExact: true, operations, problems: [], final })).toEqual([
    'n0 does not answer in the end',
  ]);
});

test('a merge and a raise show at least their total, and it is there in the end', () => {
  for (const f of ['merge', 'raise'] as const) {
    expect(judged([other(f, 1, 2, 7, 7, 'elsewhere')], [7])).toEqual([]);
    expect(judged([other(f, 1, 2, 6, 7, 'elsewhere')], [7])).toHaveLength(1);
    expect(judged([other(f, 1, 2, 7, 7, 'elsewhere')], [6])).toHaveLength(1);
  }
});

test('what was seen during the run is told first', () => {
  const problems = ['request 1 was answered with 1 and with 2'];
  expect(judgeEtcd({ isExact: true, operations: [], problems, final: [] })).toEqual(problems);
});
