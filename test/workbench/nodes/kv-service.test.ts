import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Body } from '../../../src/maelstrom/message.ts';
import { LinearizableKv, SequentialKv, type Service } from '../../../src/workbench/nodes/kv-service.ts';
import { streams } from '../../../src/workbench/sim/random.ts';

/** How many states seq-kv remembers: a client further behind may read any of them. */
const WINDOW = 32;

const seeds = Array.from({ length: 100 }, (_, seed) => seed);

const sequential = (seed: number): SequentialKv => new SequentialKv(streams(seed)('seq-kv'));

function write(kv: Service, client: string, key: string, value: unknown): void {
  const reply = kv.handle(client, { type: 'write', key, value });
  if (reply?.['type'] !== 'write_ok') throw new Error(`a write was answered with ${JSON.stringify(reply)}`);
}

/** The value of a key, or undefined if the service has none. */
function read(kv: Service, client: string, key: string): unknown {
  const reply = kv.handle(client, { type: 'read', key });
  if (reply?.['type'] === 'read_ok' || reply?.['code'] === 20) return reply['value'];
  throw new Error(`a read was answered with ${JSON.stringify(reply)}`);
}

/** `ok`, or the error code. */
function swap(kv: Service, client: string, key: string, from: unknown, to: unknown): unknown {
  const reply = kv.handle(client, { type: 'cas', key, from, to });
  return reply?.['type'] === 'cas_ok' ? 'ok' : reply?.['code'];
}

/** What two clients read while another one writes. */
const readingAlong = (kv: Service): unknown[] =>
  seeds.flatMap((value) => {
    write(kv, 'a', 'key', value);
    return [read(kv, 'b', 'key'), read(kv, 'c', 'key')];
  });

type State = ReadonlyMap<unknown, unknown>;

/** All states so far, and for each client the earliest that it can be at, given the replies that it got. */
class Log {
  readonly states: State[] = [new Map()];
  readonly #positions = new Map<string, number>();

  /** Takes a reply. Returns false if a client at this position must not get it. */
  explains(client: string, request: Body, reply: Body): boolean {
    const { type, key, from, to } = request;
    if (reply['type'] !== 'error' && type !== 'read' && from !== to) {
      const newest = this.states.at(-1);
      this.#positions.set(client, this.states.length);
      this.states.push(new Map(newest).set(key, to));
      return type === 'write' || newest?.get(key) === from;
    }
    const position = this.#positions.get(client) ?? 0;
    const state = this.states.findIndex((past, index) => index >= position && fits(past, request, reply));
    this.#positions.set(client, state);
    return state !== -1;
  }
}

/** Whether this is the reply to a request that changes nothing in `state`. */
function fits(state: State, { key, from }: Body, reply: Body): boolean {
  const found = state.get(key);
  if (reply['type'] === 'read_ok') return found === reply['value'];
  if (reply['type'] === 'cas_ok') return found === from;
  return reply['code'] === 20 ? found === undefined : found !== undefined && found !== from;
}

