import { describe, expect, test } from 'vitest';
import { SimDiskStore } from '../../support/sim-disk-store.ts';
import { DiskError, MemoryFiles, nothing } from '../../support/memory-files.ts';

const LOG = 'counters-000001.log';
const MOST = Number.MAX_SAFE_INTEGER;

const begin = (options: Parameters<typeof SimDiskStore.begin>[1] = {}): Promise<SimDiskStore> =>
  SimDiskStore.begin(new MemoryFiles(), options);

/** What has come of requests so far, in the order in which it came. */
class Watch {
  readonly answers: unknown[] = [];

  constructor(...requests: readonly Promise<unknown>[]) {
    this.add(...requests);
  }

  add(...requests: readonly Promise<unknown>[]): void {
    for (const request of requests) void request.then((answer) => this.answers.push(answer));
  }
}

const syncsOf = ({ files }: SimDiskStore): number =>
  files.operations.filter((operation) => operation === `sync ${LOG}`).length;

describe('an increment', () => {
  test('resolves with the value that the counter then has', async () => {
    const sim = await begin();
    expect(await sim.run(sim.add('likes', 3))).toBe(3);
    expect(await sim.run(sim.add('likes', 4))).toBe(7);
    expect(await sim.run(sim.merge('likes', { 'node-2': 10 }))).toBe(17);
    expect(await sim.run(sim.add('likes'))).toBe(18);
    expect(sim.nodes('likes')).toEqual({ 'node-1': 8, 'node-2': 10 });
  });

  test.each(['append', 'sync'])(
    'is neither acknowledged nor visible before its %s is done',
    async (operation) => {
      const sim = await begin();
      await sim.run(sim.add('likes', 1));
      const release = sim.files.hold(`${operation} ${LOG}`);
      const { answers } = new Watch(
        sim.add('likes', 2),
        sim.merge('views', { 'node-2': 3 }),
        sim.add('likes', 4, 'once'),
      );
      await sim.pass(10_000);
      expect([answers, sim.value('likes'), sim.value('views')]).toEqual([[], 1, 0]);
      expect(sim.store.statistics.idempotencyRecords).toBe(0);
      release();
      await sim.pass(0);
      expect([answers, sim.value('likes'), sim.value('views')]).toEqual([[3, 3, 7], 7, 3]);
    },
  );

  test('is on the disk when it is acknowledged', async () => {
    const sim = await begin();
    expect(await sim.run(sim.add('likes', 3))).toBe(3);
    const next = await SimDiskStore.begin(sim.files.crash(() => 0));
    expect(next.value('likes')).toBe(3);
  });
});

describe('requests that arrive together', () => {
  test('share one sync, and wait for no second one', async () => {
    const sim = await begin();
    const syncs = syncsOf(sim);
    await sim.run(Promise.all(Array.from({ length: 100 }, (_, at) => sim.add(`key-${at % 7}`))));
    expect([syncsOf(sim) - syncs, sim.batches]).toEqual([1, [100]]);
  });

  test('during a sync share the next one', async () => {
    const sim = await begin();
    const syncs = syncsOf(sim);
    const release = sim.files.hold(`sync ${LOG}`);
    const watch = new Watch(sim.add('likes'));
    await sim.pass(1);
    watch.add(...Array.from({ length: 50 }, () => sim.add('likes')));
    await sim.pass(1);
    release();
    await sim.pass(1);
    expect(watch.answers).toEqual(Array.from({ length: 51 }, (_, at) => at + 1));
    expect(sim.batches).toEqual([1, 50]);
    expect(syncsOf(sim) - syncs).toBe(2);
  });

  test('build on those before them, committed or not', async () => {
    const sim = await begin();
    const release = sim.files.hold(`sync ${LOG}`);
    const first = sim.add('likes', 1);
    await sim.pass(1);
    const rest = [sim.add('likes', 2), sim.merge('likes', { 'node-2': 10 }), sim.add('likes', 3)];
    release();
    expect(await sim.run(Promise.all([first, ...rest]))).toEqual([1, 3, 13, 16]);
  });

  test('are all committed before the store closes', async () => {
    const sim = await begin();
    const release = sim.files.hold(`sync ${LOG}`);
    const watch = new Watch(sim.add('likes', 1));
    await sim.pass(1);
    watch.add(sim.add('likes', 2));
    const closed = sim.store.close();
    release();
    await sim.run(closed);
    expect(watch.answers).toEqual([1, 3]);
    const next = await SimDiskStore.begin(sim.files.crash(() => 0));
    expect(next.value('likes')).toBe(3);
  });
});

