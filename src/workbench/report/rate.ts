import type { Outcome } from '../nodes/history.ts';
import { bucketed } from './buckets.ts';
import { duration } from './format.ts';
import { TIME_AXIS_HEIGHT, faultStrips, stripsHeight, timeAxis, timeFrame, valueAxis, xOf } from './frame.ts';
import { functionColours } from './latency-raw.ts';
import { type LegendEntry, legend, legendHeight } from './legend.ts';
import type { Picture } from './picture.ts';
import { linear } from './scale.ts';
import { element, px } from './svg.ts';
import type { View } from './view.ts';

const HEIGHT = 180;
const BUCKETS = 100;

const outcomes: readonly (readonly [Outcome, string, string])[] = [
  ['ok', 'ok', 'thick'],
  ['info', 'unknown', 'dashed thick'],
  ['fail', 'failed', 'dotted thick'],
];

/** How many operations a second were completed. */
export function ratePicture({ operations, faults, whole }: View): Picture {
  const frame = timeFrame(whole, { top: 26 + stripsHeight(faults), height: HEIGHT });
  const { widthMs, startMs } = bucketed([], whole, BUCKETS);
  const series = outcomes.flatMap(([outcome, name, className]) =>
    (['add', 'read'] as const).map((f) => {
      const own = operations.filter((operation) => operation.f === f && operation.outcome === outcome);
      const rates = bucketed(own, whole, BUCKETS).contents.map(
        (content) => (content.length * 1000) / widthMs,
      );
      return { text: `${f}s, ${name}`, colour: functionColours[f], className, rates, count: own.length };
    }),
  );
  const highest = Math.max(1, ...series.flatMap(({ rates }) => rates));
  const y = linear([0, highest * 1.05], [frame.bottom, frame.top], 4);
  const present = series.filter(({ count }) => count > 0);
  const lines = present.map(({ rates, colour, className }) => {
    const steps = rates.map((rate, bucket) => {
      const to = xOf(frame, startMs(bucket + 1));
      return `V${px(y.at(rate))}H${px(to)}`;
    });
    const d = `M${px(frame.left)} ${px(frame.bottom)}${steps.join('')}`;
    return element('path', { class: `stroke ${colour} ${className}`, d });
  });
  const entries = present.map(({ text, colour, className }): LegendEntry => ({
    text,
    colour,
    className,
    look: 'line',
  }));
  const legendTop = frame.bottom + TIME_AXIS_HEIGHT + 16;
  return {
    name: 'rate',
    title: 'Rate',
    note: `Operations completed a second, in stretches of ${duration(widthMs)}.`,
    height: legendTop + legendHeight(frame.left, frame.right, entries),
    drawing: [
      faultStrips(frame, faults, 26, frame.bottom),
      valueAxis({ ...frame, top: 24 }, y, 'operations per second'),
      timeAxis(frame),
      ...lines,
      legend(frame.left, legendTop, frame.right, entries),
    ].join(''),
  };
}
