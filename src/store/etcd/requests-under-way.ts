/**
 * Requests with an idempotency key that have no answer yet. While one is under way, a retry of it waits for the same answer
 * instead of for a commit of its own: otherwise clients that lose patience with a slow etcd would make it slower.
 */
import type { Counted, Idempotency } from '../store.ts';

interface UnderWay {
  readonly fingerprint: string;
  readonly answer: Promise<Counted>;
}

export class RequestsUnderWay {
  readonly #byId = new Map<string, UnderWay>();

  /** The answer to a request that is under way, or else to `ask`. */
  share({ id, fingerprint }: Idempotency, ask: () => Promise<Counted>): Promise<Counted> {
    const same = this.#byId.get(id);
    if (same?.fingerprint === fingerprint) return same.answer;
    const answer = ask();
    // Another request under the same key is refused, after the first has an answer.
    if (same !== undefined) return answer;
    this.#byId.set(id, { fingerprint, answer });
    const end = (): void => void this.#byId.delete(id);
    answer.then(end, end);
    return answer;
  }
}
