/** A server whose disk was lost or put back to an earlier state, and others that still hold its earlier totals. */
import { describe, expect, test } from 'vitest';
import { Life } from '../../support/disk-store-process.ts';
import { MemoryFiles, nothing } from '../../support/memory-files.ts';

const LOG = 'counters-000001.log';

const restarted = ({ files }: Life): Promise<Life> => Life.begin(files.crash(nothing));

describe('a server that has lost its disk', () => {
  test('counts on under its next name when others show what it had counted', async () => {
    const life = await Life.begin(new MemoryFiles());
    await life.run(life.add('likes', 3));
    expect(await life.run(life.merge('likes', { 'node-1': 10 }))).toBe(13);
    expect(life.nodes('likes')).toEqual({ 'node-1': 10, 'node-1~2': 3 });
    expect(life.warnings).toEqual([expect.stringContaining('counting on as node-1~2')]);
    expect(await life.run(life.add('likes', 4))).toBe(17);
    expect(life.nodes('likes')).toEqual({ 'node-1': 10, 'node-1~2': 7 });
  });

  test('does so also after a restart, with and without a snapshot', async () => {
    const life = await Life.begin(new MemoryFiles());
    await life.run(Promise.all([life.add('likes', 3), life.add('views', 2)]));
    await life.run(life.merge('likes', { 'node-1': 10 }));
    const second = await restarted(life);
    expect(second.store.identity).toEqual(life.store.identity);
    expect(second.nodes('likes')).toEqual({ 'node-1': 10, 'node-1~2': 3 });
    await second.run(second.add('likes', 1));
    await second.pass(1000);
    const third = await restarted(second);
    expect(third.nodes('likes')).toEqual({ 'node-1': 10, 'node-1~2': 4 });
    await third.run(third.merge('views', { 'node-1': 100 }));
    expect(third.nodes('views')).toEqual({ 'node-1': 100, 'node-1~2': 2 });
  });

  test.each([0, 1, 2])('does so while increments are still being stored (%i of two)', async (stored) => {
    const life = await Life.begin(new MemoryFiles());
    const increments: Promise<unknown>[] = [];
    if (stored > 0) await life.run(life.add('likes', 1));
    if (stored > 1) await life.run(life.add('likes', 2));
    const release = life.files.hold(`sync ${LOG}`);
    if (stored < 1) increments.push(life.add('likes', 1));
    await life.pass(1);
    if (stored < 2) increments.push(life.add('likes', 2));
    const merge = life.merge('likes', { 'node-1': 10 });
    increments.push(life.add('likes', 4));
    release();
    expect(await life.run(merge)).toBe(13);
    await life.run(Promise.all(increments));
    expect(life.nodes('likes')).toEqual({ 'node-1': 10, 'node-1~2': 7 });
    expect((await restarted(life)).nodes('likes')).toEqual(life.nodes('likes'));
  });

  test('moves what it counted of other counters when their conflict shows', async () => {
    const life = await Life.begin(new MemoryFiles());
    await life.run(Promise.all([life.add('a', 1), life.add('b', 2), life.add('c', 4), life.add('d', 8)]));
    await life.run(life.merge('a', { 'node-1': 100 }));
    await life.run(life.add('c', 16));
    expect([life.nodes('b'), life.nodes('c')]).toEqual([{ 'node-1': 2 }, { 'node-1': 4, 'node-1~2': 16 }]);
    const next = await restarted(life);
    const values = [
      next.merge('b', { 'node-1': 100 }),
      next.merge('c', { 'node-1': 100 }),
      next.merge('d', { 'node-1': 5 }),
    ];
    expect(await next.run(Promise.all(values))).toEqual([102, 120, 8]);
    expect(next.nodes('b')).toEqual({ 'node-1': 100, 'node-1~2': 2 });
    expect(next.nodes('c')).toEqual({ 'node-1': 100, 'node-1~2': 20 });
    expect(next.nodes('d')).toEqual({ 'node-1': 8 });
  });

  test('moves it once, however often others show more', async () => {
    const life = await Life.begin(new MemoryFiles());
    await life.run(Promise.all([life.add('a', 1), life.add('b', 2)]));
    await life.run(life.merge('a', { 'node-1': 100 }));
    for (const total of [100, 100, 200, 150]) await life.run(life.merge('b', { 'node-1': total }));
    expect(life.nodes('b')).toEqual({ 'node-1': 200, 'node-1~2': 2 });
  });

  test('loses it again, and leaves both earlier lives alone', async () => {
    const life = await Life.begin(new MemoryFiles());
    await life.run(Promise.all([life.add('a', 1), life.add('b', 2)]));
    await life.run(life.merge('a', { 'node-1': 100, 'node-1~2': 50 }));
    await life.run(life.merge('b', { 'node-1~2': 60 }));
    expect(life.nodes('a')).toEqual({ 'node-1': 100, 'node-1~2': 50, 'node-1~3': 1 });
    expect(life.nodes('b')).toEqual({ 'node-1': 2, 'node-1~2': 60 });
    await life.run(life.merge('b', { 'node-1': 70 }));
    expect(life.nodes('b')).toEqual({ 'node-1': 70, 'node-1~2': 60, 'node-1~3': 2 });
  });

  test('stays who it is where the merge that shows it is refused', async () => {
    const life = await Life.begin(new MemoryFiles(), { limits: { maxNodes: 2, maxCounters: 1 } });
    await life.run(life.add('a', 1));
    const requests = [
      life.merge('a', { 'node-1': 100, 'node-2': 1 }),
      life.merge('b', { 'node-1': 100 }),
      life.merge('a', { 'node-1': Number.MAX_SAFE_INTEGER }),
    ];
    expect(await life.run(Promise.all(requests))).toEqual([
      'too_many_nodes',
      'too_many_counters',
      'overflow',
    ]);
    expect(life.store.identity.suffix).toBe(1);
    expect(await life.run(life.add('a', 1))).toBe(2);
  });
});

