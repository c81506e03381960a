/** The services besides seq-kv and lin-kv, as nodes find them on the network. */
import { expect, test } from 'vitest';
import { services } from '../../../src/workbench/nodes/services.ts';
import { streams } from '../../../src/workbench/sim/random.ts';

const service = (name: string, seed = 1) => {
  const found = services(streams(seed), 'random').get(name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
};

test('there are the four of Maelstrom', () => {
  expect([...services(streams(1), 'random').keys()].toSorted()).toEqual([
    'lin-kv',
    'lin-tso',
    'lww-kv',
    'seq-kv',
  ]);
});

test('lin-tso hands out integers from 0, each once, and answers nothing else', () => {
  const oracle = service('lin-tso');
  expect([1, 2, 3].map(() => oracle.handle('n0', { type: 'ts' }))).toEqual(
    [0, 1, 2].map((ts) => ({ type: 'ts_ok', ts })),
  );
  expect(oracle.handle('n0', { type: 'read', key: 'x' })).toBeUndefined();
});

test('lww-kv may miss what was written, but not for ever', () => {
  const found: unknown[] = [];
  for (let seed = 1; seed <= 100; seed++) {
    const kv = service('lww-kv', seed);
    expect(kv.handle('n0', { type: 'write', key: 'x', value: 1 })).toEqual({ type: 'write_ok' });
    found.push(kv.handle('n0', { type: 'read', key: 'x' })?.['value']);
    for (let i = 0; i < 50; i++) kv.handle('n0', { type: 'read', key: 'y' });
    expect(kv.handle('n0', { type: 'read', key: 'x' })).toEqual({ type: 'read_ok', value: 1 });
  }
  // Merged into the other replica, or served by the same one: 1/4 + 3/4 · 1/2.
  const share = found.filter((value) => value === 1).length / found.length;
  expect(share).toBeGreaterThan(0.5);
  expect(share).toBeLessThan(0.75);
});

test('of two writes to different replicas, lww-kv keeps the later one by its Lamport clocks', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const kv = service('lww-kv', seed);
    const read = () => kv.handle('n0', { type: 'read', key: 'x' })?.['value'];
    for (const value of [1, 2, 3]) {
      kv.handle('n0', { type: 'write', key: 'x', value });
      // Until both replicas have it.
      for (let i = 0; i < 50; i++) kv.handle('n0', { type: 'read', key: 'y' });
      expect([read(), read(), read(), read()]).toEqual([value, value, value, value]);
    }
  }
});

test('lww-kv swaps what it finds in one replica, and creates no key', () => {
  const kv = service('lww-kv');
  const cas = (from: unknown, to: unknown) =>
    kv.handle('n0', { type: 'cas', key: 'x', from, to, create_if_not_exists: true });
  expect(cas(0, 1)).toMatchObject({ type: 'error', code: 20 });
  for (let i = 0; i < 10; i++) kv.handle('n0', { type: 'write', key: 'x', value: i });
  for (let i = 0; i < 50; i++) kv.handle('n0', { type: 'read', key: 'y' });
  expect(cas(4, 5)).toMatchObject({ type: 'error', code: 22 });
  expect(cas(9, 10)).toEqual({ type: 'cas_ok' });
});
