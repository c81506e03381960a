/**
 * Work that takes long, such as a page of counters, is begun once per turn of the event loop, in the order in which it was
 * asked for: however many connections ask for it, what takes little is done in between.
 */
export class Turns {
  readonly #afterThisTurn: (task: () => void) => void;
  readonly #waiting: (() => void)[] = [];
  #isTaken = false;

  constructor(afterThisTurn: (task: () => void) => void) {
    this.#afterThisTurn = afterThisTurn;
  }

  /** Resolves when it is the caller's turn. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (!this.#isTaken) this.#grant();
    });
  }

  readonly #grant = (): void => {
    const resolve = this.#waiting.shift();
    this.#isTaken = resolve !== undefined;
    if (resolve === undefined) return;
    resolve();
    this.#afterThisTurn(this.#grant);
  };
}
