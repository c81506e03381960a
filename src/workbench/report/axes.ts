/**
 * Where things are in a plot: scales from values to pixels with round ticks, the frame of a plot in which time runs
 * from left to right, its axes, and the strips above it that show which faults were active.
 */
import type { FaultInterval } from '../sim/active-faults.ts';
import { grouped } from './format.ts';
import { WIDTH, box, element, label, px, textWidth, tooltip } from './svg.ts';
import type { TimeWindow } from './view.ts';

export type Interval = readonly [low: number, high: number];

export interface Scale {
  readonly at: (value: number) => number;
  readonly domain: Interval;
  readonly range: Interval;
  /** Round values within the domain, ascending. */
  readonly ticks: readonly number[];
}

/** Equal steps are equal distances. An empty domain is widened. Ticks are at least `leastStep` apart. */
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

/** Equal factors are equal distances. Values below the domain, such as 0, are placed at its lower end. */
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

/** At most about `count` multiples of 1, 2 or 5 times a power of ten. */
export function linearTicks([low, high]: Interval, count: number, leastStep = 0): number[] {
  const step = roundStep(Math.max(leastStep, (high - low) / Math.max(1, count)));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => tidy((first + i) * step));
}

/** The smallest of 1, 2, 5, 10, 20, 50 … (and the tenths below) that is not less than `least`. */
export function roundStep(least: number): number {
  if (!(least > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= least * (1 - 1e-9)) ?? 10;
  return tidy(factor * power);
}

/** Powers of ten, with 2 and 5 between them where there would be few. */
function decadeTicks([low, high]: Interval): number[] {
  const factors = Math.log10(high / low) <= 3 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const factor of factors) ticks.push(tidy(factor * 10 ** power));
  }
  return ticks.filter((tick) => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9));
}

/** Drops the last digits that binary fractions add: 0.3, not 0.30000000000000004. */
const tidy = (n: number): number => Number(n.toPrecision(12));

/** The rectangle of a plot: time from left to right, something else upwards. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly x: Scale;
}

const LEFT = 96;
const RIGHT = WIDTH - 18;
/** The height below a frame that the ticks and the caption of its time axis take. */
export const TIME_AXIS_HEIGHT = 38;

interface FramePlace {
  readonly top: number;
  readonly height: number;
  readonly left?: number;
  readonly right?: number;
}

export function timeFrame({ fromMs, toMs }: TimeWindow, place: FramePlace): Frame {
  const { top, height, left = LEFT, right = RIGHT } = place;
  const ticks = Math.max(3, Math.round((right - left) / 110));
  return {
    left,
    right,
    top,
    bottom: top + height,
    x: linear([fromMs / 1000, toMs / 1000], [left, right], ticks),
  };
}

/** The x of a moment, kept within the frame. */
export const xOf = ({ x, left, right }: Frame, timeMs: number): number =>
  Math.min(right, Math.max(left, x.at(timeMs / 1000)));

/** Vertical lines with the seconds below them. */
export function timeAxis(
  { x, left, right, top, bottom }: Frame,
  caption = 'seconds since the run began',
): string {
  const lines = x.ticks.map((tick) => `M${px(x.at(tick))} ${px(top)}V${px(bottom)}`);
  return [
    element('path', { class: 'grid', d: lines.join('') || 'M0 0' }),
    element('path', { class: 'line', d: `M${px(left)} ${px(bottom)}H${px(right)}` }),
    ...x.ticks.map((tick) => label(x.at(tick), bottom + 16, grouped(tick), { class: 'muted middle' })),
    label((left + right) / 2, bottom + 33, caption, { class: 'muted middle small' }),
  ].join('');
}

/** Horizontal lines with their values beside them and the caption above. */
export function valueAxis({ left, right, top }: Frame, y: Scale, caption: string): string {
  const lines = y.ticks.map((tick) => `M${px(left)} ${px(y.at(tick))}H${px(right)}`);
  return [
    element('path', { class: 'grid', d: lines.join('') || 'M0 0' }),
    ...y.ticks.map((tick) => label(left - 8, y.at(tick) + 4, grouped(tick), { class: 'muted end' })),
    label(left, top - 8, caption, { class: 'muted' }),
  ].join('');
}

const STRIP = 14;

const kindsOf = (faults: readonly FaultInterval[]): string[] => [
  ...new Set(faults.map(({ fault }) => fault)),
];

/** The height above a frame that its fault strips take. */
export const stripsHeight = (faults: readonly FaultInterval[]): number => kindsOf(faults).length * STRIP;

/**
 * Which faults were active, and when: a strip for each kind of fault, named at its left, and a shade behind everything
 * below it down to `bottom`.
 */
export function faultStrips(
  frame: Frame,
  faults: readonly FaultInterval[],
  top: number,
  bottom: number,
  named = true,
): string {
  const [from, to] = frame.x.domain;
  const kinds = kindsOf(faults);
  const names = kinds.map((kind, i) =>
    label(frame.left - 8, top + i * STRIP + 10, kind, { class: 'muted end small' }),
  );
  const visible = faults.filter(({ fromMs, toMs }) => toMs / 1000 >= from && fromMs / 1000 <= to);
  const shadeTop = top + kinds.length * STRIP;
  const intervals = visible.map((interval) => {
    const { fault, description, fromMs, toMs } = interval;
    const stripTop = top + kinds.indexOf(fault) * STRIP;
    const [x1, x2] = spanOf(frame, interval);
    const text = tooltip(
      `${fault}: ${description}, ${(fromMs / 1000).toFixed(3)}–${(toMs / 1000).toFixed(3)} s`,
    );
    return element(
      'g',
      {},
      text,
      box([x1, stripTop + 1], [x2, stripTop + STRIP - 1], { class: 'strip' }),
      textWidth(description, 10.5) < x2 - x1 - 8
        ? label(x1 + 4, stripTop + 10.5, description, { class: 'small' })
        : '',
    );
  });
  // One path, so that simultaneous faults are no darker than one.
  const shades = visible.map((interval) => {
    const [x1, x2] = spanOf(frame, interval);
    return `M${px(x1)} ${px(shadeTop)}H${px(x2)}V${px(bottom)}H${px(x1)}z`;
  });
  const shade = shades.length === 0 ? '' : element('path', { class: 'shade', d: shades.join('') });
  return shade + (named ? names.join('') : '') + intervals.join('');
}

/** From which x to which an interval reaches, but never so short that it cannot be seen. */
function spanOf(frame: Frame, { fromMs, toMs }: TimeWindow): [number, number] {
  const x1 = xOf(frame, fromMs);
  return [x1, Math.max(x1 + 1.5, xOf(frame, toMs))];
}
