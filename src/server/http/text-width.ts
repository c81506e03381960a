/**
 * How wide a text is, without the font: the widths of Helvetica, which Arial and Liberation Sans have too, and guesses for
 * what is not Latin.
 */

/** By characters, in thousandths of the font size. */
const widths: ReadonlyMap<string, number> = new Map(
  (
    [
      [191, "'"],
      [222, 'ijl'],
      [260, '|'],
      [278, ' !,./:;I[\\]ft'],
      [333, '()-`r{}'],
      [355, '"'],
      [389, '*'],
      [469, '^'],
      [500, 'Jcksvxyz'],
      [556, '#$0123456789?L_abdeghnopqu'],
      [584, '+<=>~'],
      [611, 'FTZ'],
      [667, '&ABEKPSVXY'],
      [722, 'CDHNRUw'],
      [778, 'GOQ'],
      [833, 'Mm'],
      [889, '%'],
      [944, 'W'],
      [1015, '@'],
    ] as const
  ).flatMap(([width, characters]) =>
    characters.split('').map((character): [string, number] => [character, width]),
  ),
);

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff00-\uff60]/u;
const WITHOUT_WIDTH = /^[\p{M}\p{Cf}]$/u;
const OTHER = 600;
const ELLIPSIS = '…';

/** In thousandths of the font size. A letter with its accents is as wide as the letter. */
function widthOf(grapheme: string): number {
  if (WIDE.test(grapheme)) return 1100;
  let width = 0;
  for (const character of grapheme.normalize('NFD')) {
    if (!WITHOUT_WIDTH.test(character)) width += widths.get(character) ?? OTHER;
  }
  return width;
}

const segmenter = new Intl.Segmenter('en');

/** A text with its width as a multiple of the font size. What would be wider than `maxWidth` is cut, with an ellipsis. */
export function fitted(text: string, maxWidth: number): { readonly text: string; readonly width: number } {
  const room = maxWidth * 1000;
  let [width, end, endWidth] = [0, 0, 0];
  for (const { segment, index } of segmenter.segment(text)) {
    width += widthOf(segment);
    if (width > room) return { text: text.slice(0, end) + ELLIPSIS, width: (endWidth + 1000) / 1000 };
    // An ellipsis is as wide as the font is high.
    if (width <= room - 1000) [end, endWidth] = [index + segment.length, width];
  }
  return { text, width: width / 1000 };
}
