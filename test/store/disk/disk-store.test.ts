import { describe, expect, test } from 'vitest';
import { Life } from '../../support/disk-store-process.ts';
import { MemoryFiles } from '../../support/memory-files.ts';

const LOG = 'counters-000001.log';
const MOST = Number.MAX_SAFE_INTEGER;

const begin = (options: Parameters<typeof Life.begin>[1] = {}): Promise<Life> =>
  Life.begin(new MemoryFiles(), options);

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

const syncsOf = ({ files }: Life): number =>
  files.operations.filter((operation) => operation === `sync ${LOG}`).length;

describe('an increment', () => {
  test('answers the value that the counter then has', async () => {
    const life = await begin();
    expect(await life.run(life.add('likes', 3))).toBe(3);
    expect(await life.run(life.add('likes', 4))).toBe(7);
    expect(await life.run(life.merge('likes', { 'node-2': 10 }))).toBe(17);
    expect(await life.run(life.add('likes'))).toBe(18);
    expect(life.nodes('likes')).toEqual({ 'node-1': 8, 'node-2': 10 });
  });

  test.each(['append', 'sync'])(
    'is neither acknowledged nor seen before its %s is done',
    async (operation) => {
      const life = await begin();
      await life.run(life.add('likes', 1));
      const release = life.files.hold(`${operation} ${LOG}`);
      const { answers } = new Watch(
        life.add('likes', 2),
        life.merge('views', { 'node-2': 3 }),
        life.add('likes', 4, 'once'),
      );
      await life.pass(10_000);
      expect([answers, life.value('likes'), life.value('views')]).toEqual([[], 1, 0]);
      expect(life.store.statistics.answers).toBe(0);
      release();
      await life.pass(0);
      expect([answers, life.value('likes'), life.value('views')]).toEqual([[3, 3, 7], 7, 3]);
    },
  );

  test('is on the disk when it is acknowledged', async () => {
    const life = await begin();
    expect(await life.run(life.add('likes', 3))).toBe(3);
    const next = await Life.begin(life.files.crash(() => 0));
    expect(next.value('likes')).toBe(3);
  });
});

describe('requests that wait', () => {
  test('share one sync, and none of them waits for a second', async () => {
    const life = await begin();
    const syncs = syncsOf(life);
    await life.run(Promise.all(Array.from({ length: 100 }, (_, at) => life.add(`key-${at % 7}`))));
    expect([syncsOf(life) - syncs, life.batches]).toEqual([1, [100]]);
  });

  test('for a sync under way share the next', async () => {
    const life = await begin();
    const syncs = syncsOf(life);
    const release = life.files.hold(`sync ${LOG}`);
    const watch = new Watch(life.add('likes'));
    await life.pass(1);
    watch.add(...Array.from({ length: 50 }, () => life.add('likes')));
    await life.pass(1);
    release();
    await life.pass(1);
    expect(watch.answers).toEqual(Array.from({ length: 51 }, (_, at) => at + 1));
    expect(life.batches).toEqual([1, 50]);
    expect(syncsOf(life) - syncs).toBe(2);
  });

  test('see those before them, stored or not', async () => {
    const life = await begin();
    const release = life.files.hold(`sync ${LOG}`);
    const first = life.add('likes', 1);
    await life.pass(1);
    const rest = [life.add('likes', 2), life.merge('likes', { 'node-2': 10 }), life.add('likes', 3)];
    release();
    expect(await life.run(Promise.all([first, ...rest]))).toEqual([1, 3, 13, 16]);
  });

  test('are all stored when the store is closed', async () => {
    const life = await begin();
    const release = life.files.hold(`sync ${LOG}`);
    const watch = new Watch(life.add('likes', 1));
    await life.pass(1);
    watch.add(life.add('likes', 2));
    const closed = life.store.close();
    release();
    await life.run(closed);
    expect(watch.answers).toEqual([1, 3]);
    const next = await Life.begin(life.files.crash(() => 0));
    expect(next.value('likes')).toBe(3);
  });
});

