/** From values to pixels, and the round values at which to put a tick. */

export type Interval = readonly [low: number, high: number];

export interface Scale {
  readonly at: (value: number) => number;
  readonly domain: Interval;
  readonly range: Interval;
  /** Round values within the domain, ascending. */
  readonly ticks: readonly number[];
}

/** Equal steps are equal distances. A domain of no width is widened. Ticks are at least `leastStep` apart. */
export function linear(domain: Interval, range: Interval, tickCount: number, leastStep = 0): Scale {
  const [low, high] = domain[0] < domain[1] ? domain : [domain[0], domain[0] + 1];
  const perUnit = (range[1] - range[0]) / (high - low);
  return {
    at: (value) => range[0] + (value - low) * perUnit,
    domain: [low, high],
    range,
    ticks: linearTicks([low, high], tickCount, leastStep),
  };
}

/** Equal factors are equal distances. Values below the domain, such as 0, are put at its lower end. */
export function logarithmic(domain: Interval, range: Interval): Scale {
  const low = Math.max(Number.MIN_VALUE, domain[0]);
  const high = Math.max(low * 10, domain[1]);
  const perDecade = (range[1] - range[0]) / Math.log10(high / low);
  return {
    at: (value) => range[0] + Math.log10(Math.max(low, value) / low) * perDecade,
    domain: [low, high],
    range,
    ticks: decadeTicks([low, high]),
  };
}

/** Multiples of 1, 2 or 5 times a power of ten: at most about `count` of them. */
export function linearTicks([low, high]: Interval, count: number, leastStep = 0): number[] {
  const step = roundStep(Math.max(leastStep, (high - low) / Math.max(1, count)));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => tidy((first + i) * step));
}

/** The smallest of 1, 2, 5, 10, 20, 50 … (and of the tenths below) that is no less than `least`. */
export function roundStep(least: number): number {
  if (!(least > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= least * (1 - 1e-9)) ?? 10;
  return tidy(factor * power);
}

/** Powers of ten; with 2 and 5 between them where these alone would be few. */
function decadeTicks([low, high]: Interval): number[] {
  const factors = Math.log10(high / low) <= 3 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const factor of factors) ticks.push(tidy(factor * 10 ** power));
  }
  return ticks.filter((tick) => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9));
}

/** Without the last digits that binary fractions add: 0.3, not 0.30000000000000004. */
const tidy = (n: number): number => Number(n.toPrecision(12));
