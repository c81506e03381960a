/**
 * The conformance suite of the store port: what every engine must do, whatever it keeps its counters in. To add an
 * engine, call `describeStore` with a way to open an empty store (see conformance.test.ts).
 */
import { describe, expect, test } from 'vitest';
import { LOWER_BOUND } from '../../src/crdt/counter-state.ts';
import { ApiError } from '../../src/store/api-error.ts';
import type { ChangedCounter, Increment, Store, StoreLimits } from '../../src/store/store.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** Lets time pass until `work` is done. */
  run<T>(work: Promise<T>): Promise<T>;
  /** Lets so much time pass. */
  pass(durationMs: number): Promise<void>;
}

export type OpenStore = (limits: StoreLimits) => Promise<StoreUnderTest>;

const MOST = Number.MAX_SAFE_INTEGER;
const LIMITS: StoreLimits = {
  maxCounters: 1000,
  maxNodes: 100,
  windowMs: 60_000,
  maxIdempotencyRecords: 1000,
};

/** How an engine may differ from the others. */
export interface Differences {
  /** It raises a value to a lower bound by counting what is missing. Others keep the bound apart. */
  readonly countsLowerBounds?: boolean;
  /** It may keep idempotency records for longer than their window. */
  readonly keepsRecordsLonger?: boolean;
}

