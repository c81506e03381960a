/**
 * A badge: a small picture with a label and a value, as READMEs have them. It brings its own background, so it can be read on
 * light pages and on dark ones, and its title says the same to those who see no pictures.
 */
import { fitted } from './text-width.ts';

const HEIGHT_PX = 20;
const FONT_PX = 12;
const PADDING_PX = 6;
const RADIUS_PX = 3;
/** As multiples of the font size. */
const MAX_LABEL_WIDTH = 20;
const MAX_VALUE_WIDTH = 20;

/** White on these has a contrast of 7 and more. */
const LABEL_COLOUR = '#4a4f57';
const VALUE_COLOUR = '#0b5a9e';

/** The badge as SVG. Labels that are too long are cut, in the title too. Any text can be a label. */
export function badgeSvg(label: string, value: number): string {
  // A control character or a noncharacter would make it no XML, and blanks that are shown as one would be measured as many.
  const clean = label.replaceAll(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '\ufffd').replaceAll(/\s+/g, ' ');
  const left = fitted(clean.trim(), MAX_LABEL_WIDTH);
  const right = fitted(value.toLocaleString('en'), MAX_VALUE_WIDTH);
  const [leftPx, rightPx] = [left, right].map(({ width }) => Math.ceil(width * FONT_PX) + 2 * PADDING_PX);
  return svgOf(
    { text: escaped(left.text), widthPx: leftPx ?? 0 },
    { text: escaped(right.text), widthPx: rightPx ?? 0 },
  );
}

interface Part {
  readonly text: string;
  readonly widthPx: number;
}

function svgOf(label: Part, value: Part): string {
  const widthPx = label.widthPx + value.widthPx;
  const title = label.text === '' ? value.text : `${label.text}: ${value.text}`;
  const [r, h] = [RADIUS_PX, HEIGHT_PX];
  const leftHalf = `M${r} 0H${label.widthPx}V${h}H${r}A${r} ${r} 0 0 1 0 ${h - r}V${r}A${r} ${r} 0 0 1 ${r} 0Z`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${h}" viewBox="0 0 ${widthPx} ${h}" role="img">
<title>${title}</title>
<rect width="${widthPx}" height="${h}" rx="${r}" fill="${VALUE_COLOUR}"/>
<path d="${leftHalf}" fill="${LABEL_COLOUR}"/>
<g fill="#fff" font-family="Arial, Helvetica, 'Liberation Sans', sans-serif" font-size="${FONT_PX}">
${textOf(label, 0)}
${textOf(value, label.widthPx)}
</g>
</svg>
`;
}

/** Exactly as wide as there is room for it, whatever font is there. */
function textOf({ text, widthPx }: Part, fromPx: number): string {
  const lengthPx = widthPx - 2 * PADDING_PX;
  return `<text x="${fromPx + PADDING_PX}" y="14" textLength="${lengthPx}" lengthAdjust="spacingAndGlyphs">${text}</text>`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? '');
