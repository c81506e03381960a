/**
 * Text for terminals of 80 columns.
 */

export const COLUMNS = 80;

/** Breaks text between words into lines that fit. All lines but the first are indented by `indent`. */
export function fold(text: string, indent = '  '): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const isCutHere = indent.length + word.length > COLUMNS && line.length < COLUMNS / 2;
    if (line.trim() !== '' && line.length + 1 + word.length > COLUMNS && !isCutHere) {
      lines.push(line);
      line = indent;
    }
    const separator = line.trim() === '' ? '' : ' ';
    line += separator + cutStart(word, COLUMNS - line.length - separator.length);
  }
  return [...lines, line];
}

/** Of a word that does not fit, such as a path, the end tells most. */
const cutStart = (text: string, length: number): string =>
  text.length <= length ? text : `…${text.slice(text.length - length + 1)}`;
