import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Random } from '../runtime/random.ts';
import { TimeoutQueue } from '../runtime/timeout-queue.ts';
import { backoffMs } from '../runtime/backoff.ts';
import { CounterError } from './counter.ts';

const BACKOFF = { firstMs: 50, longestMs: 1000 };

/** Nobody waits for the answer any more: everyone who did has been told so at the deadline. */
export class Abandoned extends Error {}

export interface RetrierOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How long to wait for an answer before asking once more. */
  readonly retryMs: number;
}

/** Asks again what may be asked again. */
export class Retrier {
  readonly #options: RetrierOptions;
  readonly #patience: TimeoutQueue<() => void>;

  constructor(options: RetrierOptions) {
    this.#options = options;
    this.#patience = new TimeoutQueue(options.clock, options.retryMs, (giveUp) => giveUp());
  }

  /**
   * Tries until there is an answer, and takes the first answer to any try: whoever is asked may be slow rather than
   * deaf. A CounterError is final. Rejects with Abandoned once the answer is no longer wanted.
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
        const giveUp = (): void => tryAgain(`no answer within ${retryMs} ms`);
        this.#patience.add(giveUp);
        attempt().then(
          (answer) => {
            this.#patience.delete(giveUp);
            settled = true;
            resolve(answer);
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
