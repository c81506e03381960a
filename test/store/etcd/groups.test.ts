import { expect, test } from 'vitest';
import { groupOf } from '../../../src/store/etcd/groups.ts';
import { IncrementTask } from '../../../src/store/etcd/task.ts';

const task = (...keys: readonly string[]): IncrementTask =>
  new IncrementTask(
    keys.map((key) => ({ key, amount: 1 })),
    undefined,
  );

const keysFrom = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `key-${from + n}`);

test('a request that does not fit into a transaction waits, and others on counters that are in it do not', () => {
  const first = task(...keysFrom(0, 60));
  const [large, second] = [task(...keysFrom(60, 60)), task('key-60')];
  const others = [task('key-5'), task('key-60'), task('key-6')];
  expect(groupOf([first, large, second, ...others])).toEqual([first, second, ...others]);
  expect(groupOf([large, first])).toEqual([large]);
});