describe('several increments in one request', () => {
  test('answer the value after each, also of the same counter', async () => {
    const life = await begin();
    const increments = [
      { key: 'a', amount: 1 },
      { key: 'b', amount: 2 },
      { key: 'a', amount: 3 },
    ];
    expect(await life.run(life.addAll(increments))).toEqual([1, 2, 4]);
    expect([life.value('a'), life.value('b')]).toEqual([4, 2]);
  });

  test('are stored in one record, all or none', async () => {
    const life = await begin();
    const release = life.files.hold(`sync ${LOG}`);
    const { answers } = new Watch(
      life.addAll([
        { key: 'a', amount: 1 },
        { key: 'b', amount: 2 },
      ]),
    );
    await life.pass(1);
    const values = new Set<string>();
    for (let kept = 0; kept < 100; kept++) {
      const next = await Life.begin(life.files.crash((bound) => Math.min(kept, bound - 1)));
      values.add(`${next.value('a')} ${next.value('b')}`);
    }
    expect(values).toEqual(new Set(['0 0', '1 2']));
    release();
    await life.pass(1);
    expect(answers).toEqual([[1, 2]]);
  });

  test('change nothing where one of them cannot be done', async () => {
    const life = await begin({ limits: { maxCounters: 2 } });
    await life.run(life.add('full', MOST));
    const operations = [...life.files.operations];
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
    const requests = [overflow, tooMany, sum].map((increments) => life.addAll(increments, 'once'));
    expect(await life.run(Promise.all(requests))).toEqual(['overflow', 'too_many_counters', 'overflow']);
    await life.pass(100);
    expect(life.files.operations).toEqual(operations);
    expect(await life.run(life.add('a', 1, 'once'))).toBe(1);
  });
});

describe('what would pass a limit is refused, and nothing is changed:', () => {
  test('a value of 2^53', async () => {
    const life = await begin();
    expect(await life.run(life.add('likes', MOST - 1))).toBe(MOST - 1);
    const requests = [life.add('likes', 2), life.merge('likes', { 'node-2': 2 }), life.add('likes', 1)];
    expect(await life.run(Promise.all(requests))).toEqual(['overflow', 'overflow', MOST]);
    expect(await life.run(life.add('likes', 1))).toBe('overflow');
    expect(life.nodes('likes')).toEqual({ 'node-1': MOST });
  });

  test('a counter too many, where those that wait are counted', async () => {
    const life = await begin({ limits: { maxCounters: 3 } });
    await life.run(life.add('a'));
    const release = life.files.hold(`sync ${LOG}`);
    const first = life.add('b');
    await life.pass(1);
    const rest = [
      life.add('b'),
      life.add('c'),
      life.add('d'),
      life.merge('e', { 'node-2': 1 }),
      life.add('a'),
    ];
    release();
    expect(await life.run(Promise.all([first, ...rest]))).toEqual([
      1,
      2,
      1,
      'too_many_counters',
      'too_many_counters',
      2,
    ]);
    expect([...life.store.counters.keys()]).toEqual(['a', 'b', 'c']);
  });

  test('a node too many, but not a larger total of one that is known', async () => {
    const life = await begin({ limits: { maxNodes: 2 } });
    await life.run(life.add('likes'));
    expect(await life.run(life.merge('likes', { a: 1, b: 1 }))).toBe('too_many_nodes');
    expect(await life.run(life.merge('likes', { a: 1 }))).toBe(2);
    expect(await life.run(life.merge('likes', { a: 5, b: 0 }))).toBe(6);
    expect(await life.run(life.merge('likes', { b: 1 }))).toBe('too_many_nodes');
    expect(life.nodes('likes')).toEqual({ 'node-1': 1, a: 5 });
  });

  test('a suffix that would be the last', async () => {
    const life = await begin();
    expect(await life.run(life.merge('likes', { 'node-1~1000000': 1 }))).toBe('invalid_nodes');
    expect(await life.run(life.merge('likes', { 'node-1~999999': 1 }))).toBe(1);
    expect(await life.run(life.add('likes'))).toBe(2);
    expect(life.nodes('likes')).toEqual({ 'node-1~1000000': 1, 'node-1~999999': 1 });
  });
});

describe('a merge', () => {
  test('that says nothing new writes nothing, and makes no counter', async () => {
    const life = await begin();
    await life.run(life.add('likes', 5));
    await life.run(life.merge('likes', { 'node-2': 3 }));
    const operations = [...life.files.operations];
    const requests = [
      life.merge('likes', { 'node-1': 5, 'node-2': 2 }),
      life.merge('likes', {}),
      life.merge('other', { 'node-2': 0 }),
    ];
    expect(await life.run(Promise.all(requests))).toEqual([8, 8, 0]);
    expect(life.files.operations).toEqual(operations);
    expect(life.store.counters.get('other')).toBeUndefined();
  });

  test('that says what waits to be stored is answered when that is stored', async () => {
    const life = await begin();
    const release = life.files.hold(`sync ${LOG}`);
    const watch = new Watch(life.merge('likes', { 'node-2': 3 }));
    await life.pass(1);
    watch.add(life.merge('likes', { 'node-2': 3 }), life.merge('likes', { 'node-2': 2 }));
    await life.pass(1);
    expect(watch.answers).toEqual([]);
    release();
    await life.pass(1);
    expect([watch.answers, life.batches]).toEqual([[3, 3, 3], [0]]);
  });
});
