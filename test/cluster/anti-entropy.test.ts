import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_NODES } from '../../src/cluster/codec.ts';
import type { ResponseBody, RequestBody } from '../../src/cluster/messages.ts';
import { MAX_MESSAGE_BYTES } from '../../src/cluster/net/http-transport.ts';
import type { GCounter } from '../../src/crdt/g-counter.ts';
import { LOWER_BOUND } from '../../src/crdt/counter-state.ts';
import { MemoryReplica, Side, overText, leafOfKey } from '../support/memory-replica.ts';

class Interrupted extends Error {}

/** Two replicas that talk, and what they said. */
class Pair {
  readonly a = new Side(new MemoryReplica('node-1'));
  readonly b = new Side(new MemoryReplica('node-2'));
  readonly bodies: (RequestBody | ResponseBody)[] = [];
  longest = 0;
  /** Messages until the connection breaks. */
  patience = Infinity;

  /** Compares all, asked for by `a` or by `b`. */
  run(isFromB = false): Promise<boolean> {
    const [asking, asked] = isFromB ? [this.b, this.a] : [this.a, this.b];
    return asking.antiEntropy.run(
      overText(asked, (text, body) => {
        this.longest = Math.max(this.longest, Buffer.byteLength(text));
        this.bodies.push(body);
        if (--this.patience < 0) throw new Interrupted();
      }),
    );
  }

  /** Puts the same on both sides. */
  both(key: string, parts: GCounter): void {
    this.a.replica.restore(key, parts);
    this.b.replica.restore(key, parts);
  }

  /** How many counters went over, in both directions. */
  get told(): number {
    return this.bodies.reduce(
      (sum, body) => sum + (body.type === 'update' || body.type === 'entries' ? body.totals.size : 0),
      0,
    );
  }
}

function expectEqual({ a, b }: Pair): void {
  expect(a.index.tree.root).toBe(b.index.tree.root);
  expect(a.replica.contents()).toEqual(b.replica.contents());
}

const totalOf = (total: number, node = 'node-3'): GCounter => new Map([[node, total]]);

/** More than go into one message; to find them takes forty million hashes. */
const oneLeaf = readFileSync('test/fixtures/keys-of-one-leaf.txt', 'utf8').trim().split('\n');

const key = fc.oneof(
  fc.constantFrom('likes', '__proto__', 'constructor', '1', '"'.repeat(256), '\u00e9'.repeat(128)),
  fc.nat(40).map((number) => `key-${number}`),
  fc.nat(40).map((at) => oneLeaf[at] ?? 'likes'),
);
const name = fc.constantFrom('node-1', 'node-2', 'node-2~2', 'node-3', 'node-1~k3f9qz', LOWER_BOUND);
const history = fc.array(fc.tuple(key, name, fc.integer({ min: 1, max: 2 ** 40 })), { maxLength: 60 });

/** Two replicas that share some history. No server has a total of another that the other itself does not have. */
const fill = (pair: Pair, common: History, ofA: History, ofB: History): void => {
  for (const [counter, node, total] of common) pair.both(counter, totalOf(total, node));
  for (const [counter, node, total] of ofA) {
    if (!node.startsWith('node-2')) pair.a.replica.restore(counter, totalOf(total, node));
  }
  for (const [counter, node, total] of ofB) {
    if (!node.startsWith('node-1')) pair.b.replica.restore(counter, totalOf(total, node));
  }
};
type History = readonly (readonly [string, string, number])[];

test('after anti-entropy both hold the same, and all that either held', async () => {
  await fc.assert(
    fc.asyncProperty(history, history, history, fc.boolean(), async (common, ofA, ofB, isFromB) => {
      const pair = new Pair();
      fill(pair, common, ofA, ofB);
      const all = new MemoryReplica('node-4');
      for (const { replica } of [pair.a, pair.b]) {
        for (const [counter, parts] of Object.entries(replica.contents())) {
          all.restore(counter, new Map(Object.entries(parts)));
        }
      }
      await pair.run(isFromB);
      expectEqual(pair);
      expect(pair.a.replica.contents()).toEqual(all.contents());
    }),
  );
});