/** Declares the tests of an engine that is opened, empty, by `open`. */
export function describeStore(
  engine: string,
  open: OpenStore,
  { countsLowerBounds = false, keepsRecordsLonger = false }: Differences = {},
): void {
  describe(`${engine} as a store`, () => {
    const begin = async (limits: Partial<StoreLimits> = {}): Promise<Client> =>
      new Client(await open({ ...LIMITS, ...limits }));

    describe('an increment', () => {
      test('resolves with the value after it, and a read that begins later includes it', async () => {
        const client = await begin();
        expect(await client.add('likes', 3)).toBe(3);
        expect(await client.add('likes', 4)).toBe(7);
        expect(await client.read('likes')).toEqual([7, { [client.nodeId]: 7 }, 0]);
      });

      test('of several counters resolves with the value after each', async () => {
        const client = await begin();
        expect(await client.addAll(['a', 1], ['b', 2], ['a', 3])).toEqual([1, 2, 4]);
        expect([await client.value('a'), await client.value('b')]).toEqual([4, 2]);
      });

      test('of several counters changes all or none', async () => {
        const client = await begin();
        await client.add('full', MOST);
        expect(await client.addAll(['a', 1], ['full', 1])).toBe('overflow');
        expect(await client.addAll(['b', MOST], ['b', 1])).toBe('overflow');
        expect(await client.keys('')).toEqual(['full']);
      });

      test('that comes with others is counted like them, each with a value of its own', async () => {
        const client = await begin();
        const values = await Promise.all(Array.from({ length: 50 }, () => client.add('likes', 2)));
        expect(new Set(values)).toEqual(new Set(Array.from({ length: 50 }, (_, at) => 2 * at + 2)));
        expect(await client.value('likes')).toBe(100);
      });

      test('reaches 2^53 - 1 and does not pass it', async () => {
        const client = await begin();
        expect(await client.add('likes', MOST - 1)).toBe(MOST - 1);
        expect(await client.add('likes', 2)).toBe('overflow');
        expect(await client.add('likes', 1)).toBe(MOST);
      });

      test('creates no more counters than the limit allows', async () => {
        const client = await begin({ maxCounters: 2 });
        await client.add('a');
        expect(await client.addAll(['b', 1], ['c', 1])).toBe('too_many_counters');
        expect(await client.addAll(['b', 1], ['a', 1])).toEqual([1, 2]);
        expect(await client.add('c')).toBe('too_many_counters');
      });
    });

    describe('a retry under the same idempotency key', () => {
      test('resolves with the same value and adds nothing', async () => {
        const client = await begin();
        expect(await client.add('likes', 3, 'once')).toBe(3);
        await client.add('likes', 4);
        expect(await client.add('likes', 3, 'once')).toBe(3);
        expect(await client.value('likes')).toBe(7);
      });

      test('that comes at the same time is counted once', async () => {
        const client = await begin();
        const values = await Promise.all([1, 2, 3].map(() => client.add('likes', 5, 'once')));
        expect([values, await client.value('likes')]).toEqual([[5, 5, 5], 5]);
      });

      test('with other content is an error and changes nothing', async () => {
        const client = await begin();
        await client.add('likes', 3, 'once');
        expect(await client.add('likes', 4, 'once')).toBe('idempotency_key_reused');
        expect(await client.value('likes')).toBe(3);
      });

      test('of a refused increment is a new request', async () => {
        const client = await begin();
        await client.add('full', MOST);
        expect(await client.addAllOnce('once', ['a', 1], ['full', 1])).toBe('overflow');
        expect(await client.add('a', 1, 'once')).toBe(1);
      });

      test.skipIf(keepsRecordsLonger)('counts again after the window', async () => {
        const client = await begin({ windowMs: 1000 });
        await client.add('likes', 1, 'once');
        await client.pass(1001);
        expect(await client.add('likes', 1, 'once')).toBe(2);
      });

      test('still works when no further keys are accepted', async () => {
        const client = await begin({ maxIdempotencyRecords: 1 });
        expect(await client.add('likes', 1, 'first')).toBe(1);
        expect(await client.add('likes', 1, 'second')).toBe('too_many_idempotency_keys');
        expect(await client.add('likes', 1, 'first')).toBe(1);
        expect(await client.add('likes', 1)).toBe(2);
      });
    });

    describe('a merge', () => {
      test('keeps the larger of each total, and resolves with the counter after it', async () => {
        const client = await begin();
        await client.add('likes', 5);
        expect(await client.merge('likes', { b: 7, c: 1 })).toEqual([
          13,
          { b: 7, c: 1, [client.nodeId]: 5 },
          0,
        ]);
        expect(await client.merge('likes', { b: 6, c: 2, [client.nodeId]: 4 })).toEqual([
          14,
          { b: 7, c: 2, [client.nodeId]: 5 },
          0,
        ]);
        expect(await client.value('likes')).toBe(14);
      });

      test('done twice is done once', async () => {
        const client = await begin();
        const once = await client.merge('likes', { b: 7, [LOWER_BOUND]: 3 });
        expect(await client.merge('likes', { b: 7, [LOWER_BOUND]: 3 })).toEqual(once);
      });

      test('of nothing creates no counter', async () => {
        const client = await begin();
        expect(await client.merge('likes', { b: 0 })).toEqual([0, {}, 0]);
        expect(await client.keys('')).toEqual([]);
      });

      test.each(['__proto__', 'constructor', '1', '🧮'])(
        'takes the total of %j like any other',
        async (name) => {
          const client = await begin();
          await client.mergeParts('likes', new Map([[name, 3]]));
          expect((await client.run(client.store.read('likes'))).nodes).toEqual(new Map([[name, 3]]));
        },
      );

      test('past a limit is an error and changes nothing', async () => {
        const client = await begin({ maxCounters: 1, maxNodes: 2 });
        await client.merge('likes', { b: 1, c: MOST - 1 });
        expect(await client.merge('likes', { b: 2 })).toBe('overflow');
        expect(await client.merge('likes', { d: 0, e: 0, b: 1, [`${client.nodeId}~1000000`]: 1 })).toBe(
          'overflow',
        );
        expect(await client.merge('views', { b: 1 })).toBe('too_many_counters');
        expect(await client.read('likes')).toEqual([MOST, { b: 1, c: MOST - 1 }, 0]);
      });

      test('adds no more totals to a counter than the limit allows', async () => {
        const client = await begin({ maxNodes: 2 });
        await client.merge('likes', { b: 1, c: 1 });
        expect(await client.merge('likes', { d: 1 })).toBe('too_many_nodes');
        expect(await client.merge('likes', { b: 2 })).toEqual([3, { b: 2, c: 1 }, 0]);
      });
    });

    describe('a lower bound', () => {
      test('raises the value to itself, and never lowers it', async () => {
        const client = await begin();
        expect(await client.raiseTo('likes', 10)).toBe(10);
        expect(await client.raiseTo('likes', 4)).toBe(10);
        const kept = countsLowerBounds ? [10, { [client.nodeId]: 10 }, 0] : [10, {}, 10];
        expect(await client.read('likes')).toEqual(kept);
      });

      test('that is ahead of the sum grows with each increment', async () => {
        const client = await begin();
        await client.raiseTo('likes', 10);
        expect(await client.add('likes', 2)).toBe(12);
        const kept = countsLowerBounds ? [12, { [client.nodeId]: 12 }, 0] : [12, { [client.nodeId]: 2 }, 12];
        expect(await client.read('likes')).toEqual(kept);
      });
    });

    describe('a read', () => {
      test('of a counter that nobody has incremented is 0', async () => {
        const client = await begin();
        expect(await client.read('likes')).toEqual([0, {}, 0]);
        expect(await client.keys('')).toEqual([]);
      });
    });

    describe('a list', () => {
      test('has the counters with a prefix, in the order of their keys', async () => {
        const client = await begin();
        for (const key of ['b', 'ab', 'abc', 'a', '__proto__', 'aba', 'B']) await client.add(key);
        expect(await client.keys('ab')).toEqual(['ab', 'aba', 'abc']);
        expect(await client.keys('')).toEqual(['B', '__proto__', 'a', 'ab', 'aba', 'abc', 'b']);
      });

      test('continues after any key and ends at the limit', async () => {
        const client = await begin();
        for (const key of ['a1', 'a2', 'a4', 'b']) await client.add(key);
        expect(await client.keys('a', 'a1')).toEqual(['a2', 'a4']);
        expect(await client.keys('a', 'a3')).toEqual(['a4']);
        expect(await client.keys('', undefined, 2)).toEqual(['a1', 'a2']);
        expect(await client.keys('', 'a2', 1)).toEqual(['a4']);
      });
    });

    describe('the largest', () => {
      test('are the counters with the largest values, equal ones in the order of their keys', async () => {
        const client = await begin();
        for (const [key, amount] of [
          ['b', 5],
          ['a', 7],
          ['c', 5],
          ['__proto__', 5],
          ['d', 9],
        ] as const)
          await client.add(key, amount);
        await client.merge('a', { other: 1 });
        expect(await client.largest('', 100)).toEqual([
          ['d', 9],
          ['a', 8],
          ['__proto__', 5],
          ['b', 5],
          ['c', 5],
        ]);
        expect(await client.largest('', 4)).toEqual((await client.largest('', 100)).slice(0, 4));
      });

      test('of those with a prefix are the largest of those', async () => {
        const client = await begin();
        await client.addAll(['a', 9], ['ab', 1], ['abc', 3], ['ac', 8], ['b', 7]);
        expect(await client.largest('ab', 2)).toEqual([
          ['abc', 3],
          ['ab', 1],
        ]);
        expect(await client.largest('z', 2)).toEqual([]);
      });

      test('are whole counters', async () => {
        const client = await begin();
        await client.merge('a', { b: 7, c: 1 });
        const [first] = await client.run(client.store.largest('', 1));
        expect(first && shownOf(first)).toEqual(await client.read('a'));
      });

      test('have whatever was acknowledged before they were asked for, also where others have asked', async () => {
        const client = await begin();
        await client.add('a', 1);
        for (let value = 2; value < 6; value++) {
          const earlier = client.run(client.store.largest('', 1));
          await client.add('a', 1);
          expect(await client.largest('', 1)).toEqual([['a', value]]);
          await earlier;
        }
      });
    });

    describe('changes', () => {
      test('without a position are only the latest position', async () => {
        const client = await begin();
        await client.add('likes');
        const { counters, position } = await client.run(client.store.changesAfter(undefined, '', 100));
        expect(counters).toBeUndefined();
        expect(await client.changes(position)).toEqual([]);
      });

      test('are each counter with the prefix once, as it now is, the latest change last', async () => {
        const client = await begin();
        const start = await client.position();
        for (const key of ['a1', 'b', 'a2', 'a1']) await client.add(key);
        const changes = (await client.changes(start, 'a')) ?? [];
        expect(changes.map(({ key, value }) => [key, value])).toEqual([
          ['a2', 1],
          ['a1', 2],
        ]);
        expect(changes[0]?.changedAt).toBeLessThan(changes[1]?.changedAt ?? 0);
      });

      test('after the position of one are those that follow it', async () => {
        const client = await begin();
        const start = await client.position();
        for (const key of ['a', 'b', 'c']) await client.add(key);
        const [first] = (await client.changes(start)) ?? [];
        const rest = await client.changes(first?.changedAt);
        expect(rest?.map(({ key }) => key)).toEqual(['b', 'c']);
      });

      test('end at the limit, and continue after the position that comes with them', async () => {
        const client = await begin();
        const start = await client.position();
        for (const key of ['a', 'b', 'c']) await client.add(key);
        const { counters, position } = await client.run(client.store.changesAfter(start, '', 2));
        expect(counters?.map(({ key }) => key)).toEqual(['a', 'b']);
        expect((await client.changes(position))?.map(({ key }) => key)).toEqual(['c']);
      });

      test('after a position that has not been reached are unknown', async () => {
        const client = await begin();
        expect(await client.changes((await client.position()) + 1)).toBeUndefined();
      });
    });

    test('says for how long idempotency keys are remembered', async () => {
      const client = await begin({ windowMs: 5000 });
      expect(client.store.memory.windowMs).toBe(5000);
      expect(['server', 'store']).toContain(client.store.memory.scope);
    });

    test('health says how many counters and idempotency records there are', async () => {
      const client = await begin();
      await client.add('a', 1, 'once');
      await client.add('b');
      const health = await client.run(client.store.health());
      expect(health).toMatchObject({ isWritable: true, counters: 2, idempotencyRecords: 1 });
    });
  });
}

