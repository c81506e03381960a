import type { KeyValueStore, SwapOutcome } from '../../src/counter/key-value-store.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import type { Random } from '../../src/runtime/random.ts';

export interface Unreliability {
  /** Chances that a request never arrives, and that its answer never does. */
  readonly requestLoss: number;
  readonly answerLoss: number;
  /** Each way takes up to this long, so that operations overtake each other, also across restarts of a node. */
  readonly maxLatencyMs: number;
  /** After this time without an answer a call rejects. */
  readonly timeoutMs: number;
}

/** A store behind a bad network. A call that has timed out may still take effect. */
export class UnreliableStore implements KeyValueStore {
  readonly #store: KeyValueStore;
  readonly #clock: Clock;
  readonly #senderClock: Clock;
  readonly #random: Random;
  readonly #unreliability: Unreliability;

  /** Requests under way outlive their sender; answers reach it only while its own clock, `senderClock`, goes on. */
  constructor(
    store: KeyValueStore,
    clock: Clock,
    senderClock: Clock,
    random: Random,
    unreliability: Unreliability,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#senderClock = senderClock;
    this.#random = random;
    this.#unreliability = unreliability;
  }

  read(key: string): Promise<unknown> {
    return this.#send(() => this.#store.read(key));
  }

  write(key: string, value: unknown): Promise<void> {
    return this.#send(() => this.#store.write(key, value));
  }

  compareAndSwap(key: string, from: unknown, to: unknown, createIfNotExists: boolean): Promise<SwapOutcome> {
    return this.#send(() => this.#store.compareAndSwap(key, from, to, createIfNotExists));
  }

  #send<T>(operation: () => Promise<T>): Promise<T> {
    const { requestLoss, answerLoss, maxLatencyMs, timeoutMs } = this.#unreliability;
    const [lost, unheard] = [this.#random.next() < requestLoss, this.#random.next() < answerLoss];
    const latencyMs = (): number => this.#random.next() * maxLatencyMs;
    return new Promise((resolve, reject) => {
      this.#senderClock.after(timeoutMs, () => reject(new Error('timeout')));
      if (lost) return;
      this.#clock.after(latencyMs(), () => {
        void operation().then((answer) => {
          if (!unheard) this.#senderClock.after(latencyMs(), () => resolve(answer));
        });
      });
    });
  }
}
