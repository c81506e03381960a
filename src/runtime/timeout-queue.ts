/**
 * Time-outs by the thousand for the price of one timer. All items of a queue get the same time, so they expire in the order
 * in which they were added, and a timer for the oldest is enough.
 */
import type { Clock, Timer } from './clock.ts';

export class TimeoutQueue<Item> {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onTimeout: (item: Item) => void;
  readonly #expiryMs = new Map<Item, number>();
  #timer: Timer | undefined;

  /** `onTimeout` is called once for each item that is still in the queue `timeoutMs` after it was added. */
  constructor(clock: Clock, timeoutMs: number, onTimeout: (item: Item) => void) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#onTimeout = onTimeout;
  }

  get size(): number {
    return this.#expiryMs.size;
  }

  has(item: Item): boolean {
    return this.#expiryMs.has(item);
  }

  /** Adds an item that is not in the queue. */
  add(item: Item): void {
    this.#expiryMs.set(item, this.#clock.nowMs() + this.#timeoutMs);
    this.#timer ??= this.#clock.after(this.#timeoutMs, this.#expire);
  }

  /** Removes an item before it expires. Returns false if it was not in the queue. */
  delete(item: Item): boolean {
    return this.#expiryMs.delete(item);
  }

  /** Removes and returns all items, oldest first, and stops the timer. */
  drain(): Item[] {
    const items = [...this.#expiryMs.keys()];
    this.#expiryMs.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
    return items;
  }

  readonly #expire = (): void => {
    const nowMs = this.#clock.nowMs();
    for (const [item, expiryMs] of this.#expiryMs) {
      if (expiryMs > nowMs) {
        this.#timer = this.#clock.after(expiryMs - nowMs, this.#expire);
        return;
      }
      this.#expiryMs.delete(item);
      this.#onTimeout(item);
    }
    this.#timer = undefined;
  };
}
