import type { Operation } from '../nodes/history.ts';
import { type Quantiles, functionStats } from '../nodes/stats.ts';
import { bucketed } from './buckets.ts';
import { duration } from './format.ts';
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
import { latencyOf, latencyScale } from './latency-axis.ts';
import { functionColours } from './latency-raw.ts';
import { type LegendEntry, legend, legendHeight } from './legend.ts';
import { type Picture, WIDTH } from './picture.ts';
import type { Interval, Scale } from './scale.ts';
import { element, px } from './svg.ts';
import type { View } from './view.ts';

const HEIGHT = 220;
const BUCKETS = 40;
const GUTTER = 56;

/** From the quickest to the slowest, and how each is drawn: the closer to the middle, the stronger. */
const curves: readonly (readonly [keyof Quantiles, string])[] = [
  ['p50', 'thick'],
  ['p95', ''],
  ['p99', 'dashed'],
  ['max', 'dotted'],
];

/** How long operations took, stretch by stretch: adds at the left, reads at the right, on the same scale. */
export function latencyQuantilesPicture({ operations, faults, whole }: View): Picture {
  const answered = operations.filter((operation) => operation.outcome === 'ok');
  const top = 26 + stripsHeight(faults);
  const left = timeFrame(whole, { top, height: HEIGHT, right: WIDTH / 2 + 20 });
  const right = timeFrame(whole, { top, height: HEIGHT, left: left.right + GUTTER });
  const range: Interval = [left.bottom, left.top];
  const y = latencyScale(answered.map(latencyOf), range);
  const { widthMs } = bucketed([], whole, BUCKETS);
  const entries = curves.map(([name, className]): LegendEntry => {
    const text = { p50: 'median', p95: '95 % took no longer', p99: '99 % took no longer', max: 'slowest' }[
      name
    ];
    return { text, colour: 'text', look: 'line', className };
  });
  const legendTop = left.bottom + TIME_AXIS_HEIGHT + 16;
  const panels = (
    [
      ['add', left],
      ['read', right],
    ] as const
  ).map(([f, frame]) =>
    [
      faultStrips(frame, faults, 26, frame.bottom, f === 'add'),
      valueAxis({ ...frame, top: 24 }, y, `latency of ${f}s, ms`),
      timeAxis(frame),
      ...quantileCurves(
        frame,
        y,
        answered.filter((operation) => operation.f === f),
        whole,
        functionColours[f],
      ),
    ].join(''),
  );
  return {
    name: 'latency-quantiles',
    title: 'Latency quantiles',
    note: `Of the operations answered with ok, in stretches of ${duration(widthMs)}.`,
    height: legendTop + legendHeight(left.left, right.right, entries),
    drawing: panels.join('') + legend(left.left, legendTop, right.right, entries),
  };
}

function quantileCurves(
  frame: Frame,
  y: Scale,
  operations: readonly Operation[],
  whole: View['whole'],
  colour: string,
): string[] {
  const { contents, startMs } = bucketed(operations, whole, BUCKETS);
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
