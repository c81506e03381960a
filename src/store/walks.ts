/**
 * Walks through all counters, which take long: one at a time, however many are asked for. Requests for the same that wait
 * while another walk is under way share theirs, which begins after they came and so has all that was acknowledged before.
 */
import { ApiError } from './api-error.ts';

/** How many different walks can wait. */
export const MAX_WALKS = 64;

export class Walks<Found> {
  readonly #waiting = new Map<string, Promise<Found>>();
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Resolves as the walk does that `begin` begins, or the one that waits under the same name. Rejects as it does, or with
   * `too_many_requests`.
   */
  share(name: string, begin: () => Promise<Found>): Promise<Found> {
    const waiting = this.#waiting.get(name);
    if (waiting !== undefined) return waiting;
    if (this.#waiting.size >= MAX_WALKS) {
      const message = 'as many requests wait to go through all counters as can; try again later';
      return Promise.reject(new ApiError('too_many_requests', message));
    }
    const walk = this.#last.then(() => {
      this.#waiting.delete(name);
      return begin();
    });
    this.#waiting.set(name, walk);
    // The next one begins, whether this one succeeds or not.
    this.#last = walk.catch(() => {});
    return walk;
  }
}
