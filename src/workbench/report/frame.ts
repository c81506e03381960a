import type { FaultInterval } from '../sim/nemesis.ts';
import type { TimeWindow } from './input.ts';
import { grouped } from './format.ts';
import { WIDTH } from './picture.ts';
import { type Scale, linear } from './scale.ts';
import { box, element, label, px, textWidth, tooltip } from './svg.ts';

/** The place of a plot: time from left to right, something else upwards. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly x: Scale;
}

const LEFT = 96;
const RIGHT = WIDTH - 18;
/** Room below a frame for the ticks and the caption of its time axis. */
export const TIME_AXIS_HEIGHT = 38;

export interface FramePlace {
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

/** Where a moment is, kept within the frame. */
export const xOf = ({ x, left, right }: Frame, timeMs: number): number =>
  Math.min(right, Math.max(left, x.at(timeMs / 1000)));

/** Vertical lines, and the seconds below them. */
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

/** Horizontal lines, and what they stand for beside them; the caption is above. */
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

/** Room above a frame for its fault strips. */
export const stripsHeight = (faults: readonly FaultInterval[]): number => kindsOf(faults).length * STRIP;

/**
 * What was broken, and when: for each kind of fault a strip, named at its left, and behind everything below a shade
 * down to `bottom`.
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
  // One path, so that faults at the same time are no darker than one.
  const shades = visible.map((interval) => {
    const [x1, x2] = spanOf(frame, interval);
    return `M${px(x1)} ${px(shadeTop)}H${px(x2)}V${px(bottom)}H${px(x1)}z`;
  });
  const shade = shades.length === 0 ? '' : element('path', { class: 'shade', d: shades.join('') });
  return shade + (named ? names.join('') : '') + intervals.join('');
}

/** From where to where an interval reaches; never so short that it cannot be seen. */
function spanOf(frame: Frame, { fromMs, toMs }: TimeWindow): [number, number] {
  const x1 = xOf(frame, fromMs);
  return [x1, Math.max(x1 + 1.5, xOf(frame, toMs))];
}
