/** Counters as values: the laws that their doc comments promise. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GCounter } from '../../src/client/g-counter.ts';
import type { Order } from '../../src/client/order.ts';
import { PNCounter } from '../../src/client/pn-counter.ts';
import { parseJson } from '../../src/runtime/json.ts';

const MOST = Number.MAX_SAFE_INTEGER;
const node = fc.constantFrom('a', 'b', 'c', '__proto__', '1', '');
const steps = (least: number): fc.Arbitrary<[node: string, amount: number][]> =>
  fc.array(fc.tuple(node, fc.integer({ min: least, max: 5 })), { maxLength: 6 });

interface Counter<Self> {
  readonly value: number;
  increment(node: string, amount?: number): Self;
  merge(other: Self): Self;
  compare(other: Self): Order;
  toJSON(): object;
}

function describeCounter<Self extends Counter<Self>>(
  name: string,
  zero: Self,
  fromJSON: (json: unknown) => Self,
  least: number,
): void {
  const counter = steps(least).map((all) =>
    all.reduce((sum, [at, amount]) => sum.increment(at, amount), zero),
  );
  const law = (claim: string, holds: (a: Self, b: Self, c: Self) => void): void =>
    test(`for all: ${claim}`, () => {
      const check = fc.property(counter, counter, counter, (a, b, c) => {
        holds(a, b, c);
      });
      expect(() => fc.assert(check, { seed: 1 })).not.toThrow();
    });
  const same = (a: Self, b: Self): void => {
    expect(a.compare(b)).toBe('equal');
    expect(a.toJSON()).toEqual(b.toJSON());
  };

  describe(`${name} as a value`, () => {
    law('merging is commutative, associative and idempotent, and zero adds nothing', (a, b, c) => {
      same(a.merge(b), b.merge(a));
      same(a.merge(b).merge(c), a.merge(b.merge(c)));
      same(a.merge(a), a);
      same(zero.merge(a), a);
    });

    law('a merged counter is the least that is before neither', (a, b, c) => {
      const merged = a.merge(b);
      const includes = (one: Self, other: Self): boolean => ['equal', 'after'].includes(one.compare(other));
      expect(includes(merged, a) && includes(merged, b)).toBe(true);
      if (includes(c, a) && includes(c, b)) expect(includes(c, merged)).toBe(true);
    });

    law('the other way round, the order is the opposite', (a, b) => {
      const opposite = { before: 'after', after: 'before', equal: 'equal', concurrent: 'concurrent' };
      expect(b.compare(a)).toBe(opposite[a.compare(b)]);
    });

    law('an increment is after what was there, and changes the value by its amount', (a, b) => {
      const incremented = a.increment('b', 3);
      expect(incremented.compare(a)).toBe('after');
      expect(incremented.value).toBe(a.value + 3);
      expect(b.merge(a).merge(incremented).merge(a).compare(b.merge(incremented))).toBe('equal');
    });

    law('a counter never changes', (a, b) => {
      const before = JSON.stringify(a);
      a.increment('a');
      a.merge(b);
      expect(JSON.stringify(a)).toBe(before);
    });

    law('JSON keeps all', (a) => same(fromJSON(parseJson(JSON.stringify(a))), a));

    test.each([null, undefined, 5, 'a', [], [1], { a: '1' }, { a: -1 }, { a: 1.5 }, { a: [1] }])(
      '%j is no counter in JSON',
      (json) => expect(() => fromJSON(json)).toThrow(TypeError),
    );

    test.each([0.5, Number.NaN, MOST + 1, Infinity])('%j is no amount', (amount) =>
      expect(() => zero.increment('a', amount)).toThrow(TypeError),
    );

    test('what no number holds exactly is refused', () => {
      const full = zero.increment('a', MOST);
      expect(() => full.increment('a')).toThrow(RangeError);
      expect(() => full.increment('b')).toThrow(RangeError);
      const merged = full.merge(zero.increment('b'));
      expect(() => merged.value).toThrow(RangeError);
      expect(full.value).toBe(MOST);
    });
  });
}

describeCounter('a G-Counter', new GCounter(), (json) => GCounter.fromJSON(json), 0);
describeCounter('a PN-Counter', new PNCounter(), (json) => PNCounter.fromJSON(json), -5);

test('a G-Counter does not count down, a PN-Counter does', () => {
  expect(() => new GCounter().increment('a', -1)).toThrow(TypeError);
  expect(new PNCounter().increment('a', 2).increment('a', -5).value).toBe(-3);
});

test('a G-Counter takes the nodes of a counter on a server', () => {
  const counter = GCounter.fromJSON({ 'node-1': 5, 'node-2~k3f9qz': 3 });
  expect([counter.value, counter.increment('node-1').value]).toEqual([8, 9]);
});
