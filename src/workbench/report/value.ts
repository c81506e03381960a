/**
 * Every read against what it might have returned: above as it is, below as its distance from what had been acknowledged
 * when it was invoked, in which a wrong read shows however large the counter has grown.
 */
import type { ReadOperation } from '../nodes/history.ts';
import {
  type Frame,
  type Scale,
  TIME_AXIS_HEIGHT,
  faultStrips,
  linear,
  stripsHeight,
  timeAxis,
  timeFrame,
  valueAxis,
  xOf,
} from './axes.ts';
import { type BoundsStep, type ReadBounds, boundsOf } from './bounds.ts';
import { grouped, seconds, signed } from './format.ts';
import {
  HUES,
  type LegendEntry,
  type Mark,
  type Picture,
  type Shape,
  drawLoudMarks,
  drawMarks,
  element,
  label,
  legend,
  px,
  textWidth,
  thinned,
} from './svg.ts';
import type { View } from './view.ts';

const VALUE_HEIGHT = 300;
const DISTANCE_HEIGHT = 170;

/** A read that returned a value. */
interface Reading {
  readonly read: ReadOperation;
  readonly value: number;
  readonly bounds: ReadBounds;
}

export function valuePicture(view: View): Picture {
  const { operations, faults, whole, offenders } = view;
  const bounds = boundsOf(operations);
  const readings = [...bounds.reads].flatMap(([read, its]): Reading[] =>
    read.value === undefined ? [] : [{ read, value: read.value, bounds: its }],
  );
  const stripsTop = 26;
  const upper = timeFrame(whole, { top: stripsTop + stripsHeight(faults), height: VALUE_HEIGHT });
  const lower = timeFrame(whole, { top: upper.bottom + 40, height: DISTANCE_HEIGHT });
  const legendTop = lower.bottom + TIME_AXIS_HEIGHT + 16;
  const key = legend(upper.left, legendTop, upper.right, legendOf(view));

  const value = linear(valueDomain(bounds.steps, readings), [upper.bottom, upper.top], 6, 1);
  const distance = linear(distanceDomain(readings), [lower.bottom, lower.top], 5, 1);
  const distanceOf = (reading: Reading): number => reading.value - reading.bounds.acknowledged;

  const drawing = [
    faultStrips(upper, faults, stripsTop, lower.bottom),
    label(upper.left, stripsTop - 10, 'answered value', { class: 'muted' }),
    valueAxis({ ...upper, top: -100 }, value, ''),
    element('path', { class: 'grid', d: verticals(upper) }),
    band(upper, value, bounds.steps),
    ...readingMarks(view, readings, (reading) => placed(upper, value, reading, reading.value)),
    valueAxis(
      lower,
      distance,
      'the same reads: answered value minus what had been acknowledged when the read was asked; below 0, acknowledged adds are missing',
    ),
    timeAxis(lower),
    whiskers(lower, distance, readings),
    element('path', { class: 'line', d: `M${px(lower.left)} ${px(distance.at(0))}H${px(lower.right)}` }),
    ...readingMarks(view, readings, (reading) => placed(lower, distance, reading, distanceOf(reading))),
    ...offenderLabels(
      lower,
      distance,
      readings.filter(({ read }) => offenders.has(read)),
      distanceOf,
    ),
    key.drawing,
  ].join('');
  return {
    name: 'value',
    title: 'Value over time',
    note:
      'Each mark is a read, where it ended. It is allowed to lie in the band: no lower than the adds acknowledged ' +
      'before it began, no higher than all that had been asked for when it ended.',
    height: legendTop + key.height,
    drawing,
  };
}

const verticals = ({ x, top, bottom }: Frame): string =>
  x.ticks.map((tick) => `M${px(x.at(tick))} ${px(top)}V${px(bottom)}`).join('') || 'M0 0';

/** The shapes of nodes, each in all hues before the next. */
const nodeShapes = ['dot', 'square', 'triangle', 'diamond', 'plus'] as const;

function nodeLook({ nodeIds }: View, node: string): { readonly colour: string; readonly shape: Shape } {
  const index = Math.max(0, nodeIds.indexOf(node));
  const shape = nodeShapes[Math.floor(index / HUES) % nodeShapes.length] ?? 'dot';
  return { colour: `c${index % HUES}`, shape };
}

function legendOf(view: View): LegendEntry[] {
  return [
    ...view.nodeIds.map((node): LegendEntry => {
      const { colour, shape } = nodeLook(view, node);
      return { text: `read from ${node}`, colour, look: shape };
    }),
    { text: 'allowed', colour: 'band', look: 'area' },
    ...(view.offenders.size > 0 ? [{ text: 'wrong answer', colour: 'bad', look: 'cross' } as const] : []),
  ];
}

/** From 0 to what is allowed. A read far outside is drawn at the edge, lest it flatten everything else. */
function valueDomain(steps: readonly BoundsStep[], readings: readonly Reading[]): [number, number] {
  let [low, high] = [0, 1];
  for (const step of steps) [low, high] = [Math.min(low, step.low), Math.max(high, step.high)];
  const room = (high - low) / 2;
  const [least, most] = [low - room, high + room];
  for (const { value } of readings) {
    [low, high] = [Math.min(low, Math.max(value, least)), Math.max(high, Math.min(value, most))];
  }
  return [low, high + (high - low) * 0.04];
}

