/**
 * SVG and HTML as text: elements, marks, legends, and whole pictures, within a page or as files of their own.
 *
 * Whatever a node or a user wrote passes through `escape` on its way in. Classes choose how an element looks.
 */
import template from './picture.svg';

type Attributes = Readonly<Record<string, string | number | undefined>>;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Makes any text safe between tags and in attributes. Characters that XML does not allow become U+FFFD. */
export const escape = (text: string): string =>
  text
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? character)
    .replaceAll(/(?![\t\n\r])\p{Cc}|\p{Cs}|[\uFFFE\uFFFF]/gu, '\uFFFD');

/** A document with the part of this name in the place of each `{{name}}`. Parts must be safe already. */
export const fillIn = (document: string, parts: Readonly<Record<string, string>>): string =>
  document.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => parts[name] ?? '');

/** An element around markup that is already safe. Attributes that are undefined are left out. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const content = children.join('');
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? px(value) : escape(value ?? '')}"`)
    .join('');
  return content === '' ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

/** A line of text at a point. */
export const label = (x: number, y: number, content: string, attributes: Attributes = {}): string =>
  element('text', { x, y, ...attributes }, escape(content));

/** What hovering shows. */
export const tooltip = (content: string): string => element('title', {}, escape(content));

/** A rectangle; the corners may come in any order. */
export const box = (
  [x1, y1]: readonly [number, number],
  [x2, y2]: readonly [number, number],
  attributes: Attributes,
  ...children: readonly string[]
): string =>
  element(
    'rect',
    {
      x: Math.min(x1, x2),
      y: Math.min(y1, y2),
      width: Math.abs(x2 - x1),
      height: Math.abs(y2 - y1),
      ...attributes,
    },
    ...children,
  );

/** A length in pixels, rounded to a tenth: more would only make the file larger. */
export const px = (n: number): string => String(Math.round(n * 10) / 10);

/** The approximate width of a text at this font size. There is nothing here to measure it with. */
export const textWidth = (content: string, fontSize: number): number => content.length * fontSize * 0.58;

/** The number of colours for things without a fixed one: the classes c0 to c5. */
export const HUES = 6;

export interface Mark {
  readonly x: number;
  readonly y: number;
  /** What hovering shows, where there are few enough marks for it. */
  readonly title?: () => string;
}

export type Shape = keyof typeof shapes;

/** The outline of each shape from its centre, and the classes that stroke or fill it. */
const shapes = {
  dot: ['h0', 'dot'],
  square: ['m-2 -2h4v4h-4z', 'fill'],
  triangle: ['m0 -3l3 5h-6z', 'fill'],
  diamond: ['m0 -3.2l3 3.2l-3 3.2l-3 -3.2z', 'fill'],
  plus: ['m-3 0h6m-3 -3v6', 'stroke thick'],
  cross: ['m-3 -3l6 6m0 -6l-6 6', 'stroke thick'],
} as const;

/** Beyond this number, marks of a kind are one path, without tooltips. */
const MAX_SEPARATE_MARKS = 300;
/** Rings around more marks than this would hide everything else. */
const MAX_RINGS = 25;

export function drawMarks(marks: readonly Mark[], shape: Shape, colour: string): string {
  const [outline, className] = shapes[shape];
  const attributes = { class: `${className} ${colour}` };
  const path = ({ x, y }: Mark): string => `M${px(x)} ${px(y)}${outline}`;
  if (marks.length === 0) return '';
  if (marks.length > MAX_SEPARATE_MARKS) {
    return element('path', { ...attributes, d: marks.map(path).join('') });
  }
  const drawn = marks.map((mark) =>
    element('path', { d: path(mark) }, ...(mark.title === undefined ? [] : [tooltip(mark.title())])),
  );
  return element('g', attributes, ...drawn);
}