describe('seq-kv', () => {
  test('sometimes returns a past value', () => {
    const answers = seeds.map((seed) => {
      const kv = sequential(seed);
      write(kv, 'a', 'key', 1);
      return read(kv, 'b', 'key');
    });
    expect(new Set(answers)).toEqual(new Set([undefined, 1]));
  });

  test('returns the same for the same seed', () => {
    expect(readingAlong(sequential(1))).toEqual(readingAlong(sequential(1)));
    expect(readingAlong(sequential(1))).not.toEqual(readingAlong(sequential(2)));
  });

  test('an effective write brings its client to the latest state', () => {
    for (const seed of seeds) {
      const kv = sequential(seed);
      for (let value = 1; value <= 10; value++) write(kv, 'a', 'of a', value);
      write(kv, 'b', 'of b', 1);
      expect(read(kv, 'b', 'of a')).toBe(10);
      expect(read(kv, 'b', 'of b')).toBe(1);
    }
  });

  test('an effective swap brings its client to the latest state', () => {
    for (const seed of seeds) {
      const kv = sequential(seed);
      write(kv, 'b', 'of b', 1);
      for (let value = 1; value <= 10; value++) write(kv, 'a', 'of a', value);
      expect(swap(kv, 'b', 'of b', 1, 2)).toBe('ok');
      expect(read(kv, 'b', 'of a')).toBe(10);
    }
  });

  test('an effective swap acts on the latest state, even if a past state would have allowed it', () => {
    for (const seed of seeds) {
      const kv = sequential(seed);
      write(kv, 'a', 'key', 1);
      write(kv, 'b', 'of b', 1);
      write(kv, 'a', 'key', 2);
      expect(swap(kv, 'b', 'key', 1, 3)).toBe(22);
      expect(read(kv, 'a', 'key')).toBe(2);
    }
  });

  test('a swap may fail because of a past state', () => {
    const outcomes = seeds.map((seed) => {
      const kv = sequential(seed);
      write(kv, 'a', 'key', 1);
      write(kv, 'a', 'key', 2);
      return swap(kv, 'b', 'key', 2, 3);
    });
    expect(new Set(outcomes)).toEqual(new Set([20, 22, 'ok']));
  });

  test.each([
    ['a swap of a value for itself', (kv: Service) => swap(kv, 'b', 'of b', 5, 5)],
    ['a write of what is there', (kv: Service) => write(kv, 'b', 'of b', 5)],
  ])('%s proves nothing: its client may still read a past state', (_, act) => {
    const seen = seeds.map((seed) => {
      const kv = sequential(seed);
      write(kv, 'b', 'of b', 5);
      write(kv, 'a', 'of a', 1);
      expect(['ok', undefined]).toContain(act(kv));
      return [read(kv, 'b', 'of a'), read(kv, 'b', 'of a'), read(kv, 'b', 'of a')];
    });
    expect(seen).toContainEqual([undefined, undefined, undefined]);
  });

  test('every client sees states in order, and its own changes, whatever it requests', () => {
    const operation = fc.record({
      type: fc.constantFrom('read', 'read', 'write', 'cas', 'cas'),
      client: fc.constantFrom('a', 'b', 'c'),
      key: fc.constantFrom('x', 'y'),
      /** A swap expects the value that the key had this many states ago. */
      back: fc.nat(3),
      /** A swap is for the same value. */
      idle: fc.boolean(),
    });
    // So few that no client falls out of the window.
    const operations = fc.array(operation, { maxLength: WINDOW - 1, size: 'max' });
    fc.assert(
      fc.property(fc.nat(), operations, (seed, steps) => {
        const kv = sequential(seed);
        const log = new Log();
        for (const { type, client, key, back, idle } of steps) {
          const { states } = log;
          const from = type === 'cas' ? (states.at(-1 - back)?.get(key) ?? -1) : undefined;
          const to = idle && type === 'cas' ? from : states.length;
          const request = { type, key, value: to, from, to };
          const reply = kv.handle(client, request) ?? {};
          expect(log.explains(client, request, reply)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('a client that keeps up never goes back, however long it runs', () => {
    const operation = fc.record({ writes: fc.boolean(), client: fc.constantFrom(0, 1, 2) });
    const operations = fc.array(operation, { minLength: 100, maxLength: 400, size: 'max' });
    fc.assert(
      fc.property(fc.nat(), operations, (seed, steps) => {
        const kv = sequential(seed);
        const shown: number[][] = [[], [], []];
        let latest = 0;
        for (const { writes, client } of steps) {
          const versions = shown[client] ?? [];
          const mustCatchUp = latest - (versions.at(-1) ?? 0) >= WINDOW;
          if (writes || mustCatchUp) {
            write(kv, `c${client}`, 'key', ++latest);
            versions.push(latest);
          } else {
            versions.push(Number(read(kv, `c${client}`, 'key') ?? 0));
          }
        }
        for (const versions of shown) expect(versions).toEqual(versions.toSorted((a, b) => a - b));
      }),
    );
  });

  test('a client that does not keep up gets any one of the last 32 states', () => {
    const versions = new Set<number>();
    for (let seed = 0; seed < 1000; seed++) {
      const kv = sequential(seed);
      for (let version = 1; version <= 100; version++) write(kv, 'a', 'key', version);
      versions.add(Number(read(kv, 'b', 'key')));
    }
    const last = Array.from({ length: WINDOW }, (_, i) => 100 - WINDOW + 1 + i);
    expect([...versions].toSorted((a, b) => a - b)).toEqual(last);
  });

  test('a client that does not keep up is brought to the latest state by its own write', () => {
    for (const seed of seeds) {
      const kv = sequential(seed);
      for (let version = 1; version <= 100; version++) write(kv, 'a', 'key', version);
      write(kv, 'b', 'of b', seed);
      expect(read(kv, 'b', 'key')).toBe(100);
    }
  });
});

describe('lin-kv', () => {
  test('acts on the latest state, for every client', () => {
    const operation = fc.record({
      type: fc.constantFrom('read', 'write', 'cas'),
      client: fc.constantFrom('a', 'b', 'c'),
      key: fc.constantFrom('x', 'y'),
      right: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60, size: 'max' }), (steps) => {
        const kv = new LinearizableKv();
        const newest = new Map<string, number>();
        for (const [value, { type, client, key, right }] of steps.entries()) {
          const from = right ? newest.get(key) : -1;
          const request = { type, key, value, from, to: value };
          const reply = kv.handle(client, request);
          expect(fits(newest, request, reply ?? {}) || reply?.['type'] === 'write_ok').toBe(true);
          if (type !== 'read' && reply?.['type'] !== 'error') newest.set(key, value);
          expect(read(kv, 'other', key)).toBe(newest.get(key));
        }
      }),
    );
  });

  test('creates a key if create_if_not_exists is true for Clojure: anything but false and null', () => {
    const create = (flag: unknown): unknown =>
      new LinearizableKv().handle('a', {
        type: 'cas',
        key: 'k',
        from: 0,
        to: 1,
        create_if_not_exists: flag,
      })?.['type'];
    expect([undefined, false, null].map(create)).toEqual(['error', 'error', 'error']);
    expect([true, 1, 0, '', 'false'].map(create)).toEqual(Array.from({ length: 5 }, () => 'cas_ok'));
  });
});

test.each([
  ['seq-kv', () => sequential(1)],
  ['lin-kv', () => new LinearizableKv()],
] as const)('%s does not reply to an unknown operation, and goes on', (_, create) => {
  const kv = create();
  write(kv, 'a', 'key', 1);
  for (const body of [{ type: 'delete', key: 'key' }, { type: 7 }, {}, { key: 'key' }]) {
    expect(kv.handle('a', body)).toBeUndefined();
  }
  expect(read(kv, 'a', 'key')).toBe(1);
});
