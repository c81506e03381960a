/**
 * A line of status at the end of what a terminal shows: redrawn in place, never wider than the terminal, and gone when it is
 * erased.
 */
import type { Writable } from 'node:stream';

/** Where programs write what is for people: a terminal, a pipe or a file. */
export type Screen = Writable & { readonly isTTY?: boolean; readonly columns?: number | undefined };

const ERASE = '\r\x1b[K';
const DEFAULT_COLUMNS = 80;
/** Where the terminal shows Ctrl-C as ^C, without beginning the next line. */
const FREE_COLUMNS = 3;

/** Erases the line that the cursor is in, if this is a terminal. */
export function eraseLine(screen: Screen): void {
  if (screen.isTTY) screen.write(ERASE);
}

export class StatusLine {
  readonly #terminal: Screen;
  #isShown = false;

  constructor(terminal: Screen) {
    this.#terminal = terminal;
  }

  /** Shows `text` in place of what was shown before. Text that does not fit is cut. */
  show(text: string): void {
    const width = Math.max(1, (this.#terminal.columns || DEFAULT_COLUMNS) - FREE_COLUMNS);
    const line = text.length <= width ? text : `${text.slice(0, width - 1)}…`;
    this.#terminal.write(ERASE + line);
    this.#isShown = true;
  }

  /** Leaves an empty line, with the cursor at its start. */
  erase(): void {
    if (this.#isShown) this.#terminal.write(ERASE);
    this.#isShown = false;
  }
}