type Entry = readonly [key: string, amount: number];
type Shown = readonly [value: number, nodes: Readonly<Record<string, number>>, lowerBound: number];

/** A store as tests ask it: each request resolves with what it comes to, or with the code of its error. */
class Client {
  readonly store: Store;
  readonly #under: StoreUnderTest;

  constructor(under: StoreUnderTest) {
    this.#under = under;
    this.store = under.store;
  }

  get nodeId(): string {
    return this.store.nodeId;
  }

  run<T>(work: Promise<T>): Promise<T> {
    return this.#under.run(work);
  }

  pass(durationMs: number): Promise<void> {
    return this.#under.pass(durationMs);
  }

  async add(key: string, amount = 1, id?: string): Promise<number | string> {
    const values = await this.#increment([[key, amount]], id);
    return typeof values === 'string' ? values : (values[0] ?? 'no value');
  }

  addAll(...entries: readonly Entry[]): Promise<readonly number[] | string> {
    return this.#increment(entries);
  }

  addAllOnce(id: string, ...entries: readonly Entry[]): Promise<readonly number[] | string> {
    return this.#increment(entries, id);
  }

  merge(key: string, parts: Readonly<Record<string, number>>): Promise<Shown | string> {
    return this.mergeParts(key, new Map(Object.entries(parts)));
  }