/** The first mark in each square of `cell` pixels: another one so close would only cover it. */
export function thinned(marks: readonly Mark[], cell: number): Mark[] {
  const taken = new Set<number>();
  return marks.filter(({ x, y }) => {
    const key = Math.round(x / cell) * 65_536 + Math.round(y / cell);
    if (taken.has(key)) return false;
    taken.add(key);
    return true;
  });
}

/** Marks that must not be missed: none is left out, unless it would lie exactly behind another. */
export function drawLoudMarks(marks: readonly Mark[]): string {
  const distinct = thinned(marks, 1);
  const crosses = drawMarks(distinct, 'cross', 'bad');
  if (distinct.length > MAX_RINGS) return crosses;
  const rings = distinct.map(({ x, y }) => element('circle', { cx: x, cy: y, r: 7 }));
  return element('g', { class: 'stroke thick bad' }, ...rings) + crosses;
}

/** What a mark, a line or an area in a picture stands for. */
export interface LegendEntry {
  readonly text: string;
  readonly colour: string;
  /** A shape, or a line or an area of this class. */
  readonly look: Shape | 'line' | 'area';
  readonly className?: string;
}

const LEGEND_ROW = 18;
const LEGEND_GAP = 18;
const SIGN_WIDTH = 22;

/** Entries in a row, and in further rows where they do not fit; with the height of all rows. */
export function legend(
  left: number,
  top: number,
  right: number,
  entries: readonly LegendEntry[],
): { readonly drawing: string; readonly height: number } {
  let [x, y] = [left, top];
  const drawn: string[] = [];
  for (const entry of entries) {
    const width = SIGN_WIDTH + textWidth(entry.text, 12) + LEGEND_GAP;
    if (x + width > right && x > left) [x, y] = [left, y + LEGEND_ROW];
    drawn.push(sign(entry, x, y), label(x + SIGN_WIDTH, y + 4, entry.text, { class: 'muted' }));
    x += width;
  }
  return { drawing: drawn.join(''), height: entries.length === 0 ? 0 : y - top + LEGEND_ROW + 4 };
}

function sign({ look, colour, className = '' }: LegendEntry, x: number, y: number): string {
  if (look === 'area') return box([x, y - 5], [x + 16, y + 5], { class: `${className} ${colour}` });
  if (look === 'line') {
    return element('path', { class: `stroke ${className} ${colour}`, d: `M${px(x)} ${px(y)}h16` });
  }
  return drawMarks([{ x: x + 8, y }], look, colour);
}

/** The width of a picture that has the page to itself. */
export const WIDTH = 1200;

/** A drawing with its title and how to read it. */
export interface Picture {
  /** `value`: the name of its file, and its anchor in the page. */
  readonly name: string;
  readonly title: string;
  /** A sentence or two: how to read it, and what is left out. */
  readonly note: string;
  readonly width?: number;
  readonly height: number;
  readonly drawing: string;
}

/** A picture within a page, which brings the style and shows title and note. */
export const inline = ({ title, width = WIDTH, height, drawing }: Picture): string =>
  element(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': title },
    drawing,
  );

const HEADING = 58;
const MARGIN = 12;

/** A picture as a file of its own. */
export function standalone({ title, note, width = WIDTH, height, drawing }: Picture): string {
  const fullHeight = HEADING + height + MARGIN;
  return fillIn(template, {
    viewBox: `0 ${-HEADING} ${width} ${fullHeight}`,
    width: px(width),
    height: px(fullHeight),
    content: [
      box([0, -HEADING], [width, height + MARGIN], { class: 'backdrop' }),
      label(16, -34, title, { class: 'strong', style: 'font-size:17px' }),
      ...wrapped(note, width / 6.3).map((line, i) => label(16, -15 + i * 14, line, { class: 'muted' })),
      drawing,
    ].join(''),
  });
}

/** At most two lines of about `length` characters. */
function wrapped(text: string, length: number): string[] {
  if (text.length <= length) return [text];
  const end = text.lastIndexOf(' ', length);
  return [text.slice(0, end), text.slice(end + 1)];
}