/** As far as reads reach, and a part of what else is allowed: with many adds in flight, all of it would hide a miss. */
function distanceDomain(readings: readonly Reading[]): [number, number] {
  let [least, most] = [-1, 1];
  for (const { bounds } of readings) {
    least = Math.min(least, bounds.low - bounds.acknowledged);
    most = Math.max(most, bounds.high - bounds.acknowledged);
  }
  const room = 6 * (most - least);
  let [low, high] = [-1, 1];
  for (const { value, bounds } of readings) {
    const distance = value - bounds.acknowledged;
    low = Math.min(low, Math.max(distance, least - room));
    high = Math.max(high, Math.min(distance, most + room));
  }
  const width = high - low;
  [low, high] = [Math.min(low, Math.max(least, low - width)), Math.max(high, Math.min(most, high + width))];
  const margin = (high - low) * 0.08;
  return [low - margin, high + margin];
}

/** The mark of a read, at the edge of the frame if it lies outside. */
function placed(frame: Frame, scale: Scale, { read, value, bounds }: Reading, shown: number): Mark {
  const y = Math.max(frame.top, Math.min(frame.bottom, scale.at(shown)));
  const title = (): string =>
    `${read.final ? 'final read' : 'read'} of ${grouped(value)} from ${read.node}, process ${read.process}, ` +
    `${seconds(read.invoked.timeMs)} to ${seconds(read.completed.timeMs)}; ` +
    `allowed ${grouped(bounds.low)} to ${grouped(bounds.high)}`;
  return { x: xOf(frame, read.completed.timeMs), y, title };
}

/** The correct reads node by node, and on top of them every wrong one. */
function readingMarks(view: View, readings: readonly Reading[], mark: (reading: Reading) => Mark): string[] {
  const right = view.nodeIds.map((node) => {
    const own = readings.filter(({ read }) => read.node === node && !view.offenders.has(read));
    const { colour, shape } = nodeLook(view, node);
    return drawMarks(thinned(own.map(mark), 3), shape, colour);
  });
  return [...right, drawLoudMarks(readings.filter(({ read }) => view.offenders.has(read)).map(mark))];
}

/** For each column of pixels, how far its reads may be from what had been acknowledged. */
function whiskers(frame: Frame, scale: Scale, readings: readonly Reading[]): string {
  const columns = new Map<number, { low: number; high: number }>();
  for (const { read, bounds } of readings) {
    const column = Math.round(xOf(frame, read.completed.timeMs) / 2) * 2;
    const { low, high } = columns.get(column) ?? { low: 0, high: 0 };
    columns.set(column, {
      low: Math.min(low, bounds.low - bounds.acknowledged),
      high: Math.max(high, bounds.high - bounds.acknowledged),
    });
  }
  const lines = [...columns].map(([column, { low, high }]) => {
    const y2 = Math.max(frame.top, scale.at(high) - 2);
    return `M${column} ${px(Math.min(frame.bottom, scale.at(low) + 2))}V${px(y2)}`;
  });
  return element('path', { class: 'whisker', d: lines.join('') || 'M0 0' });
}

/** More labels than this would overlap. */
const MAX_LABELS = 25;

/** By how much wrong reads are wrong, where there is room for it. */
function offenderLabels(
  frame: Frame,
  scale: Scale,
  offenders: readonly Reading[],
  distanceOf: (reading: Reading) => number,
): string[] {
  if (offenders.length > MAX_LABELS) return [];
  let free = frame.left;
  return offenders.flatMap((reading) => {
    const text = signed(distanceOf(reading));
    const { x, y } = placed(frame, scale, reading, distanceOf(reading));
    if (x + 10 < free) return [];
    free = x + 26 + textWidth(text, 12);
    return [label(x + 11, y + 4, text, { class: 'bad halo' })];
  });
}

/** The bounds within one column of pixels: as far apart as they were, and as they were last. */
interface Column {
  readonly low: number;
  readonly high: number;
  readonly last: BoundsStep;
}

/** The area between the bounds, with a few points in each column of pixels however many steps there are. */
function band(frame: Frame, scale: Scale, steps: readonly BoundsStep[]): string {
  const columns = new Map<number, Column>();
  let before: BoundsStep = { timeMs: 0, low: 0, high: 0 };
  for (const step of steps) {
    const x = Math.round(xOf(frame, step.timeMs));
    const { low, high } = columns.get(x) ?? before;
    columns.set(x, { low: Math.min(low, step.low), high: Math.max(high, step.high), last: step });
    before = step;
  }
  const upper = edge(frame, scale, columns, 'high');
  const lower = edge(frame, scale, columns, 'low');
  return element('path', { class: 'band', d: `M${[...upper, ...lower.toReversed()].join('L')}Z` });
}

/** The points of one edge, from left to right. */
function edge(
  frame: Frame,
  scale: Scale,
  columns: ReadonlyMap<number, Column>,
  side: 'low' | 'high',
): string[] {
  const points: string[] = [];
  const add = (x: number, value: number): void => {
    const point = `${px(x)} ${px(scale.at(value))}`;
    if (point !== points.at(-1)) points.push(point);
  };
  let before = 0;
  for (const [x, column] of columns) {
    for (const value of [before, column[side], column.last[side]]) add(x, value);
    before = column.last[side];
  }
  add(frame.right, before);
  return points;
}
