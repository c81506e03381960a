import type { ReadOperation } from '../nodes/history.ts';
import { band } from './band.ts';
import type { BoundsStep, ReadBounds } from './bounds.ts';
import { grouped, seconds, signed } from './format.ts';
import {
  type Frame,
  TIME_AXIS_HEIGHT,
  faultStrips,
  stripsHeight,
  timeAxis,
  timeFrame,
  valueAxis,
  xOf,
} from './frame.ts';
import { type LegendEntry, legend, legendHeight } from './legend.ts';
import { type Mark, drawLoudMarks, drawMarks, thinned } from './marks.ts';
import type { Picture } from './picture.ts';
import { type Scale, linear } from './scale.ts';
import { element, label, px, textWidth } from './svg.ts';
import { type View, nodeLook } from './view.ts';

const VALUE_HEIGHT = 300;
const DISTANCE_HEIGHT = 170;

/** A read that was answered. */
interface Answer {
  readonly read: ReadOperation;
  readonly value: number;
  readonly bounds: ReadBounds;
}

/**
 * Every read against what it might have answered: above as it is, below as its distance from what had been
 * acknowledged when it was asked, in which a wrong answer shows however large the counter has grown.
 */
export function valuePicture(view: View): Picture {
  const { bounds, faults, whole, offenders } = view;
  const answers = [...bounds.reads].flatMap(([read, its]): Answer[] =>
    read.value === undefined ? [] : [{ read, value: read.value, bounds: its }],
  );
  const stripsTop = 26;
  const upper = timeFrame(whole, { top: stripsTop + stripsHeight(faults), height: VALUE_HEIGHT });
  const lower = timeFrame(whole, { top: upper.bottom + 40, height: DISTANCE_HEIGHT });
  const entries = legendOf(view);
  const legendTop = lower.bottom + TIME_AXIS_HEIGHT + 16;

  const value = linear(valueDomain(bounds.steps, answers), [upper.bottom, upper.top], 6, 1);
  const distance = linear(distanceDomain(answers), [lower.bottom, lower.top], 5, 1);
  const distanceOf = (answer: Answer): number => answer.value - answer.bounds.acknowledged;

  const drawing = [
    faultStrips(upper, faults, stripsTop, lower.bottom),
    label(upper.left, stripsTop - 10, 'answered value', { class: 'muted' }),
    valueAxis({ ...upper, top: -100 }, value, ''),
    element('path', { class: 'grid', d: verticals(upper) }),
    band(upper, value, bounds.steps),
    ...answerMarks(view, answers, (answer) => placed(upper, value, answer, answer.value)),
    valueAxis(
      lower,
      distance,
      'the same reads: answered value minus what had been acknowledged when the read was asked; below 0, acknowledged adds are missing',
    ),
    timeAxis(lower),
    whiskers(lower, distance, answers),
    element('path', { class: 'line', d: `M${px(lower.left)} ${px(distance.at(0))}H${px(lower.right)}` }),
    ...answerMarks(view, answers, (answer) => placed(lower, distance, answer, distanceOf(answer))),
    ...offenderLabels(
      lower,
      distance,
      answers.filter(({ read }) => offenders.has(read)),
      distanceOf,
    ),
    legend(upper.left, legendTop, upper.right, entries),
  ].join('');
  return {
    name: 'value',
    title: 'Value over time',
    note:
      'Each mark is a read, where it ended. It is allowed to lie in the band: no lower than the adds acknowledged ' +
      'before it began, no higher than all that had been asked for when it ended.',
    height: legendTop + legendHeight(upper.left, upper.right, entries),
    drawing,
  };
}

const verticals = ({ x, top, bottom }: Frame): string =>
  x.ticks.map((tick) => `M${px(x.at(tick))} ${px(top)}V${px(bottom)}`).join('') || 'M0 0';

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

/** From 0 to what is allowed; an answer far outside does not flatten everything else, it is drawn at the edge. */
function valueDomain(steps: readonly BoundsStep[], answers: readonly Answer[]): [number, number] {
  let [low, high] = [0, 1];
  for (const step of steps) [low, high] = [Math.min(low, step.low), Math.max(high, step.high)];
  const room = (high - low) / 2;
  const [least, most] = [low - room, high + room];
  for (const { value } of answers) {
    [low, high] = [Math.min(low, Math.max(value, least)), Math.max(high, Math.min(value, most))];
  }
  return [low, high + (high - low) * 0.04];
}

/** As far as answers reach, and a part of what else is allowed: where much is under way, all of it would hide a miss. */
function distanceDomain(answers: readonly Answer[]): [number, number] {
  let [least, most] = [-1, 1];
  for (const { bounds } of answers) {
    least = Math.min(least, bounds.low - bounds.acknowledged);
    most = Math.max(most, bounds.high - bounds.acknowledged);
  }
  const room = 6 * (most - least);
  let [low, high] = [-1, 1];
  for (const { value, bounds } of answers) {
    const distance = value - bounds.acknowledged;
    low = Math.min(low, Math.max(distance, least - room));
    high = Math.max(high, Math.min(distance, most + room));
  }
  const width = high - low;
  [low, high] = [Math.min(low, Math.max(least, low - width)), Math.max(high, Math.min(most, high + width))];
  const margin = (high - low) * 0.08;
  return [low - margin, high + margin];
}

/** Where an answer is marked, at the edge of the frame if it lies outside. */
function placed(frame: Frame, scale: Scale, { read, value, bounds }: Answer, shown: number): Mark {
  const y = Math.max(frame.top, Math.min(frame.bottom, scale.at(shown)));
  const title = (): string =>
    `${read.final ? 'final read' : 'read'} of ${grouped(value)} from ${read.node}, process ${read.process}, ` +
    `${seconds(read.invoked.timeMs)} to ${seconds(read.completed.timeMs)}; ` +
    `allowed ${grouped(bounds.low)} to ${grouped(bounds.high)}`;
  return { x: xOf(frame, read.completed.timeMs), y, title };
}

/** The right answers node by node, and on top of them every wrong one. */
function answerMarks(view: View, answers: readonly Answer[], mark: (answer: Answer) => Mark): string[] {
  const right = view.nodeIds.map((node) => {
    const own = answers.filter(({ read }) => read.node === node && !view.offenders.has(read));
    const { colour, shape } = nodeLook(view, node);
    return drawMarks(thinned(own.map(mark), 3), shape, colour);
  });
  return [...right, drawLoudMarks(answers.filter(({ read }) => view.offenders.has(read)).map(mark))];
}

/** For each column of pixels, how far its reads might have been from what had been acknowledged. */
function whiskers(frame: Frame, scale: Scale, answers: readonly Answer[]): string {
  const columns = new Map<number, { low: number; high: number }>();
  for (const { read, bounds } of answers) {
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

/** More labels than that would lie over each other. */
const LABELS = 25;

/** By how much wrong answers are wrong, where there is room to say so. */
function offenderLabels(
  frame: Frame,
  scale: Scale,
  offenders: readonly Answer[],
  distanceOf: (answer: Answer) => number,
): string[] {
  if (offenders.length > LABELS) return [];
  let free = frame.left;
  return offenders.flatMap((answer) => {
    const text = signed(distanceOf(answer));
    const { x, y } = placed(frame, scale, answer, distanceOf(answer));
    if (x + 10 < free) return [];
    free = x + 26 + textWidth(text, 12);
    return [label(x + 11, y + 4, text, { class: 'bad halo' })];
  });
}