describe('a server whose disk was put back to an earlier state', () => {
  test('counts on under its next name, beside what it had counted since', async () => {
    const life = await Life.begin(new MemoryFiles());
    await life.run(life.add('likes', 3));
    const backup = life.files.copy();
    await life.run(life.add('likes', 4));
    const shown = life.nodes('likes');
    const next = await Life.begin(backup);
    expect(await next.run(next.add('likes', 1))).toBe(4);
    expect(await next.run(next.merge('likes', shown))).toBe(8);
    expect(next.nodes('likes')).toEqual({ 'node-1': 7, 'node-1~2': 1 });
    expect(next.store.identity.suffix).toBe(2);
  });

  test('takes nothing from its earlier life for its own, also where it had moved that before', async () => {
    const life = await Life.begin(new MemoryFiles());
    await life.run(Promise.all([life.add('a', 3), life.add('b', 5)]));
    await life.run(life.merge('a', { 'node-1': 10 }));
    const backup = life.files.copy();
    await life.run(life.merge('b', { 'node-1': 20 }));
    const shown = life.nodes('b');
    const next = await Life.begin(backup);
    expect(await next.run(next.merge('b', shown))).toBe(25);
    expect(next.nodes('b')).toEqual({ 'node-1': 20, 'node-1~2': 5 });
  });

  test('knows it again after each restart from that copy alone', async () => {
    const life = await Life.begin(new MemoryFiles());
    await life.run(life.add('likes', 3));
    const second = await Life.begin(life.files.copy());
    await second.run(second.add('likes', 1));
    const third = await restarted(second);
    expect(third.store.identity.suffix).toBe(2);
    const fourth = await Life.begin(third.files.copy());
    await fourth.run(fourth.add('likes', 1));
    expect(fourth.nodes('likes')).toEqual({ 'node-1': 3, 'node-1~2': 1, 'node-1~3': 1 });
  });
});

test('an own total that is shown lower, or as it is, changes nothing', async () => {
  const life = await Life.begin(new MemoryFiles());
  await life.run(life.add('likes', 3));
  for (const total of [0, 1, 3]) expect(await life.run(life.merge('likes', { 'node-1': total }))).toBe(3);
  expect([life.nodes('likes'), life.store.identity.suffix]).toEqual([{ 'node-1': 3 }, 1]);
});

test('a name that only looks like a suffix is that of somebody else', async () => {
  const life = await Life.begin(new MemoryFiles());
  expect(await life.run(life.merge('likes', { 'node-10': 1, 'node-1~1': 2, 'node-1~02': 4 }))).toBe(7);
  expect(life.store.identity.suffix).toBe(1);
});
