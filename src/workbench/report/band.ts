import type { BoundsStep } from './bounds.ts';
import { type Frame, xOf } from './frame.ts';
import type { Scale } from './scale.ts';
import { element, px } from './svg.ts';

/** The bounds within one column of pixels: as far apart as they were in it, and where they ended. */
interface Column {
  readonly low: number;
  readonly high: number;
  readonly last: BoundsStep;
}

/** The area between the bounds. However many steps there are, it has a few points in each column of pixels. */
export function band(frame: Frame, scale: Scale, steps: readonly BoundsStep[]): string {
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