test('an exchange that is interrupted at any message and begun again ends the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      history,
      history,
      fc.array(fc.tuple(fc.nat(14), fc.boolean()), { maxLength: 4 }),
      async (ofA, ofB, interruptions) => {
        const pair = new Pair();
        fill(pair, [], ofA, ofB);
        for (const [patience, isFromB] of interruptions) {
          pair.patience = patience;
          await pair.run(isFromB).catch((error: unknown) => {
            if (!(error instanceof Interrupted)) throw error;
          });
        }
        pair.patience = Infinity;
        await pair.run();
        expect(pair.a.index.tree.root).toBe(pair.b.index.tree.root);
        expect(pair.a.replica.contents()).toEqual(pair.b.replica.contents());
      },
    ),
  );
});

test('the keys that are to be of one leaf are', () => {
  expect(new Set(oneLeaf.map(leafOfKey)).size).toBe(1);
});

test('nothing is sent of what is equal', async () => {
  const pair = new Pair();
  for (let number = 0; number < 2000; number++) pair.both(`key-${number}`, totalOf(1 + number));
  await pair.run();
  expect(pair.bodies.map(({ type }) => type)).toEqual(['compare', 'differ']);
  expect(pair.told).toBe(0);
});

test('of two thousand counters only those that differ are sent', async () => {
  const pair = new Pair();
  for (let number = 0; number < 2000; number++) pair.both(`key-${number}`, totalOf(1 + number));
  pair.a.replica.add('key-7');
  pair.b.replica.add('key-8');
  pair.b.replica.add('candidate');
  await pair.run();
  expectEqual(pair);
  // Of key-7 the other tells its older state too, since nobody can see from a digest who is behind.
  expect(pair.told).toBeLessThanOrEqual(4);
  expect(pair.a.replica.useless).toBeLessThanOrEqual(1);
});

test('of many counters in one leaf only the one that differs is sent', async () => {
  const pair = new Pair();
  for (const each of oneLeaf) pair.both(each, totalOf(3));
  pair.b.replica.add(oneLeaf[7] ?? '');
  await pair.run();
  expectEqual(pair);
  expect(pair.told).toBe(1);
});

describe('after anti-entropy from either side both hold the same', () => {
  const cases: readonly (readonly [string, (pair: Pair) => void])[] = [
    ['of nothing', () => {}],
    [
      'of thousands that one side lacks',
      ({ a }) => {
        for (let number = 0; number < 5000; number++) a.replica.add(`key-${number}`, number + 1);
      },
    ],
    [
      'of thousands that both have counted in',
      ({ a, b }) => {
        for (let number = 0; number < 5000; number++) {
          a.replica.add(`key-${number}`, 1 + number);
          b.replica.add(`key-${number}`, 2);
        }
      },
    ],
    [
      'of thousands with long keys',
      ({ a, b }) => {
        for (let number = 0; number < 1500; number++) {
          const long = `${number}`.padStart(8, '0') + '"'.repeat(248);
          (number % 3 === 0 ? a : b).replica.add(long);
          if (number % 5 === 0) b.replica.add(long, 3);
        }
      },
    ],
    [
      'of many in one leaf',
      ({ a, b }) => {
        for (const [at, each] of oneLeaf.entries()) {
          if (at % 2 === 0) a.replica.add(each);
          if (at % 3 === 0) b.replica.add(each);
        }
      },
    ],
    [
      'of many in one leaf that one side lacks',
      ({ a }) => {
        for (const each of oneLeaf) a.replica.add(each);
      },
    ],
    [
      'of counters with a thousand nodes',
      ({ a, b }) => {
        for (let number = 0; number < 5; number++) {
          const parts = Array.from(
            { length: 1000 },
            (_, node) => [`node-${node}`.padEnd(60, 'x'), 7] as const,
          );
          a.replica.restore(`key-${number}`, new Map(parts));
          b.replica.restore(`key-${number}`, new Map(parts.slice(500).map(([node]) => [node, 9])));
        }
      },
    ],
    [
      'of a few small leaves and then many large ones',
      ({ a, b }) => {
        const keys = Array.from({ length: 6000 }, (_, number) => `key-${number}`);
        const byLeaf = keys.toSorted((x, y) => leafOfKey(x) - leafOfKey(y));
        for (const [at, each] of byLeaf.entries()) {
          if (at < 3000) pairWith(a, b, each, at);
          else b.replica.restore(each, manyNodes(40));
        }
      },
    ],
  ];
  const pairWith = (a: Side, b: Side, each: string, at: number): void => {
    a.replica.restore(each, totalOf(5));
    b.replica.restore(each, totalOf(at % 4 === 0 ? 5 : 6));
  };
  const manyNodes = (count: number): GCounter =>
    new Map(Array.from({ length: count }, (_, node) => [`node-${100 + node}`, 3] as const));

  test.each(cases.flatMap(([what, prepare]) => [false, true].map((isFromB) => ({ what, prepare, isFromB }))))(
    '$what (from the other side: $isFromB)',
    async ({ prepare, isFromB }) => {
      const pair = new Pair();
      prepare(pair);
      await pair.run(isFromB);
      expectEqual(pair);
      expect(pair.longest).toBeLessThan(MAX_MESSAGE_BYTES);
    },
  );
});

