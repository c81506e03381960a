import type { Operation, Outcome } from '../nodes/history.ts';
import { duration, seconds } from './format.ts';
import { TIME_AXIS_HEIGHT, faultStrips, stripsHeight, timeAxis, timeFrame, valueAxis, xOf } from './frame.ts';
import { latencyCaption, latencyOf, latencyScale } from './latency-axis.ts';
import { type LegendEntry, legend, legendHeight } from './legend.ts';
import { type Mark, type Shape, drawMarks, thinned } from './marks.ts';
import type { Picture } from './picture.ts';
import type { View } from './view.ts';

const HEIGHT = 260;

/** Colour says what was asked, shape what came of it. What is rare comes last, and so on top. */
export const functionColours = { add: 'c0', read: 'c1' } as const;
const outcomeShapes: readonly (readonly [Outcome, Shape, string])[] = [
  ['ok', 'dot', 'ok'],
  ['info', 'triangle', 'unknown'],
  ['fail', 'cross', 'failed'],
];

/** How long each operation took. */
export function latencyRawPicture({ operations, faults, whole }: View): Picture {
  const frame = timeFrame(whole, { top: 26 + stripsHeight(faults), height: HEIGHT });
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
  return {
    name: 'latency-raw',
    title: 'Latency of each operation',
    note: 'From the question to the answer, or to giving up; each operation where it began.',
    height: legendTop + legendHeight(frame.left, frame.right, entries),
    drawing: [
      faultStrips(frame, faults, 26, frame.bottom),
      valueAxis({ ...frame, top: 24 }, y, latencyCaption),
      timeAxis(frame),
      ...marks,
      legend(frame.left, legendTop, frame.right, entries),
    ].join(''),
  };
}

function describe(operation: Operation): string {
  const { f, node, process, invoked, outcome, error } = operation;
  const value = f === 'add' ? operation.delta : (operation.value ?? '');
  const reason = error === undefined ? '' : `: ${error}`;
  return `${f} ${value} on ${node}, process ${process}, at ${seconds(invoked.timeMs)}: ${outcome} after ${duration(latencyOf(operation))}${reason}`;
}
