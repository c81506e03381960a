import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Random } from '../../../src/runtime/random.ts';
import { below, pick, shuffled, streams } from '../../../src/workbench/sim/random.ts';

const draw = (random: Random, count: number): number[] => Array.from({ length: count }, () => random.next());

const tenths = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

const names = fc.string({ maxLength: 10 });

const TRIES = 60_000;

/**
 * The largest deviation from an even share in how often each of `choices` is chosen, in standard deviations. NaN if
 * anything else is chosen.
 */
function unevenness<T>(choices: readonly T[], choose: () => T): number {
  const counts = new Map(choices.map((choice) => [choice, 0]));
  for (let i = 0; i < TRIES; i++) {
    const choice = choose();
    counts.set(choice, (counts.get(choice) ?? NaN) + 1);
  }
  const expected = TRIES / choices.length;
  const deviation = Math.sqrt(expected * (1 - 1 / choices.length));
  return Math.max(...[...counts.values()].map((count) => Math.abs(count - expected) / deviation));
}

describe('a stream', () => {
  test('is the same for the same seed and component', () => {
    fc.assert(
      fc.property(fc.nat(), names, (seed, name) => {
        expect(draw(streams(seed)(name), 10)).toEqual(draw(streams(seed)(name), 10));
      }),
    );
  });

  test('is the same on every machine and in every version, so that old seeds keep their meaning', () => {
    expect(draw(streams(1)('network'), 3)).toEqual([
      0.7715377271482482, 0.617455655371466, 0.48991154636428347,
    ]);
  });

  test('differs from that of another seed or component', () => {
    fc.assert(
      fc.property(fc.tuple(fc.nat(), names), fc.tuple(fc.nat(), names), (a, b) => {
        fc.pre(a[0] !== b[0] || a[1] !== b[1]);
        expect(draw(streams(a[0])(a[1]), 4)).not.toEqual(draw(streams(b[0])(b[1]), 4));
      }),
    );
  });

  test('of one seed starts independently of that of the next seed', () => {
    let seed = 0;
    const first = (): number => Math.floor(10 * streams(seed++)('nemesis').next());
    expect(unevenness(tenths, first)).toBeLessThan(4);
  });

  test('is not moved by draws from another stream', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(fc.nat(5), { maxLength: 10 }), (seed, draws) => {
        const split = streams(seed);
        const [one, other] = [split('one'), split('other')];
        const drawn = draws.map((count) => {
          draw(other, count);
          return one.next();
        });
        expect(drawn).toEqual(draw(streams(seed)('one'), draws.length));
      }),
    );
  });

  test('starts over each time it is created', () => {
    const split = streams(7);
    expect(draw(split('network'), 5)).toEqual(draw(split('network'), 5));
  });

  test('draws from 0 inclusive to 1 exclusive', () => {
    for (let seed = 0; seed < 100; seed++) {
      const numbers = draw(streams(seed)('any'), 1000);
      expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...numbers)).toBeLessThan(1);
    }
  });

  test('draws evenly', () => {
    const random = streams(1)('any');
    expect(unevenness(tenths, () => Math.floor(10 * random.next()))).toBeLessThan(4);
  });

  test('draws evenly after any previous draw', () => {
    const random = streams(1)('any');
    let pair = 0;
    const pairs = Array.from({ length: 100 }, (_, i) => i);
    const next = (): number => (pair = 10 * (pair % 10) + Math.floor(10 * random.next()));
    expect(unevenness(pairs, next)).toBeLessThan(4);
  });

  test('sets each of the 53 bits of a number half of the time', () => {
    const random = streams(1)('any');
    const numbers = draw(random, 10_000).map((number) => BigInt(number * 2 ** 53));
    for (let bit = 0n; bit < 53n; bit++) {
      const set = numbers.filter((number) => ((number >> bit) & 1n) === 1n).length;
      expect(Math.abs(set - 5000)).toBeLessThan(250);
    }
  });
});

describe('a choice', () => {
  test('below a bound is an integer from 0 up to the bound, each equally likely', () => {
    const random = streams(1)('any');
    expect(unevenness([0, 1, 2, 3, 4, 5, 6], () => below(random, 7))).toBeLessThan(4);
  });

  test('among several is one of them, each equally likely', () => {
    const random = streams(1)('any');
    expect(unevenness(['a', 'b', 'c'], () => pick(random, ['a', 'b', 'c']))).toBeLessThan(4);
  });

  test('among none is an error', () => {
    expect(() => pick(streams(1)('any'), [])).toThrow('nothing to pick from');
  });
});

describe('a shuffle', () => {
  test('has the same elements, and does not change the original', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(fc.nat(20)), (seed, elements) => {
        const before = [...elements];
        const order = shuffled(streams(seed)('any'), elements);
        expect(order.toSorted((a, b) => a - b)).toEqual(elements.toSorted((a, b) => a - b));
        expect(elements).toEqual(before);
      }),
    );
  });

  test('gives every order equally often', () => {
    const random = streams(1)('any');
    const orders = ['abc', 'acb', 'bac', 'bca', 'cab', 'cba'];
    expect(unevenness(orders, () => shuffled(random, ['a', 'b', 'c']).join(''))).toBeLessThan(4);
  });
});
