import { describe, expect, test } from 'vitest';
import { CounterError } from '../../src/counter/counter.ts';
import { MAX_OPEN_REQUESTS, StoredCounter } from '../../src/counter/stored-counter.ts';
import { gTotal } from '../../src/crdt/g-counter.ts';
import { MemoryKeyValueStore } from '../../src/counter/memory-key-value-store.ts';
import type { KeyValueStore, SwapOutcome } from '../../src/counter/key-value-store.ts';
import { silent } from '../../src/runtime/log.ts';
import { streams } from '../../src/workbench/sim/random.ts';
import { VirtualClock } from '../../src/workbench/sim/virtual-clock.ts';

const ROUND_TRIP_MS = 100;
const RETRY_MS = 300;
const DEADLINE_MS = 1000;

/** A linearizable store 50 ms away, which records requests and can lose them or their replies. */
class DistantStore implements KeyValueStore {
  readonly values = new MemoryKeyValueStore();
  readonly requests: string[] = [];
  /** Called for each request: `deaf` loses it, `mute` performs it and loses the reply. */
  behave: (request: string) => 'answer' | 'deaf' | 'mute' = () => 'answer';
  roundTripMs = ROUND_TRIP_MS;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  read(key: string): Promise<unknown> {
    return this.#request(`read ${key}`, () => this.values.read(key));
  }

  write(key: string, value: unknown): Promise<void> {
    return this.#request(`write ${key}`, () => this.values.write(key, value));
  }

  compareAndSwap(key: string, from: unknown, to: unknown, create: boolean): Promise<SwapOutcome> {
    const request = `cas ${key} ${String(from)} ${String(to)}`;
    return this.#request(request, () => this.values.compareAndSwap(key, from, to, create));
  }

  #request<T>(request: string, operation: () => Promise<T>): Promise<T> {
    this.requests.push(request);
    const behaviour = this.behave(request);
    return new Promise((resolve) => {
      if (behaviour === 'deaf') return;
      this.#clock.after(this.roundTripMs / 2, () => {
        void operation().then((answer) => {
          if (behaviour === 'answer') this.#clock.after(this.roundTripMs / 2, () => resolve(answer));
        });
      });
    });
  }
}

function setUp(nodeIds = ['n0', 'n1', 'n2']) {
  const clock = new VirtualClock();
  const store = new DistantStore(clock);
  const counterOf = (nodeId: string): StoredCounter<number> =>
    new StoredCounter({
      kind: gTotal,
      store,
      nodeId,
      nodeIds,
      deadlineMs: DEADLINE_MS,
      retryMs: RETRY_MS,
      clock,
      random: streams(1)(nodeId),
      log: silent,
    });
  /** Runs `work` and resolves with the requests that the store got meanwhile. */
  const requestsDuring = async (work: () => Promise<unknown>): Promise<string[]> => {
    store.requests.length = 0;
    await clock.run(work());
    return [...store.requests];
  };
  const elapsedMs = async (work: () => Promise<unknown>): Promise<number> => {
    const startedMs = clock.nowMs();
    await clock.run(work());
    return clock.nowMs() - startedMs;
  };
  /** Lets time pass. */
  const pass = (durationMs: number): Promise<void> =>
    clock.run(new Promise<void>((resolve) => clock.after(durationMs, resolve)));
  return { clock, store, counter: counterOf('n0'), other: counterOf('n1'), requestsDuring, elapsedMs, pass };
}

const errorKind = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof CounterError ? error.kind : error),
  );

