/**
 * How fast the run was: the latency of each operation, latency quantiles over time, and the rate of operations. The
 * same three plots that Maelstrom draws, under the same names.
 */
import type { Operation, Outcome } from '../nodes/history.ts';
import { type Quantiles, functionStats } from '../nodes/stats.ts';
import {
  type Frame,
  type Interval,
  type Scale,
  TIME_AXIS_HEIGHT,
  faultStrips,
  linear,
  logarithmic,
  roundStep,
  stripsHeight,
  timeAxis,
  timeFrame,
  valueAxis,
  xOf,
} from './axes.ts';
import { duration, seconds } from './format.ts';
import {
  type LegendEntry,
  type Mark,
  type Picture,
  type Shape,
  WIDTH,
  drawMarks,
  element,
  legend,
  px,
  thinned,
} from './svg.ts';
import type { TimeWindow, View } from './view.ts';

const STRIPS_TOP = 26;
const RAW_HEIGHT = 260;
const QUANTILES_HEIGHT = 220;
const RATE_HEIGHT = 180;
/** Between adds at the left and reads at the right. */
const GUTTER = 56;
const QUANTILES_BUCKETS = 40;
const RATE_BUCKETS = 100;

const functionColours = { add: 'c0', read: 'c1' } as const;

/** The mark of each outcome. Rare outcomes come last, and so on top. */
const outcomeShapes: readonly (readonly [Outcome, Shape, string])[] = [
  ['ok', 'dot', 'ok'],
  ['info', 'triangle', 'unknown'],
  ['fail', 'cross', 'failed'],
];

/** The line of each outcome. */
const outcomeLines: readonly (readonly [Outcome, string, string])[] = [
  ['ok', 'ok', 'thick'],
  ['info', 'unknown', 'dashed thick'],
  ['fail', 'failed', 'dotted thick'],
];

/** The quantiles from quickest to slowest with their line and text: the closer to the middle, the stronger. */
const curves: readonly (readonly [keyof Quantiles, string, string])[] = [
  ['p50', 'thick', 'median'],
  ['p95', '', '95 % took no longer'],
  ['p99', 'dashed', '99 % took no longer'],
  ['max', 'dotted', 'slowest'],
];

/** The latency of each operation: colour tells adds from reads, shape tells outcomes apart. */
export function latencyRawPicture({ operations, faults, whole }: View): Picture {
  const frame = timeFrame(whole, { top: STRIPS_TOP + stripsHeight(faults), height: RAW_HEIGHT });
  const y = latencyScale(operations.map(latencyOf), [frame.bottom, frame.top]);
  const mark = (operation: Operation): Mark => ({
    x: xOf(frame, operation.invoked.timeMs),
    y: y.at(latencyOf(operation)),
    title: () => describe(operation),
  });
  const entries: LegendEntry[] = [];
  const marks = outcomeShapes.flatMap(([outcome, shape, name]) =>
    (['read', 'add'] as const).map((f) => {
      const own = operations.filter((operation) => operation.f === f && operation.outcome === outcome);
      if (own.length > 0) entries.push({ text: `${f}, ${name}`, colour: functionColours[f], look: shape });
      return drawMarks(thinned(own.map(mark), outcome === 'ok' ? 3 : 1), shape, functionColours[f]);
    }),
  );
  const legendTop = frame.bottom + TIME_AXIS_HEIGHT + 16;
  const key = legend(frame.left, legendTop, frame.right, entries);
  return {
    name: 'latency-raw',
    title: 'Latency of each operation',
    note: 'From the question to the answer, or to giving up; each operation where it began.',
    height: legendTop + key.height,
    drawing: plot(frame, faults, y, 'latency, ms') + marks.join('') + key.drawing,
  };
}

/** Latency quantiles over time: adds at the left, reads at the right, on the same scale. */
export function latencyQuantilesPicture({ operations, faults, whole }: View): Picture {
  const answered = operations.filter((operation) => operation.outcome === 'ok');
  const top = STRIPS_TOP + stripsHeight(faults);
  const left = timeFrame(whole, { top, height: QUANTILES_HEIGHT, right: WIDTH / 2 + 20 });
  const right = timeFrame(whole, { top, height: QUANTILES_HEIGHT, left: left.right + GUTTER });
  const y = latencyScale(answered.map(latencyOf), [left.bottom, left.top]);
  const panel = (f: Operation['f'], frame: Frame): string => {
    const own = answered.filter((operation) => operation.f === f);
    return (
      plot(frame, faults, y, `latency of ${f}s, ms`, frame === left) +
      quantileCurves(frame, y, bucketed(own, whole, QUANTILES_BUCKETS), functionColours[f]).join('')
    );
  };
  const entries = curves.map(([, className, text]): LegendEntry => ({
    text,
    colour: 'text',
    look: 'line',
    className,
  }));
  const legendTop = left.bottom + TIME_AXIS_HEIGHT + 16;
  const key = legend(left.left, legendTop, right.right, entries);
  const { widthMs } = bucketed([], whole, QUANTILES_BUCKETS);
  return {
    name: 'latency-quantiles',
    title: 'Latency quantiles',
    note: `Of the operations answered with ok, in stretches of ${duration(widthMs)}.`,
    height: legendTop + key.height,
    drawing: panel('add', left) + panel('read', right) + key.drawing,
  };
}

