/**
 * What the tests of the documents need to know of Markdown: headings, links, code and tables, as these documents use
 * them. Not a parser for Markdown at large.
 */

/** A fenced block. */
export interface Block {
  /** What follows the opening fence: `console run`. */
  readonly info: string;
  readonly lines: readonly string[];
  /** The line of the opening fence, from 1. */
  readonly line: number;
}

/** A row of a table, by the names of its columns. */
export interface Row {
  readonly cells: ReadonlyMap<string, string>;
  readonly first: string;
}

export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let open: { info: string; lines: string[]; line: number } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    if (!line.startsWith('```')) open?.lines.push(line);
    else if (open === undefined) open = { info: line.slice(3).trim(), lines: [], line: index + 1 };
    else {
      blocks.push(open);
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`the block at line ${open.line} is not closed`);
  return blocks;
}

/** The text without fenced blocks. */
export const proseOf = (text: string): string => text.replaceAll(/^```[^]*?^```$/gm, '');

/** The code spans. */
export const spansOf = (text: string): string[] =>
  [...proseOf(text).matchAll(/`([^`]+)`/g)].map(([, span = '']) => span.replaceAll('\n', ' '));

const withoutSpans = (text: string): string => proseOf(text).replaceAll(/`[^`]*`/g, '');

/** The targets of links and pictures. */
export const linksOf = (text: string): string[] =>
  [...withoutSpans(text).matchAll(/\]\(([^)\s]+)\)|\b(?:src|srcset|href)="([^"]+)"/g)].map(
    ([, target, attribute]) => target ?? attribute ?? '',
  );

/** The anchors of the headings, as GitHub makes them. */
export const anchorsOf = (text: string): Set<string> =>
  new Set(
    [...proseOf(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );

const cellsOf = (line: string): string[] =>
  line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());

/** The rows of all tables, heads excluded. */
export function rowsOf(text: string): Row[] {
  const rows: Row[] = [];
  let head: string[] | undefined;
  for (const line of proseOf(text).split('\n')) {
    if (!line.startsWith('|')) head = undefined;
    else if (head === undefined) head = cellsOf(line);
    else if (!/^[|:\s-]+$/.test(line)) {
      const cells = cellsOf(line);
      rows.push({ cells: new Map(head.map((name, i) => [name, cells[i] ?? ''])), first: cells[0] ?? '' });
    }
  }
  return rows;
}

const MIN_WORDS = 6;

/** The sentences and the cells of tables that are long enough to be recognized, without markup. */
export function sentencesOf(text: string): string[] {
  const tables = rowsOf(text).flatMap(({ cells }) => [...cells.values()]);
  const paragraphs = proseOf(text)
    .replaceAll(/^\|.*$/gm, '')
    .replaceAll(/^(?:#+|\d+\.|-) /gm, '\n')
    .split(/\n\s*\n/)
    .flatMap((paragraph) => paragraph.split(/(?<=[.:!?])\s+/));
  return [...tables, ...paragraphs]
    .map((sentence) =>
      sentence
        .replaceAll(/\]\([^)]*\)|[[*_`]/g, '')
        .replaceAll(/\s+/g, ' ')
        .replace(/[.:]$/, '')
        .trim()
        .toLowerCase(),
    )
    .filter((sentence) => sentence.split(' ').length >= MIN_WORDS);
}
