/**
 * The latest changes of something that changes all the time, for readers that follow it: each change has a position,
 * counted from 1, and a reader that knows everything up to one asks for what came after it. The oldest changes make
 * room for new ones, so a reader that falls too far behind must start over.
 */
export class ChangeRing<Change> {
  /** The change at position p is in slot p mod capacity. */
  readonly #changes: Change[] = [];
  readonly #capacity: number;
  #position = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The position of the latest change; 0 before the first. */
  get position(): number {
    return this.#position;
  }

  /** Adds a change. Its position is then the latest. */
  push(change: Change): void {
    this.#changes[++this.#position % this.#capacity] = change;
  }

  /** Whether all changes after `position` are still here. */
  remembers(position: number): boolean {
    return position <= this.#position && position >= this.#position - this.#capacity;
  }

  /** The change at a position, which must be one of the latest. */
  at(position: number): Change | undefined {
    return this.#changes[position % this.#capacity];
  }
}