describe('cost', () => {
  test('an add is one swap and one round trip, once the total is known', async () => {
    const { counter, requestsDuring, elapsedMs } = setUp();
    await requestsDuring(() => counter.add(1));
    expect(await requestsDuring(() => counter.add(2))).toEqual(['cas counter-n0 1 3']);
    expect(await elapsedMs(() => counter.add(2))).toBe(ROUND_TRIP_MS);
  });

  test('a read is a barrier and one parallel read of the others: two round trips', async () => {
    const { counter, requestsDuring, elapsedMs } = setUp();
    await requestsDuring(() => counter.add(1));
    expect(await requestsDuring(() => counter.read())).toEqual([
      'write barrier-n0',
      'read counter-n1',
      'read counter-n2',
    ]);
    expect(await elapsedMs(() => counter.read())).toBe(2 * ROUND_TRIP_MS);
  });

  test('a node that has added nothing yet also reads its own key, in the same two round trips', async () => {
    const { counter, requestsDuring, elapsedMs } = setUp();
    expect(await requestsDuring(() => counter.read())).toContain('read counter-n0');
    expect(await elapsedMs(() => counter.read())).toBe(2 * ROUND_TRIP_MS);
  });

  test('an add of 0 sends no request', async () => {
    const { counter, requestsDuring, elapsedMs } = setUp();
    expect(await requestsDuring(() => counter.add(0))).toEqual([]);
    expect(await elapsedMs(() => counter.add(0))).toBe(0);
  });

  test('adds that arrive while a swap is in flight share the next one', async () => {
    const { counter, requestsDuring } = setUp();
    await requestsDuring(() => counter.add(1));
    const adds = (): Promise<unknown> => Promise.all([1, 2, 3, 4].map((delta) => counter.add(delta)));
    expect(await requestsDuring(adds)).toEqual(['cas counter-n0 1 2', 'cas counter-n0 2 11']);
  });

  test('a confirmed swap that was sent after a read arrived is its barrier', async () => {
    const { counter, requestsDuring } = setUp();
    await requestsDuring(() => counter.add(1));
    const requests = await requestsDuring(() =>
      Promise.all([counter.add(1), counter.read(), counter.add(1)]),
    );
    expect(requests).toEqual([
      'cas counter-n0 1 2',
      'cas counter-n0 2 3',
      'read counter-n1',
      'read counter-n2',
    ]);
  });

  test('reads that wait together share a sweep', async () => {
    const { counter, requestsDuring } = setUp();
    await requestsDuring(() => counter.add(1));
    const reads = (): Promise<unknown> => Promise.all(Array.from({ length: 10 }, () => counter.read()));
    // The first leaves at once; the nine that arrive while its barrier is in flight wait for the next.
    expect(await requestsDuring(reads)).toHaveLength(6);
  });

  test('a read does not join a sweep that began before it arrived', async () => {
    const { clock, counter, other } = setUp();
    await clock.run(Promise.all([counter.add(1), other.add(1)]));
    const late = new Promise<number>((resolve) => {
      clock.after(1.5 * ROUND_TRIP_MS, () => void other.add(5).then(() => counter.read().then(resolve)));
    });
    expect(await clock.run(Promise.all([counter.read(), late]))).toEqual([2, 7]);
  });
});

describe('lost replies', () => {
  test('an add survives a lost reply to its swap, and is counted once', async () => {
    const { clock, store, counter, other, requestsDuring } = setUp();
    await clock.run(counter.add(1));
    let lost = 0;
    store.behave = (request) => (request.startsWith('cas') && lost++ === 0 ? 'mute' : 'answer');
    expect(await requestsDuring(() => counter.add(4))).toEqual([
      'cas counter-n0 1 5',
      'cas counter-n0 1 5',
      'write barrier-n0',
      'read counter-n0',
    ]);
    expect(await clock.run(Promise.all([counter.read(), other.read()]))).toEqual([5, 5]);
  });

  test('an add survives a swap that never arrived', async () => {
    const { clock, store, counter, other } = setUp();
    await clock.run(counter.add(1));
    let lost = 0;
    store.behave = (request) => (request.startsWith('cas') && lost++ < 2 ? 'deaf' : 'answer');
    await clock.run(counter.add(4));
    expect(await clock.run(other.read())).toBe(5);
  });

  test('adds that arrive while the outcome of a swap is unknown do not change what is sent again', async () => {
    const { clock, store, counter } = setUp();
    await clock.run(counter.add(1));
    store.requests.length = 0;
    let lost = 0;
    store.behave = (request) => (request.startsWith('cas') && lost++ === 0 ? 'deaf' : 'answer');
    const later = new Promise<void>((resolve) => clock.after(10, () => void counter.add(2).then(resolve)));
    await clock.run(Promise.all([counter.add(4), later]));
    expect(store.requests).toEqual(['cas counter-n0 1 5', 'cas counter-n0 1 5', 'cas counter-n0 5 7']);
  });

  test('each attempt at a barrier writes another value', async () => {
    const { clock, store, counter } = setUp();
    const values: unknown[] = [];
    const write = store.write.bind(store);
    store.write = (key, value) => {
      values.push(value);
      return write(key, value);
    };
    store.behave = () => (values.length < 3 ? 'mute' : 'answer');
    await clock.run(counter.read());
    expect(values).toHaveLength(3);
    expect(new Set(values).size).toBe(3);
  });

  test('a swap of an earlier incarnation that lands between reading the total and swapping it is not counted twice', async () => {
    const { clock, store, counter, other } = setUp();
    await store.values.write('counter-n0', 5);
    store.behave = (request) => {
      if (request.startsWith('cas counter-n0 5')) {
        void store.values.compareAndSwap('counter-n0', 5, 8, false);
      }
      return 'answer';
    };
    await clock.run(counter.add(2));
    expect(await clock.run(Promise.all([counter.read(), other.read()]))).toEqual([10, 10]);
  });

  test('a swap of an earlier incarnation with the same effect as ours is not taken for ours', async () => {
    const { clock, store, counter, other } = setUp();
    await store.values.write('counter-n0', 5);
    const learnt = new Promise<void>((resolve) => {
      store.behave = (request) => {
        if (request === 'read counter-n0') resolve();
        return 'answer';
      };
    });
    const adds = [counter.add(1), counter.add(2)].map(errorKind);
    await clock.run(learnt);
    // While the node reads 5, a forgotten swap makes it 8, and a read on another node includes that.
    store.behave = (request) => {
      if (request === 'cas counter-n0 5 8') void store.values.compareAndSwap('counter-n0', 5, 8, false);
      return 'answer';
    };
    expect(await clock.run(Promise.all(adds))).toEqual(['timeout', 'timeout']);
    await clock.run(counter.add(1));
    expect(await clock.run(other.read())).toBe(9);
  });

  test('a reply to the first attempt counts, however many followed', async () => {
    const { store, counter, elapsedMs } = setUp();
    store.roundTripMs = 1.5 * RETRY_MS;
    expect(await elapsedMs(() => counter.read())).toBe(2 * store.roundTripMs);
  });

  test('a swap of an earlier incarnation that lands between two reads is seen by the second', async () => {
    const { clock, store, counter, other } = setUp();
    expect(await clock.run(Promise.all([counter.read(), other.read()]))).toEqual([0, 0]);
    await store.values.compareAndSwap('counter-n0', 0, 8, true);
    expect(await clock.run(Promise.all([counter.read(), other.read()]))).toEqual([8, 8]);
  });
});

