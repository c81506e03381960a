/**
 * Tells a person how far a command is: in a status line on a terminal, otherwise in a line now and then.
 */
import type { Timer } from '../../runtime/clock.ts';
import { type Screen, StatusLine } from '../../runtime/status-line.ts';
import { systemClock } from '../../runtime/system.ts';

const REDRAW_MS = 200;
const LINE_MS = 5000;

export class Progress {
  readonly #screen: Screen;
  readonly #text: () => string;
  readonly #statusLine: StatusLine | undefined;
  #timer: Timer;

  /** `text` says how far it is. */
  constructor(screen: Screen, text: () => string) {
    this.#screen = screen;
    this.#text = text;
    this.#statusLine = screen.isTTY ? new StatusLine(screen) : undefined;
    this.#timer = this.#next();
  }

  end(): void {
    this.#timer.cancel();
    this.#statusLine?.erase();
  }

  #next(): Timer {
    return systemClock.after(this.#statusLine === undefined ? LINE_MS : REDRAW_MS, () => {
      if (this.#statusLine === undefined) this.#screen.write(`${this.#text()}\n`);
      else this.#statusLine.show(this.#text());
      this.#timer = this.#next();
    });
  }
}
