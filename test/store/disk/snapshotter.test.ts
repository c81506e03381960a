import { describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { FOLLOWED_COUNTERS } from '../../../src/store/disk/snapshotter.ts';
import { SimDiskStore } from '../../support/sim-disk-store.ts';
import { MemoryFiles, everything, nothing } from '../../support/memory-files.ts';

/** What was done, without the lengths of appends. */
const operationsOf = (files: MemoryFiles): string[] =>
  files.operations.map((operation) => operation.replace(/^(append \S+) \d+$/, '$1'));

/** What was done while `work` went on. */
async function during({ files }: SimDiskStore, work: () => Promise<unknown>): Promise<string[]> {
  const before = files.operations.length;
  await work();
  return operationsOf(files).slice(before);
}

const snapshotOf = ({ files }: SimDiskStore): unknown => parseJson(files.bytes('counters.json').toString());

const writing = (log: string): string[] => [
  'create counters.json.tmp',
  'append counters.json.tmp',
  'sync counters.json.tmp',
  `append ${log}`,
  `sync ${log}`,
  'rename counters.json.tmp counters.json',
  'syncDirectory',
];

test('a first start creates a segment with its head, and syncs its name', async () => {
  const files = new MemoryFiles();
  await SimDiskStore.begin(files);
  expect(operationsOf(files)).toEqual([
    'create counters-000001.log',
    'append counters-000001.log',
    'sync counters-000001.log',
    'syncDirectory',
  ]);
});

test('a snapshot is complete on the disk and recorded in the log before it replaces the last one', async () => {
  const sim = await SimDiskStore.begin(new MemoryFiles());
  const log = 'counters-000001.log';
  expect(await during(sim, () => sim.run(sim.add('likes', 1)))).toEqual([`append ${log}`, `sync ${log}`]);
  expect(await during(sim, () => sim.pass(1000))).toEqual(writing(log));
  expect(await during(sim, () => sim.pass(10_000))).toEqual([]);
  expect(snapshotOf(sim)).toEqual({ likes: { 'node-1': 1 } });
});

test('older segments are removed after that, oldest first and each synced, and idempotency records are carried over', async () => {
  const first = await SimDiskStore.begin(new MemoryFiles());
  await first.run(first.add('likes', 1, 'once'));
  const second = await SimDiskStore.begin(first.files.copy());
  const third = await SimDiskStore.begin(second.files.copy(), { clock: first.clock });
  const log = 'counters-000003.log';
  expect(await during(third, () => third.pass(1000))).toEqual([
    ...writing(log),
    `append ${log}`,
    `sync ${log}`,
    'remove counters-000001.log',
    'syncDirectory',
    'remove counters-000002.log',
    'syncDirectory',
  ]);
  const next = await SimDiskStore.begin(third.files.crash(nothing), { clock: first.clock });
  expect(await next.run(next.add('likes', 1, 'once'))).toBe(1);
});

test('idempotency records whose window has passed are not carried over', async () => {
  const first = await SimDiskStore.begin(new MemoryFiles());
  await first.run(first.add('likes', 1, 'once'));
  const second = await SimDiskStore.begin(first.files.copy(), { limits: { windowMs: 400 } });
  expect(await during(second, () => second.pass(1000))).toEqual([
    ...writing('counters-000002.log'),
    'remove counters-000001.log',
    'syncDirectory',
  ]);
});

describe('the snapshot', () => {
  test('follows changes within a second, one snapshot for all changes of half a second', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    for (let count = 1; count <= 20; count++) {
      await sim.run(sim.add('likes'));
      await sim.pass(50);
    }
    await sim.pass(1000);
    expect(snapshotOf(sim)).toEqual({ likes: { 'node-1': 20 } });
    expect(sim.store.statistics.snapshots).toBeGreaterThanOrEqual(2);
    expect(sim.store.statistics.snapshots).toBeLessThanOrEqual(4);
  });

  test('leaves changes that came while it was written to the next one', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(sim.add('likes'));
    const release = sim.files.hold('sync counters.json.tmp');
    await sim.pass(600);
    await sim.run(sim.add('likes'));
    release();
    await sim.pass(10);
    expect(snapshotOf(sim)).toEqual({ likes: { 'node-1': 1 } });
    await sim.pass(1000);
    expect(snapshotOf(sim)).toEqual({ likes: { 'node-1': 2 } });
  });

  test('never contains what is not in the log yet', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(sim.add('likes', 1));
    const release = sim.files.hold('sync counters-000001.log');
    const waiting = [sim.add('likes', 2), sim.add('views', 1)];
    await sim.pass(10_000);
    release();
    await sim.run(Promise.all(waiting));
    expect(
      sim.files.operations.filter((operation) => operation.startsWith('append counters.json.tmp')),
    ).toHaveLength(1);
    expect(snapshotOf(await SimDiskStore.begin(sim.files.clone()))).toEqual({ likes: { 'node-1': 1 } });
  });

  test('is complete when the store has closed', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(sim.add('likes', 3));
    await sim.run(sim.merge('likes', { 'node-2': 4 }));
    await sim.run(sim.store.close());
    expect(snapshotOf(sim)).toEqual({ likes: { 'node-1': 3, 'node-2': 4 } });
  });

  test('is finished and written once more if the store is closed while one is being written', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(sim.add('likes', 3));
    const release = sim.files.hold('append counters.json.tmp');
    await sim.pass(600);
    await sim.run(sim.add('likes', 4));
    const closed = sim.store.close();
    release();
    await sim.run(closed);
    expect(snapshotOf(sim)).toEqual({ likes: { 'node-1': 7 } });
    expect(sim.store.statistics.snapshots).toBe(2);
  });

  test('does not follow every change if there are very many counters', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles(), { limits: { maxCounters: 20_000 } });
    const many = Array.from({ length: FOLLOWED_COUNTERS + 1 }, (_, at) => ({ key: `key-${at}`, amount: 1 }));
    await sim.run(sim.addAll(many));
    await sim.pass(10_000);
    expect(sim.store.statistics.snapshots).toBe(0);
    await sim.run(sim.store.close());
    const next = await SimDiskStore.begin(sim.files.crash(nothing));
    expect(next.store.counters.size).toBe(many.length);
    expect(Object.keys(Object(snapshotOf(next)))).toHaveLength(many.length);
  });

  test('of many slices loses no changes that come between them', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    const keys = Array.from({ length: 600 }, (_, at) => `key-${at}-${'x'.repeat(400)}`);
    await sim.run(sim.addAll(keys.map((key) => ({ key, amount: 1 }))));
    await sim.pass(499);
    for (const key of keys) await sim.run(sim.add(key));
    await sim.run(Promise.all([sim.pass(6), sim.add('zz'), sim.add('aa')]));
    const added = [...keys, 'zz', 'aa', '0'];
    await sim.run(sim.add('0'));
    await sim.pass(1000);
    const next = await SimDiskStore.begin(sim.files.crash(everything));
    expect(next.store.counters.size).toBe(added.length);
    expect(keys.filter((key) => next.value(key) !== 2)).toEqual([]);
  });
});
