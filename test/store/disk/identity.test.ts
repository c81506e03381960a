/** A server whose disk was lost or put back to an earlier state, and others that still hold its earlier totals. */
import { describe, expect, test } from 'vitest';
import { SimDiskStore } from '../../support/sim-disk-store.ts';
import { encodeFrame } from '../../../src/store/disk/frame.ts';
import { encodeRecord } from '../../../src/store/disk/record.ts';
import { hasRandomSuffix } from '../../../src/crdt/replica-id.ts';
import { MemoryFiles, nothing } from '../../support/memory-files.ts';

const LOG = 'counters-000001.log';

const restarted = ({ files }: SimDiskStore): Promise<SimDiskStore> =>
  SimDiskStore.begin(files.crash(nothing));

describe('a server that has lost its disk', () => {
  test('continues under a random replica id when it is shown what it had counted', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(sim.add('likes', 3));
    expect(await sim.run(sim.merge('likes', { 'node-1': 10 }))).toBe(13);
    expect(sim.nodes('likes')).toEqual({ 'node-1': 10, [sim.replicaId]: 3 });
    expect(sim.warnings).toEqual([expect.stringContaining(`continuing as ${sim.replicaId}`)]);
    expect(await sim.run(sim.add('likes', 4))).toBe(17);
    expect(sim.nodes('likes')).toEqual({ 'node-1': 10, [sim.replicaId]: 7 });
  });

  test('does so after a restart too, with and without a snapshot', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(Promise.all([sim.add('likes', 3), sim.add('views', 2)]));
    await sim.run(sim.merge('likes', { 'node-1': 10 }));
    const second = await restarted(sim);
    expect(second.store.identity).toEqual(sim.store.identity);
    expect(second.nodes('likes')).toEqual({ 'node-1': 10, [sim.replicaId]: 3 });
    await second.run(second.add('likes', 1));
    await second.pass(1000);
    const third = await restarted(second);
    expect(third.nodes('likes')).toEqual({ 'node-1': 10, [sim.replicaId]: 4 });
    await third.run(third.merge('views', { 'node-1': 100 }));
    expect(third.nodes('views')).toEqual({ 'node-1': 100, [sim.replicaId]: 2 });
  });

  test.each([0, 1, 2])(
    'does so while increments are still on their way to the disk (%i of two)',
    async (stored) => {
      const sim = await SimDiskStore.begin(new MemoryFiles());
      const increments: Promise<unknown>[] = [];
      if (stored > 0) await sim.run(sim.add('likes', 1));
      if (stored > 1) await sim.run(sim.add('likes', 2));
      const release = sim.files.hold(`sync ${LOG}`);
      if (stored < 1) increments.push(sim.add('likes', 1));
      await sim.pass(1);
      if (stored < 2) increments.push(sim.add('likes', 2));
      const merge = sim.merge('likes', { 'node-1': 10 });
      increments.push(sim.add('likes', 4));
      release();
      expect(await sim.run(merge)).toBe(13);
      await sim.run(Promise.all(increments));
      expect(sim.nodes('likes')).toEqual({ 'node-1': 10, [sim.replicaId]: 7 });
      expect((await restarted(sim)).nodes('likes')).toEqual(sim.nodes('likes'));
    },
  );

  test('moves what it counted in other counters when their conflict shows', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(Promise.all([sim.add('a', 1), sim.add('b', 2), sim.add('c', 4), sim.add('d', 8)]));
    await sim.run(sim.merge('a', { 'node-1': 100 }));
    await sim.run(sim.add('c', 16));
    expect([sim.nodes('b'), sim.nodes('c')]).toEqual([{ 'node-1': 2 }, { 'node-1': 4, [sim.replicaId]: 16 }]);
    const next = await restarted(sim);
    const values = [
      next.merge('b', { 'node-1': 100 }),
      next.merge('c', { 'node-1': 100 }),
      next.merge('d', { 'node-1': 5 }),
    ];
    expect(await next.run(Promise.all(values))).toEqual([102, 120, 8]);
    expect(next.nodes('b')).toEqual({ 'node-1': 100, [next.replicaId]: 2 });
    expect(next.nodes('c')).toEqual({ 'node-1': 100, [next.replicaId]: 20 });
    expect(next.nodes('d')).toEqual({ 'node-1': 8 });
  });

  test('moves it once, however often it is shown more', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(Promise.all([sim.add('a', 1), sim.add('b', 2)]));
    await sim.run(sim.merge('a', { 'node-1': 100 }));
    for (const total of [100, 100, 200, 150]) await sim.run(sim.merge('b', { 'node-1': total }));
    expect(sim.nodes('b')).toEqual({ 'node-1': 200, [sim.replicaId]: 2 });
  });

  test('and loses it again leaves the totals of both earlier replica ids alone', async () => {
    const lost = await SimDiskStore.begin(new MemoryFiles());
    await lost.run(lost.add('a', 7));
    await lost.run(lost.merge('a', { 'node-1': 100 }));
    const shown = lost.nodes('a');
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(Promise.all([sim.add('a', 1), sim.add('b', 2)]));
    await sim.run(sim.merge('a', shown));
    await sim.run(sim.merge('b', { [lost.replicaId]: 60 }));
    expect(sim.replicaId).not.toBe(lost.replicaId);
    expect(sim.nodes('a')).toEqual({ 'node-1': 100, [lost.replicaId]: 7, [sim.replicaId]: 1 });
    expect(sim.nodes('b')).toEqual({ 'node-1': 2, [lost.replicaId]: 60 });
    await sim.run(sim.merge('b', { 'node-1': 70 }));
    expect(sim.nodes('b')).toEqual({ 'node-1': 70, [lost.replicaId]: 60, [sim.replicaId]: 2 });
  });

  test('keeps its replica id if the merge that shows its old total is refused', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles(), { limits: { maxNodes: 2, maxCounters: 1 } });
    await sim.run(sim.add('a', 1));
    const requests = [
      sim.merge('a', { 'node-1': 100, 'node-2': 1 }),
      sim.merge('b', { 'node-1': 100 }),
      sim.merge('a', { 'node-1': Number.MAX_SAFE_INTEGER }),
    ];
    expect(await sim.run(Promise.all(requests))).toEqual(['too_many_nodes', 'too_many_counters', 'overflow']);
    expect(sim.store.identity.suffix).toBe(1);
    expect(await sim.run(sim.add('a', 1))).toBe(2);
  });
});