describe('deadlines', () => {
  test('an add that was never sent fails definitely, and is never sent', async () => {
    const { clock, store, counter, elapsedMs, pass } = setUp();
    store.behave = () => 'deaf';
    const add = counter.add(5);
    expect(await elapsedMs(() => errorKind(add))).toBe(DEADLINE_MS);
    expect(await clock.run(errorKind(add))).toBe('temporarily-unavailable');
    store.behave = () => 'answer';
    await pass(5 * DEADLINE_MS);
    expect(await clock.run(counter.read())).toBe(0);
    expect(store.requests.some((request) => request.startsWith('cas'))).toBe(false);
  });

  test('an add that was sent fails indefinitely', async () => {
    const { clock, store, counter } = setUp();
    await clock.run(counter.add(1));
    store.behave = () => 'deaf';
    const [sent, waiting] = [counter.add(5), counter.add(6)];
    expect(await clock.run(Promise.all([sent, waiting].map(errorKind)))).toEqual([
      'timeout',
      'temporarily-unavailable',
    ]);
  });

  test('no request goes to the store once no client is waiting', async () => {
    const { clock, store, counter, pass } = setUp();
    store.behave = () => 'deaf';
    await clock.run(Promise.all([counter.add(5), counter.read()].map(errorKind)));
    await pass(2 * DEADLINE_MS);
    store.requests.length = 0;
    await pass(100 * DEADLINE_MS);
    expect(store.requests).toEqual([]);
  });

  test('after silence, the total is read again and service goes on', async () => {
    const { clock, store, counter, other } = setUp();
    await clock.run(counter.add(1));
    store.behave = (request) => (request.startsWith('cas') ? 'mute' : 'deaf');
    expect(await clock.run(errorKind(counter.add(5)))).toBe('timeout');
    store.behave = () => 'answer';
    await clock.run(counter.add(10));
    expect(await clock.run(other.read())).toBe(16);
  });

  test('close fails all open requests at once', async () => {
    const { clock, counter, elapsedMs } = setUp();
    await clock.run(counter.add(1));
    const open = [counter.add(1), counter.add(1), counter.read()].map(errorKind);
    counter.close();
    expect(await elapsedMs(() => Promise.all(open))).toBe(0);
    expect(await clock.run(Promise.all(open))).toEqual([
      'timeout',
      'temporarily-unavailable',
      'temporarily-unavailable',
    ]);
  });
});

describe('bounds', () => {
  test('an add that would pass 2^53 - 1 fails for good, and the rest of its batch does not', async () => {
    const { clock, counter } = setUp();
    await clock.run(counter.add(Number.MAX_SAFE_INTEGER - 10));
    const outcomes = [5, 6, 5, 1].map((delta) => errorKind(counter.add(delta)));
    expect(await clock.run(Promise.all(outcomes))).toEqual(['no error', 'abort', 'no error', 'abort']);
    expect(await clock.run(counter.read())).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('a value past 2^53 - 1 is an error, not a wrong number', async () => {
    const { clock, counter, other } = setUp();
    await clock.run(Promise.all([counter.add(Number.MAX_SAFE_INTEGER), other.add(1)]));
    expect(await clock.run(errorKind(counter.read()))).toBe('abort');
  });

  test('the number of waiting requests is bounded', async () => {
    const { clock, store, counter } = setUp();
    store.behave = () => 'deaf';
    for (let i = 0; i < MAX_OPEN_REQUESTS; i++) void errorKind(counter.read());
    const startedMs = clock.nowMs();
    expect(await clock.run(errorKind(counter.add(1)))).toBe('temporarily-unavailable');
    expect(clock.nowMs()).toBe(startedMs);
  });

  test('a total that falls is an error, not a wrong number', async () => {
    const { clock, store, counter } = setUp();
    await clock.run(counter.add(5));
    await clock.run(counter.read());
    await store.values.write('counter-n0', 3);
    expect(await clock.run(errorKind(counter.add(1)))).toBe('timeout');
    expect(await clock.run(errorKind(counter.add(1)))).toBe('temporarily-unavailable');
    expect(await store.values.read('counter-n0')).toBe(3);
  });
});
