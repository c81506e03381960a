/**
 * The inbox of one node or service on Maelstrom's network. Messages wait in the order in which they are due. One is taken
 * at a time, and what is left of its latency is waited out before it is delivered and the next is taken; so a message
 * that is due earlier but came later waits behind it.
 */
import type { Clock, Timer } from '../../runtime/clock.ts';
import { type Due, DueHeap } from './due-heap.ts';

export interface InboxOptions<T extends Due> {
  readonly clock: Clock;
  /** Called when a message is taken: whether it is lost instead. */
  readonly isLost: (message: T) => boolean;
  readonly deliver: (message: T) => void;
  /** Called for each message that is lost: when it was taken, or because the inbox was closed before. */
  readonly lose: (message: T) => void;
}

export class Inbox<T extends Due> {
  readonly #options: InboxOptions<T>;
  readonly #waiting = new DueHeap<T>();
  /** The message whose latency is being waited out. */
  #taken: T | undefined;
  #timer: Timer | undefined;
  #isBusy = false;
  #isClosed = false;

  constructor(options: InboxOptions<T>) {
    this.#options = options;
  }

  put(message: T): void {
    this.#waiting.push(message);
    if (!this.#isBusy) this.#takeNext();
  }

  /** Loses everything in it. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    if (this.#taken !== undefined) this.#options.lose(this.#taken);
    for (let left = this.#waiting.pop(); left !== undefined; left = this.#waiting.pop()) {
      this.#options.lose(left);
    }
  }

  #takeNext(): void {
    const { clock, isLost, deliver, lose } = this.#options;
    this.#isBusy = true;
    for (;;) {
      const next = this.#isClosed ? undefined : this.#waiting.pop();
      if (next === undefined) break;
      if (isLost(next)) {
        lose(next);
        continue;
      }
      const leftMs = Math.floor(next.atMs - clock.nowMs());
      if (leftMs > 0) {
        this.#taken = next;
        this.#timer = clock.after(leftMs, () => {
          this.#taken = undefined;
          deliver(next);
          this.#takeNext();
        });
        return;
      }
      deliver(next);
    }
    this.#isBusy = false;
  }
}