  async mergeParts(key: string, parts: ReadonlyMap<string, number>): Promise<Shown | string> {
    const merged = await this.run(orCode(this.store.merge(key, parts)));
    return typeof merged === 'string' ? merged : shownOf(merged);
  }

  raiseTo(key: string, lowerBound: number): Promise<number | string> {
    return this.run(orCode(this.store.raiseTo(key, lowerBound)));
  }

  async read(key: string): Promise<Shown> {
    return shownOf(await this.run(this.store.read(key)));
  }

  async value(key: string): Promise<number> {
    return (await this.read(key))[0];
  }

  async keys(prefix: string, after?: string, limit = 100): Promise<string[]> {
    return this.run(this.store.list(prefix, after, limit).then((page) => [...page].map(({ key }) => key)));
  }

  largest(prefix: string, limit: number): Promise<[key: string, value: number][]> {
    return this.run(
      this.store
        .largest(prefix, limit)
        .then((counters) => counters.map(({ key, value }): [string, number] => [key, value])),
    );
  }

  async position(): Promise<number> {
    return (await this.run(this.store.changesAfter(undefined, '', 100))).position;
  }

  /** What has changed after a position; undefined if that is unknown. */
  changes(
    position: number | undefined,
    prefix = '',
    limit = 100,
  ): Promise<readonly ChangedCounter[] | undefined> {
    return this.run(this.store.changesAfter(position, prefix, limit).then(({ counters }) => counters));
  }

  async #increment(entries: readonly Entry[], id?: string): Promise<readonly number[] | string> {
    const increments: Increment[] = entries.map(([key, amount]) => ({ key, amount }));
    const idempotency = id === undefined ? undefined : { id, fingerprint: JSON.stringify(entries) };
    const counted = await this.run(orCode(this.store.increment(increments, idempotency)));
    return typeof counted === 'string' ? counted : counted.values;
  }
}

const shownOf = (counter: Awaited<ReturnType<Store['read']>>): Shown => [
  counter.value,
  Object.fromEntries(counter.nodes),
  counter.lowerBound,
];

const orCode = <T>(request: Promise<T>): Promise<T | string> =>
  request.catch((error: unknown) => {
    if (error instanceof ApiError) return error.code;
    throw error;
  });
