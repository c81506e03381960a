/**
 * Repeats requests to the key-value store that are safe to repeat, until one gets a reply or no reply is wanted any more. It
 * backs off with jitter, and a late reply to an earlier try counts as much as one to the last.
 */
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Random } from '../runtime/random.ts';
import { TimeoutQueue } from '../runtime/timeout-queue.ts';
import { backoffMs } from '../runtime/backoff.ts';
import { CounterError } from './counter.ts';

const BACKOFF = { firstMs: 50, longestMs: 1000 };

/** The result is not wanted any more: all requests that waited for it have failed at their deadlines. */
export class Abandoned extends Error {}

export interface RetrierOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How long to wait for a reply before trying again. */
  readonly retryMs: number;
}

export class Retrier {
  readonly #options: RetrierOptions;
  readonly #patience: TimeoutQueue<() => void>;

  constructor(options: RetrierOptions) {
    this.#options = options;
    this.#patience = new TimeoutQueue(options.clock, options.retryMs, (giveUp) => giveUp());
  }

  /**
   * Tries until one attempt resolves, and takes the first result of any attempt: the store may be slow rather than
   * unreachable. A CounterError is final. Rejects with Abandoned once the result is no longer wanted.
   */
  persist<T>(attempt: () => Promise<T>, wanted: () => boolean): Promise<T> {
    const { clock, random, log, retryMs } = this.#options;
    return new Promise((resolve, reject) => {
      let settled = false;
      const tryOnce = (tries: number): void => {
        let current = true;
        const tryAgain = (why: string): void => {
          if (settled || !current) return;
          current = false;
          log(why);
          clock.after(backoffMs(random, tries, BACKOFF), () => {
            if (settled) return;
            if (wanted()) tryOnce(tries + 1);
            else reject(new Abandoned());
          });
        };
        const giveUp = (): void => tryAgain(`no reply within ${retryMs} ms`);
        this.#patience.add(giveUp);
        attempt().then(
          (result) => {
            this.#patience.delete(giveUp);
            settled = true;
            resolve(result);
          },
          (error: unknown) => {
            this.#patience.delete(giveUp);
            if (error instanceof CounterError) {
              settled = true;
              reject(error);
            } else {
              tryAgain(String(error));
            }
          },
        );
      };
      tryOnce(0);
    });
  }
}
