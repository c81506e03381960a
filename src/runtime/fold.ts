/**
 * Text for terminals of 80 columns.
 */

export const COLUMNS = 80;

/** Breaks text into lines that fit: between phrases that end with a comma, or between words. Later lines are indented. */
export function fold(text: string, indent = '  '): string[] {
  const room = COLUMNS - indent.length;
  const parts = text
    .split(/(?<=,) /)
    .flatMap((phrase) => (phrase.length <= room ? [phrase] : phrase.split(' ')));
  const lines: string[] = [];
  let line = '';
  for (const part of parts) {
    const isCutHere = part.length > room && line.length < COLUMNS / 2;
    if (line.trim() !== '' && line.length + 1 + part.length > COLUMNS && !isCutHere) {
      lines.push(line);
      line = indent;
    }
    const separator = line.trim() === '' ? '' : ' ';
    line += separator + cutStart(part, COLUMNS - line.length - separator.length);
  }
  return [...lines, line];
}

/** Breaks prose into lines that fit, between words; a word that is too long for a line is broken. */
export function wrap(text: string, indent = '  '): string[] {
  const room = COLUMNS - indent.length;
  const words = text
    .slice(text.length - text.trimStart().length)
    .split(' ')
    .flatMap((word) => word.match(new RegExp(`[^]{1,${room}}`, 'gu')) ?? []);
  const lines: string[] = [];
  let line = text.slice(0, text.length - text.trimStart().length);
  for (const word of words) {
    const separator = line.trim() === '' ? '' : ' ';
    if (line.length + separator.length + word.length <= COLUMNS) line += separator + word;
    else {
      lines.push(line);
      line = indent + word;
    }
  }
  return [...lines, line];
}

/** Of a word that does not fit, such as a path, the end tells most. */
const cutStart = (text: string, length: number): string =>
  text.length <= length ? text : `…${text.slice(text.length - length + 1)}`;