test('every message is bounded, however much differs', async () => {
  const pair = new Pair();
  for (let number = 0; number < 6000; number++) {
    const long = `${number}`.padStart(6, '0') + '"'.repeat(250);
    pair.b.replica.add(long);
    pair.a.replica.add(long);
  }
  await pair.run();
  expect(pair.longest).toBeLessThan(MAX_MESSAGE_BYTES);
  for (const body of pair.bodies) {
    expect(body.type === 'compare' ? body.nodes.length : 0).toBeLessThanOrEqual(MAX_NODES);
  }
});

test('counters older than the index are compared like all others', async () => {
  const [first, second] = [new MemoryReplica('node-1'), new MemoryReplica('node-2')];
  first.add('likes', 3);
  second.add('likes', 4);
  const [a, b] = [new Side(first), new Side(second)];
  await a.antiEntropy.run(overText(b, () => {}));
  expect([a.replica.value('likes'), b.replica.value('likes')]).toEqual([7, 7]);
  expect(a.index.tree.root).toBe(b.index.tree.root);
});

describe('a comparison with a peer that does not do what it should', () => {
  const MOST = 2000;
  const differing = (): Side => {
    const side = new Side(new MemoryReplica('node-1'));
    for (let number = 0; number < 50; number++) side.replica.add(`key-${number}`);
    return side;
  };
  const answers: readonly (readonly [string, (body: RequestBody) => ResponseBody | undefined])[] = [
    ['refuses', () => ({ type: 'refused', why: 'removed', message: '' })],
    ['answers something else', () => ({ type: 'done' })],
    [
      'never gets on',
      ({ type }) =>
        type === 'exchange'
          ? { type: 'entries', totals: new Map(), wanted: [], complete: 0, after: '' }
          : undefined,
    ],
    [
      'goes back',
      (body) =>
        body.type === 'exchange'
          ? { type: 'entries', totals: new Map(), wanted: [], complete: 0, after: ' ' }
          : undefined,
    ],
    [
      'wants the same again and again',
      (body) =>
        body.type === 'exchange'
          ? {
              type: 'entries',
              totals: new Map(),
              wanted: ['key-1', 'key-2'],
              complete: 0,
              after: '',
            }
          : undefined,
    ],
    [
      'says that everything differs',
      ({ type }) =>
        type === 'compare'
          ? { type: 'differ', nodes: Array.from({ length: 4096 }, (_, at) => at) }
          : undefined,
    ],
  ];

  test.each(answers)('and %s comes to an end', async (_what, lie) => {
    const honest = new Side(new MemoryReplica('node-2'));
    let asked = 0;
    const run = differing().antiEntropy.run((body) => {
      if (++asked > MOST) return Promise.reject(new Error('there is no end to it'));
      const lied = lie(body);
      return lied === undefined ? honest.answer(body) : Promise.resolve(lied);
    });
    await run.catch(() => {});
    expect(asked).toBeLessThanOrEqual(MOST);
  });
});
