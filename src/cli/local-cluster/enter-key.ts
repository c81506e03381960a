/**
 * Lets somebody press Enter, on a terminal or through a pipe. Nothing is read before it is needed: a shell stops a program
 * in the background that reads from its terminal.
 */
import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import { readLines } from '../../runtime/lines.ts';

const STDIN = 0;

export class EnterKey {
  readonly #onEnter: () => void;
  #state: 'unread' | 'open' | 'closed';

  /** `onEnter` is called for each line. */
  constructor(onEnter: () => void) {
    this.#onEnter = onEnter;
    this.#state = canBeWrittenTo() ? 'unread' : 'closed';
  }

  /** Returns whether Enter can be pressed from now on. */
  listen(): boolean {
    if (this.#state === 'unread') {
      this.#state = 'open';
      process.stdin.on('error', () => (this.#state = 'closed'));
      readLines(process.stdin, this.#onEnter, () => (this.#state = 'closed'));
    }
    return this.#state === 'open';
  }

  close(): void {
    if (this.#state === 'open') process.stdin.destroy();
  }
}

/** Whether stdin is where something can still arrive: not a file, and not /dev/null. */
function canBeWrittenTo(): boolean {
  try {
    const stdin = fstatSync(STDIN);
    return isatty(STDIN) || stdin.isFIFO() || stdin.isSocket();
  } catch {
    return false;
  }
}
