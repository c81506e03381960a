import { element, px, tooltip } from './svg.ts';

/** A thing at a point. */
export interface Mark {
  readonly x: number;
  readonly y: number;
  /** What hovering shows, where there are few enough marks for it. */
  readonly title?: () => string;
}

export type Shape = 'dot' | 'square' | 'triangle' | 'diamond' | 'plus' | 'cross';

/** Beyond this many, marks of a kind are one path, without anything to hover on. */
const ONE_BY_ONE = 300;

/** Rings around more marks than that would hide everything else. */
const RINGED = 25;

const outlines: Readonly<Record<Shape, string>> = {
  dot: 'h0',
  square: 'm-2 -2h4v4h-4z',
  triangle: 'm0 -3l3 5h-6z',
  diamond: 'm0 -3.2l3 3.2l-3 3.2l-3 -3.2z',
  plus: 'm-3 0h6m-3 -3v6',
  cross: 'm-3 -3l6 6m0 -6l-6 6',
};

/** How each shape is put on: with a pen, or filled. */
const strokes: Readonly<Record<Shape, string>> = {
  dot: 'dot',
  square: 'fill',
  triangle: 'fill',
  diamond: 'fill',
  plus: 'stroke thick',
  cross: 'stroke thick',
};

/** Shapes for things that come in any number, such as nodes. */
export const plainShapes = ['dot', 'square', 'triangle', 'diamond', 'plus'] as const;

export function drawMarks(marks: readonly Mark[], shape: Shape, colour: string): string {
  const className = `${strokes[shape]} ${colour}`;
  const outline = ({ x, y }: Mark): string => `M${px(x)} ${px(y)}${outlines[shape]}`;
  if (marks.length === 0) return '';
  if (marks.length > ONE_BY_ONE) return element('path', { class: className, d: marks.map(outline).join('') });
  const drawn = marks.map((mark) =>
    element('path', { d: outline(mark) }, ...(mark.title === undefined ? [] : [tooltip(mark.title())])),
  );
  return element('g', { class: className }, ...drawn);
}

/** The first mark in each square of `cell` pixels: what lies closer would only cover it. */
export function thinned(marks: readonly Mark[], cell: number): Mark[] {
  const taken = new Set<number>();
  return marks.filter(({ x, y }) => {
    const key = Math.round(x / cell) * 65_536 + Math.round(y / cell);
    if (taken.has(key)) return false;
    taken.add(key);
    return true;
  });
}

/** Marks that nobody is to miss: not one is left out, unless it would lie exactly behind another. */
export function drawLoudMarks(marks: readonly Mark[]): string {
  const distinct = thinned(marks, 1);
  if (distinct.length > RINGED) return drawMarks(distinct, 'cross', 'bad');
  const rings = distinct.map(({ x, y }) => element('circle', { cx: x, cy: y, r: 7 }));
  return element('g', { class: 'stroke thick bad' }, ...rings) + drawMarks(distinct, 'cross', 'bad');
}