describe('several increments in one request', () => {
  test('resolve with the value after each, even of the same counter', async () => {
    const sim = await begin();
    const increments = [
      { key: 'a', amount: 1 },
      { key: 'b', amount: 2 },
      { key: 'a', amount: 3 },
    ];
    expect(await sim.run(sim.addAll(increments))).toEqual([1, 2, 4]);
    expect([sim.value('a'), sim.value('b')]).toEqual([4, 2]);
  });

  test('are in one record, so all survive a crash or none', async () => {
    const sim = await begin();
    const release = sim.files.hold(`sync ${LOG}`);
    const { answers } = new Watch(
      sim.addAll([
        { key: 'a', amount: 1 },
        { key: 'b', amount: 2 },
      ]),
    );
    await sim.pass(1);
    const values = new Set<string>();
    for (let kept = 0; kept < 100; kept++) {
      const next = await SimDiskStore.begin(sim.files.crash((bound) => Math.min(kept, bound - 1)));
      values.add(`${next.value('a')} ${next.value('b')}`);
    }
    expect(values).toEqual(new Set(['0 0', '1 2']));
    release();
    await sim.pass(1);
    expect(answers).toEqual([[1, 2]]);
  });

  test('change nothing if one of them cannot be done', async () => {
    const sim = await begin({ limits: { maxCounters: 2 } });
    await sim.run(sim.add('full', MOST));
    const operations = [...sim.files.operations];
    const overflow = [
      { key: 'a', amount: 1 },
      { key: 'full', amount: 1 },
    ];
    const tooMany = [
      { key: 'a', amount: 1 },
      { key: 'b', amount: 1 },
    ];
    const sum = [
      { key: 'a', amount: MOST },
      { key: 'a', amount: 1 },
    ];
    const requests = [overflow, tooMany, sum].map((increments) => sim.addAll(increments, 'once'));
    expect(await sim.run(Promise.all(requests))).toEqual(['overflow', 'too_many_counters', 'overflow']);
    await sim.pass(100);
    expect(sim.files.operations).toEqual(operations);
    expect(await sim.run(sim.add('a', 1, 'once'))).toBe(1);
  });
});

describe('what would pass a limit is an error and changes nothing:', () => {
  test('a value of 2^53', async () => {
    const sim = await begin();
    expect(await sim.run(sim.add('likes', MOST - 1))).toBe(MOST - 1);
    const requests = [sim.add('likes', 2), sim.merge('likes', { 'node-2': 2 }), sim.add('likes', 1)];
    expect(await sim.run(Promise.all(requests))).toEqual(['overflow', 'overflow', MOST]);
    expect(await sim.run(sim.add('likes', 1))).toBe('overflow');
    expect(sim.nodes('likes')).toEqual({ 'node-1': MOST });
  });

  test('one counter too many, counting those on their way to the disk', async () => {
    const sim = await begin({ limits: { maxCounters: 3 } });
    await sim.run(sim.add('a'));
    const release = sim.files.hold(`sync ${LOG}`);
    const first = sim.add('b');
    await sim.pass(1);
    const rest = [sim.add('b'), sim.add('c'), sim.add('d'), sim.merge('e', { 'node-2': 1 }), sim.add('a')];
    release();
    expect(await sim.run(Promise.all([first, ...rest]))).toEqual([
      1,
      2,
      1,
      'too_many_counters',
      'too_many_counters',
      2,
    ]);
    expect([...sim.store.counters.keys()]).toEqual(['a', 'b', 'c']);
  });

  test('one total too many, but not a larger total of a known node', async () => {
    const sim = await begin({ limits: { maxNodes: 2 } });
    await sim.run(sim.add('likes'));
    expect(await sim.run(sim.merge('likes', { a: 1, b: 1 }))).toBe('too_many_nodes');
    expect(await sim.run(sim.merge('likes', { a: 1 }))).toBe(2);
    expect(await sim.run(sim.merge('likes', { a: 5, b: 0 }))).toBe(6);
    expect(await sim.run(sim.merge('likes', { b: 1 }))).toBe('too_many_nodes');
    expect(sim.nodes('likes')).toEqual({ 'node-1': 1, a: 5 });
  });
});