describe('a server whose disk was restored to an earlier state', () => {
  test('continues under a random replica id, beside what it had counted since', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(sim.add('likes', 3));
    const backup = sim.files.copy();
    await sim.run(sim.add('likes', 4));
    const shown = sim.nodes('likes');
    const next = await SimDiskStore.begin(backup);
    expect(await next.run(next.add('likes', 1))).toBe(4);
    expect(await next.run(next.merge('likes', shown))).toBe(8);
    expect(next.nodes('likes')).toEqual({ 'node-1': 7, [next.replicaId]: 1 });
    expect(hasRandomSuffix(next.store.identity.suffix)).toBe(true);
  });

  test('claims nothing under its earlier replica id, even if it had moved that before', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(Promise.all([sim.add('a', 3), sim.add('b', 5)]));
    await sim.run(sim.merge('a', { 'node-1': 10 }));
    const backup = sim.files.copy();
    await sim.run(sim.merge('b', { 'node-1': 20 }));
    const shown = sim.nodes('b');
    const next = await SimDiskStore.begin(backup);
    expect(await next.run(next.merge('b', shown))).toBe(25);
    expect(next.nodes('b')).toEqual({ 'node-1': 20, [sim.replicaId]: 5 });
  });

  test('detects it again after each restart from that copy', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(sim.add('likes', 3));
    const second = await SimDiskStore.begin(sim.files.copy());
    await second.run(second.add('likes', 1));
    const third = await restarted(second);
    expect(third.replicaId).toBe(second.replicaId);
    const fourth = await SimDiskStore.begin(third.files.copy());
    await fourth.run(fourth.add('likes', 1));
    expect(fourth.nodes('likes')).toEqual({ 'node-1': 3, [third.replicaId]: 1, [fourth.replicaId]: 1 });
    expect(fourth.replicaId).not.toBe(third.replicaId);
  });
});

test('being shown its own total, or a smaller one, changes nothing', async () => {
  const sim = await SimDiskStore.begin(new MemoryFiles());
  await sim.run(sim.add('likes', 3));
  for (const total of [0, 1, 3]) expect(await sim.run(sim.merge('likes', { 'node-1': total }))).toBe(3);
  expect([sim.nodes('likes'), sim.store.identity.suffix]).toEqual([{ 'node-1': 3 }, 1]);
});

test.each([
  { 'node-1~2': 5 },
  { 'node-1~999999': 1 },
  { 'node-1~1000000': 1 },
  { 'node-1~9007199254740991': 1 },
  { 'node-1~k3f9qz': 9 },
  { 'node-10': 1, 'node-1~1': 2, 'node-1~02': 4 },
])('%j are totals of others: they are taken, and so is what a sync then gives', async (nodes) => {
  const sim = await SimDiskStore.begin(new MemoryFiles());
  const sum = Object.values(nodes).reduce((total, each) => total + each, 0);
  expect(await sim.run(sim.merge('likes', nodes))).toBe(sum);
  expect(await sim.run(sim.add('likes', 3))).toBe(sum + 3);
  expect(await sim.run(sim.merge('likes', sim.nodes('likes')))).toBe(sum + 3);
  expect(sim.nodes('likes')).toEqual({ ...nodes, 'node-1': 3 });
});

test('a disk that an earlier version gave a number counts on under it, until it is shown more', async () => {
  const { files } = await SimDiskStore.begin(new MemoryFiles());
  const identity = { nodeId: 'node-1', suffix: 2, counted: new Map() };
  files.put(LOG, Buffer.concat([files.bytes(LOG), encodeFrame(encodeRecord({ identity }))]));
  const numbered = await SimDiskStore.begin(files.crash(nothing));
  expect([numbered.replicaId, numbered.nodes('likes')]).toEqual(['node-1~2', {}]);
  await numbered.run(numbered.add('likes', 3));
  expect(await numbered.run(numbered.merge('likes', { 'node-1~3': 5, 'node-1': 7 }))).toBe(15);
  expect(numbered.nodes('likes')).toEqual({ 'node-1': 7, 'node-1~2': 3, 'node-1~3': 5 });
  expect(await numbered.run(numbered.merge('likes', { 'node-1~2': 4 }))).toBe(19);
  expect(numbered.nodes('likes')).toMatchObject({ 'node-1~2': 4, [numbered.replicaId]: 3 });
});
