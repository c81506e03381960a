import { type Shape, drawMarks } from './marks.ts';
import { box, element, label, px, textWidth } from './svg.ts';

/** What a mark, a line or an area in a picture stands for. */
export interface LegendEntry {
  readonly text: string;
  readonly colour: string;
  /** A shape, or a line or an area of this class. */
  readonly look: Shape | 'line' | 'area';
  readonly className?: string;
}

const GAP = 18;
const SIGN = 22;

/** Entries in a row, and in further rows where they do not fit. */
export function legend(left: number, top: number, right: number, entries: readonly LegendEntry[]): string {
  let [x, y] = [left, top];
  const drawn: string[] = [];
  for (const entry of entries) {
    const width = SIGN + textWidth(entry.text, 12) + GAP;
    if (x + width > right && x > left) [x, y] = [left, y + 18];
    drawn.push(sign(entry, x, y), label(x + SIGN, y + 4, entry.text, { class: 'muted' }));
    x += width;
  }
  return drawn.join('');
}

/** How many pixels the rows of a legend take. */
export function legendHeight(left: number, right: number, entries: readonly LegendEntry[]): number {
  let [x, rows] = [left, 1];
  for (const { text } of entries) {
    const width = SIGN + textWidth(text, 12) + GAP;
    if (x + width > right && x > left) [x, rows] = [left, rows + 1];
    x += width;
  }
  return entries.length === 0 ? 0 : rows * 18 + 4;
}

function sign({ look, colour, className = '' }: LegendEntry, x: number, y: number): string {
  if (look === 'area') return box([x, y - 5], [x + 16, y + 5], { class: `${className} ${colour}` });
  if (look === 'line') {
    return element('path', { class: `stroke ${className} ${colour}`, d: `M${px(x)} ${px(y)}h16` });
  }
  return drawMarks([{ x: x + 8, y }], look, colour);
}