describe('a merge', () => {
  test('that brings nothing new writes nothing and creates no counter', async () => {
    const sim = await begin();
    await sim.run(sim.add('likes', 5));
    await sim.run(sim.merge('likes', { 'node-2': 3 }));
    const operations = [...sim.files.operations];
    const requests = [
      sim.merge('likes', { 'node-1': 5, 'node-2': 2 }),
      sim.merge('likes', {}),
      sim.merge('other', { 'node-2': 0 }),
    ];
    expect(await sim.run(Promise.all(requests))).toEqual([8, 8, 0]);
    expect(sim.files.operations).toEqual(operations);
    expect(sim.store.counters.get('other')).toBeUndefined();
  });

  test('of what is on its way to the disk resolves when that is there', async () => {
    const sim = await begin();
    const release = sim.files.hold(`sync ${LOG}`);
    const watch = new Watch(sim.merge('likes', { 'node-2': 3 }));
    await sim.pass(1);
    watch.add(sim.merge('likes', { 'node-2': 3 }), sim.merge('likes', { 'node-2': 2 }));
    await sim.pass(1);
    expect(watch.answers).toEqual([]);
    release();
    await sim.pass(1);
    expect([watch.answers, sim.batches]).toEqual([[3, 3, 3], [0]]);
  });
});

test('what comes at once is written in several records where one would be too long, in order', async () => {
  const sim = await SimDiskStore.begin(new MemoryFiles(), { limits: { maxCounters: 100_000 } });
  const requests = Array.from({ length: 60 }, (_, at) =>
    sim.addAll(
      Array.from({ length: 1000 }, (__, n) => ({
        key: `${'x'.repeat(200)}-${(at % 3) * 1000 + n}`,
        amount: 1,
      })),
      `id-${at}`,
    ),
  );
  const retry = sim.addAll([{ key: 'last', amount: 1 }], 'last');
  const again = sim.addAll([{ key: 'last', amount: 1 }], 'last');
  const values = await sim.run(Promise.all(requests));
  expect(values.map((each) => each[0])).toEqual(requests.map((_, at) => Math.floor(at / 3) + 1));
  expect(await sim.run(Promise.all([retry, again]))).toEqual([[1], [1]]);
  expect(sim.batches.length).toBeGreaterThan(2);
  const longest = Math.max(
    ...sim.files.operations.map((operation) =>
      Number(/^append counters-\d+\.log (\d+)$/.exec(operation)?.[1] ?? 0),
    ),
  );
  expect(longest).toBeLessThan(6 * 2 ** 20);
  const next = await SimDiskStore.begin(sim.files.crash(nothing), { limits: { maxCounters: 100_000 } });
  expect(next.value(`${'x'.repeat(200)}-2999`)).toBe(20);
});

test('batches that wait fail with the one before them', async () => {
  const sim = await SimDiskStore.begin(new MemoryFiles(), { limits: { maxCounters: 100_000 } });
  sim.files.fail('append counters-000001.log', new DiskError('EIO'));
  const requests = Array.from({ length: 60 }, (_, at) =>
    sim.addAll(
      Array.from({ length: 1000 }, (__, n) => ({ key: `${'x'.repeat(200)}-${at}-${n}`, amount: 1 })),
    ),
  );
  const results = await sim.run(Promise.all(requests));
  expect(new Set(results)).toEqual(new Set(['unknown_outcome', 'read_only']));
  await sim.run(sim.store.close());
});
