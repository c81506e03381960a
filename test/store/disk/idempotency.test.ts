import { describe, expect, test } from 'vitest';
import { SimDiskStore, WINDOW_MS } from '../../support/sim-disk-store.ts';
import { MemoryFiles, nothing } from '../../support/memory-files.ts';

const LOG = 'counters-000001.log';

/** The same server after its machine has lost its power. */
const restarted = ({ files, clock }: SimDiskStore): Promise<SimDiskStore> =>
  SimDiskStore.begin(files.crash(nothing), { clock });

describe('a retry under the same idempotency key', () => {
  test('gets the same answer and is counted once', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    expect(await sim.run(sim.add('likes', 3, 'once'))).toBe(3);
    await sim.run(sim.add('likes', 1));
    const operations = [...sim.files.operations];
    expect(await sim.run(sim.add('likes', 3, 'once'))).toBe(3);
    expect(sim.files.operations).toEqual(operations);
    expect(sim.value('likes')).toBe(4);
  });

  test('gets the same answer after a restart, with and without a snapshot', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(sim.add('likes', 3, 'once'));
    await sim.run(sim.add('likes', 1));
    const second = await restarted(sim);
    expect(await second.run(second.add('likes', 3, 'once'))).toBe(3);
    await second.pass(1000);
    expect(second.store.statistics.snapshots).toBe(1);
    const third = await restarted(second);
    expect(await third.run(third.add('likes', 3, 'once'))).toBe(3);
    expect(third.value('likes')).toBe(4);
  });

  test.each([
    ['waits', 0],
    ['is being stored', 1],
  ])('while the first %s gets its answer together with the first', async (_, elapsedMs) => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    const release = sim.files.hold(`append ${LOG}`);
    const answers: unknown[] = [];
    const ask = (): Promise<unknown> => sim.add('likes', 3, 'once').then((answer) => answers.push(answer));
    const requests = [ask()];
    if (elapsedMs > 0) await sim.pass(elapsedMs);
    requests.push(ask(), ask());
    await sim.pass(5);
    expect(answers).toEqual([]);
    release();
    await sim.run(Promise.all(requests));
    expect([answers, sim.value('likes'), sim.batches]).toEqual([[3, 3, 3], 3, [1]]);
  });

  test('with other content is an error, whether the first is committed or not', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    const release = sim.files.hold(`sync ${LOG}`);
    const first = sim.add('likes', 3, 'once');
    const others = [sim.add('likes', 4, 'once'), sim.add('views', 3, 'once')];
    await sim.pass(1);
    others.push(sim.add('likes', 5, 'once'));
    release();
    expect(await sim.run(Promise.all([first, ...others]))).toEqual([
      3,
      ...others.map(() => 'idempotency_key_reused'),
    ]);
    expect(await sim.run(sim.add('views', 3, 'once'))).toBe('idempotency_key_reused');
    const next = await restarted(sim);
    expect(await next.run(next.add('views', 3, 'once'))).toBe('idempotency_key_reused');
    expect([next.value('likes'), next.value('views')]).toEqual([3, 0]);
  });

  test('after the window is another increment', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(sim.add('likes', 3, 'once'));
    await sim.pass(WINDOW_MS - 1);
    expect(await sim.run(sim.add('likes', 3, 'once'))).toBe(3);
    await sim.pass(1);
    expect(await sim.run(sim.add('likes', 4, 'once'))).toBe(7);
    expect(await sim.run(sim.add('likes', 4, 'once'))).toBe(7);
    const next = await restarted(sim);
    expect(await next.run(next.add('likes', 4, 'once'))).toBe(7);
  });

  test('is another increment if the window passed while the server was down', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles());
    await sim.run(sim.add('likes', 3, 'once'));
    await sim.pass(WINDOW_MS);
    const next = await restarted(sim);
    expect(await next.run(next.add('likes', 3, 'once'))).toBe(6);
  });
});

test('a refused request leaves no idempotency record', async () => {
  const sim = await SimDiskStore.begin(new MemoryFiles(), { limits: { maxCounters: 1 } });
  expect(
    await sim.run(
      sim.addAll(
        [
          { key: 'a', amount: 1 },
          { key: 'b', amount: 1 },
        ],
        'id',
      ),
    ),
  ).toBe('too_many_counters');
  expect(await sim.run(sim.add('a', 1, 'id'))).toBe(1);
});

test('an increment and its idempotency record are on the disk together or not at all', async () => {
  const sim = await SimDiskStore.begin(new MemoryFiles());
  const release = sim.files.hold(`sync ${LOG}`);
  const request = sim.add('likes', 3, 'once');
  await sim.pass(1);
  for (let kept = 0; kept < 150; kept++) {
    const next = await SimDiskStore.begin(
      sim.files.crash((bound) => Math.min(kept, bound - 1)),
      { clock: sim.clock },
    );
    expect(await next.run(next.add('likes', 3, 'once'))).toBe(3);
    expect(next.value('likes')).toBe(3);
  }
  release();
  await sim.run(request);
});

describe('idempotency records', () => {
  const limits = { maxIdempotencyRecords: 2 };

  test('are never more than the limit, including those on their way to the disk', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles(), { limits });
    const release = sim.files.hold(`sync ${LOG}`);
    const first = sim.add('likes', 1, 'a');
    await sim.pass(1);
    const rest = [sim.add('likes', 1, 'b'), sim.add('likes', 1, 'c'), sim.add('likes', 1)];
    release();
    expect(await sim.run(Promise.all([first, ...rest]))).toEqual([1, 2, 'too_many_idempotency_keys', 3]);
    expect(await sim.run(sim.add('likes', 1, 'c'))).toBe('too_many_idempotency_keys');
    expect(await sim.run(sim.add('likes', 1, 'a'))).toBe(1);
    expect(sim.value('likes')).toBe(3);
  });

  test('make room when their window has passed', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles(), { limits });
    await sim.run(sim.add('likes', 1, 'a'));
    await sim.pass(10);
    await sim.run(sim.add('likes', 1, 'b'));
    await sim.pass(WINDOW_MS - 10);
    expect(await sim.run(Promise.all([sim.add('likes', 1, 'c'), sim.add('likes', 1, 'd')]))).toEqual([
      3,
      'too_many_idempotency_keys',
    ]);
    expect(sim.store.statistics.idempotencyRecords).toBe(2);
  });

  test('are forgotten oldest first, even after a restart and if a key was used again', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles(), { limits });
    await sim.run(sim.add('likes', 1, 'a'));
    await sim.pass(10);
    await sim.run(sim.add('likes', 1, 'b'));
    await sim.pass(WINDOW_MS - 10);
    expect(await sim.run(sim.add('likes', 1, 'a'))).toBe(3);
    const next = await SimDiskStore.begin(sim.files.crash(nothing), { clock: sim.clock, limits });
    await next.pass(10);
    expect(await next.run(next.add('likes', 1, 'c'))).toBe(4);
    expect(await next.run(next.add('likes', 1, 'a'))).toBe(3);
  });

  test('are all there after a restart', async () => {
    const sim = await SimDiskStore.begin(new MemoryFiles(), { limits });
    await sim.run(Promise.all([sim.add('likes', 1, 'a'), sim.add('likes', 1, 'b')]));
    const next = await SimDiskStore.begin(sim.files.crash(nothing), { clock: sim.clock, limits });
    expect(await next.run(next.add('likes', 1, 'c'))).toBe('too_many_idempotency_keys');
    expect(await next.run(next.add('likes', 1, 'b'))).toBe(2);
  });
});
