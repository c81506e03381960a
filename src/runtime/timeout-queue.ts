import type { Clock, Timer } from './clock.ts';

/**
 * Items that all get the same time before they expire. Insertion order is then the order of expiry, so one
 * timer, set for the oldest item, serves any number of them.
 */
export class TimeoutQueue<Item> {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onTimeout: (item: Item) => void;
  readonly #expiryMs = new Map<Item, number>();
  #timer: Timer | undefined;

  /** `onTimeout` is called once for each item that is still here `timeoutMs` after it was added. */
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

  /** Takes in an item that is not here yet. */
  add(item: Item): void {
    this.#expiryMs.set(item, this.#clock.nowMs() + this.#timeoutMs);
    this.#timer ??= this.#clock.after(this.#timeoutMs, this.#expire);
  }

  /** Takes an item out before it expires. Answers false when it was not here. */
  delete(item: Item): boolean {
    return this.#expiryMs.delete(item);
  }

  /** Takes every item out, oldest first, and stops the timer. */
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