/** The rate at which operations completed. */
export function ratePicture({ operations, faults, whole }: View): Picture {
  const frame = timeFrame(whole, { top: STRIPS_TOP + stripsHeight(faults), height: RATE_HEIGHT });
  const { widthMs, startMs } = bucketed([], whole, RATE_BUCKETS);
  const series = outcomeLines.flatMap(([outcome, name, className]) =>
    (['add', 'read'] as const).map((f) => {
      const own = operations.filter((operation) => operation.f === f && operation.outcome === outcome);
      const { contents } = bucketed(own, whole, RATE_BUCKETS);
      const rates = contents.map((content) => (content.length * 1000) / widthMs);
      const entry = { text: `${f}s, ${name}`, colour: functionColours[f], className, look: 'line' } as const;
      return { entry, rates, count: own.length };
    }),
  );
  const highest = Math.max(1, ...series.flatMap(({ rates }) => rates));
  const y = linear([0, highest * 1.05], [frame.bottom, frame.top], 4);
  const present = series.filter(({ count }) => count > 0);
  const lines = present.map(({ rates, entry: { colour, className } }) => {
    const steps = rates.map((rate, bucket) => `V${px(y.at(rate))}H${px(xOf(frame, startMs(bucket + 1)))}`);
    const d = `M${px(frame.left)} ${px(frame.bottom)}${steps.join('')}`;
    return element('path', { class: `stroke ${colour} ${className}`, d });
  });
  const legendTop = frame.bottom + TIME_AXIS_HEIGHT + 16;
  const key = legend(
    frame.left,
    legendTop,
    frame.right,
    present.map(({ entry }) => entry),
  );
  return {
    name: 'rate',
    title: 'Rate',
    note: `Operations completed a second, in stretches of ${duration(widthMs)}.`,
    height: legendTop + key.height,
    drawing: plot(frame, faults, y, 'operations per second') + lines.join('') + key.drawing,
  };
}

/** An empty plot: fault strips and axes. */
const plot = (frame: Frame, faults: View['faults'], y: Scale, caption: string, named = true): string =>
  [
    faultStrips(frame, faults, STRIPS_TOP, frame.bottom, named),
    valueAxis({ ...frame, top: STRIPS_TOP - 2 }, y, caption),
    timeAxis(frame),
  ].join('');

function quantileCurves(frame: Frame, y: Scale, { contents, startMs }: Buckets, colour: string): string[] {
  const stats = contents.map((content) => functionStats(content).latencyMs);
  return curves.toReversed().map(([name, className]) => {
    const steps = stats.map((quantiles, bucket) => {
      if (quantiles === undefined) return '';
      const height = px(y.at(quantiles[name]));
      const [from, to] = [xOf(frame, startMs(bucket)), xOf(frame, startMs(bucket + 1))];
      return `${stats[bucket - 1] === undefined ? `M${px(from)} ${height}` : `V${height}`}H${px(to)}`;
    });
    return element('path', { class: `stroke ${colour} ${className}`, d: steps.join('') || 'M0 0' });
  });
}

function describe(operation: Operation): string {
  const { f, node, process, invoked, outcome, error } = operation;
  const value = f === 'add' ? operation.delta : (operation.value ?? '');
  const reason = error === undefined ? '' : `: ${error}`;
  return `${f} ${value} on ${node}, process ${process}, at ${seconds(invoked.timeMs)}: ${outcome} after ${duration(latencyOf(operation))}${reason}`;
}

const latencyOf = ({ invoked, completed }: Operation): number => completed.timeMs - invoked.timeMs;

/** The greatest latency, as a multiple of the median, that still fits on a linear axis. */
const MAX_LINEAR_RATIO = 30;

/** Logarithmic if the slowest took much longer than most, as in almost every run with faults. */
function latencyScale(latenciesMs: readonly number[], range: Interval): Scale {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const max = sorted.at(-1) ?? 0;
  const low = sorted.find((latency) => latency > 0) ?? 0;
  const median = sorted[sorted.length >> 1] ?? 0;
  if (max <= MAX_LINEAR_RATIO * median || low === 0) return linear([0, Math.max(1, max * 1.05)], range, 5);
  return logarithmic([Math.max(0.1, low * 0.9), max * 1.2], range);
}

/** The run divided into stretches of equal and round length. */
interface Buckets {
  readonly widthMs: number;
  /** What completed in each stretch, empty ones included. */
  readonly contents: readonly (readonly Operation[])[];
  /** When each stretch began. */
  readonly startMs: (bucket: number) => number;
}

/** At most about `count` stretches, from the beginning of the window on. */
function bucketed(operations: readonly Operation[], { fromMs, toMs }: TimeWindow, count: number): Buckets {
  const widthMs = roundStep((toMs - fromMs) / count);
  const contents: Operation[][] = Array.from(
    { length: Math.max(1, Math.ceil((toMs - fromMs) / widthMs)) },
    () => [],
  );
  for (const operation of operations) {
    const bucket = Math.floor((operation.completed.timeMs - fromMs) / widthMs);
    contents[Math.max(0, Math.min(contents.length - 1, bucket))]?.push(operation);
  }
  return { widthMs, contents, startMs: (bucket) => fromMs + bucket * widthMs };
}
