import { paletteCss, pictureCss } from './palette.ts';
import { box, element, escape, label } from './svg.ts';

/** How wide a picture is that has the page for itself. */
export const WIDTH = 1200;

/** A drawing with what there is to say about it. */
export interface Picture {
  /** `value`: the name of its file, and of its place in the page. */
  readonly name: string;
  readonly title: string;
  /** A sentence or two: how to read it, and what is left out. */
  readonly note: string;
  readonly width?: number;
  readonly height: number;
  readonly drawing: string;
}

/** Within a page, which brings the style and says title and note. */
export const inline = ({ title, width = WIDTH, height, drawing }: Picture): string =>
  element(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': title },
    drawing,
  );

const HEADING = 58;
const MARGIN = 12;

/** As a file of its own. */
export function standalone({ title, note, width = WIDTH, height, drawing }: Picture): string {
  const fullHeight = HEADING + height + MARGIN;
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 ${-HEADING} ${width} ${fullHeight}`,
      width,
      height: fullHeight,
    },
    element('style', {}, escapeStyle(`${paletteCss(':root')}\n${pictureCss}`)),
    box([0, -HEADING], [width, height + MARGIN], { class: 'backdrop' }),
    label(16, -34, title, { class: 'strong', style: 'font-size:17px' }),
    ...wrapped(note, width / 6.3).map((line, i) => label(16, -15 + i * 14, line, { class: 'muted' })),
    drawing,
  )}\n`;
}

/** A style sheet inside XML may hold no `<` and `&`; quotes are left as they are. */
const escapeStyle = (css: string): string => escape(css).replaceAll('&#39;', "'");

/** At most two lines of about `length` characters. */
function wrapped(text: string, length: number): string[] {
  if (text.length <= length) return [text];
  const end = text.lastIndexOf(' ', length);
  return [text.slice(0, end), text.slice(end + 1)];
}
