/**
 * Commits under one claim of a slot. Each compares the claim and the number of commits before it, and counts itself; so it
 * can be sent until there is an answer, takes effect at most once, and when it is refused, the number tells whether an
 * earlier attempt took effect. If the claim is lost, nothing that was sent under it can take effect any more.
 */
import type { Endpoints } from './endpoints.ts';
import { EtcdError, type Operation, type Txn, type TxnResult, isIndefinite } from './etcd.ts';
import type { Keyspace } from './keys.ts';
import { type Holding, seqText } from './slots.ts';

/** What became of a commit. */
export type Outcome =
  | { readonly is: 'done'; readonly result: TxnResult }
  /** An earlier attempt was done, at this revision; its answer was lost. */
  | { readonly is: 'found done'; readonly revision: number }
  /** Not done: a comparison other than that of the claim failed. */
  | { readonly is: 'refused'; readonly result: TxnResult }
  /** Not done, and never will be: the claim is lost. */
  | { readonly is: 'lost' }
  /** The claim is lost, and somebody else has claimed the slot since: nothing tells whether it was done. */
  | { readonly is: 'unknown' };

/** How many of the results of a refused commit are about the claim; the others follow. */
export const CLAIM_RESULTS = 2;

export class Claim {
  readonly holding: Holding;
  readonly #endpoints: Endpoints;
  readonly #keys: Keyspace;
  #commits = 0;

  constructor(holding: Holding, endpoints: Endpoints, keys: Keyspace) {
    this.holding = holding;
    this.#endpoints = endpoints;
    this.#keys = keys;
  }

  get slot(): string {
    return this.holding.slot;
  }

  /**
   * Commits, with what has to hold besides the claim. Rejects with an EtcdError only if it has not been done and never will
   * be. Otherwise it goes on until it knows.
   */
  async commit({ compare, success, failure }: Txn): Promise<Outcome> {
    const { slot, claim, live: held } = this.holding;
    const [live, seq] = [this.#keys.live(slot), this.#keys.seq(slot)];
    const txn: Txn = {
      compare: [{ key: live, value: held }, { key: seq, value: seqText(claim, this.#commits) }, ...compare],
      success: [...success, { put: seq, value: seqText(claim, this.#commits + 1) }],
      failure: [{ range: live }, { range: seq }, ...failure],
    };
    let isUncertain = false;
    for (let failures = 0; ; failures++) {
      try {
        return this.#judged(await this.#endpoints.txn(txn));
      } catch (error) {
        if (!(error instanceof EtcdError)) throw error;
        if (isIndefinite(error)) isUncertain = true;
        else if (error.code === 'no_space') {
          // It may be done all the same, but will not be any more.
          const outcome = await this.#look(txn.failure);
          if (outcome === undefined) isUncertain = true;
          else if (outcome.is !== 'refused') return outcome;
          else if (!isUncertain) throw error;
        } else if (!isUncertain) throw error;
        else if (error.code === 'not_found') {
          // The lease that it puts something under has ended, so no attempt can be done any more: look whether one was.
          const outcome = await this.#look(txn.failure);
          if (outcome !== undefined) return outcome;
        }
      }
      await this.#endpoints.pause(failures);
    }
  }

  /** What became of a commit that can not be done any more; undefined if etcd does not let this server look. */
  async #look(ranges: readonly Operation[]): Promise<Outcome | undefined> {
    try {
      const result = await this.#endpoints.txnUntil({ compare: [], success: ranges, failure: [] }, Infinity);
      return this.#judged({ ...result, succeeded: false });
    } catch (error) {
      if (error instanceof EtcdError) return undefined;
      throw error;
    }
  }

  #judged(result: TxnResult): Outcome {
    const { claim, live: held } = this.holding;
    if (result.succeeded) {
      this.#commits++;
      return { is: 'done', result };
    }
    const [live, seq] = result.results.map(({ found }) => found[0]);
    if (seq?.value === seqText(claim, this.#commits + 1)) {
      this.#commits++;
      return { is: 'found done', revision: seq.modRevision };
    }
    const isAsBefore = seq?.value === seqText(claim, this.#commits);
    if (live?.value !== held) return { is: isAsBefore ? 'lost' : 'unknown' };
    if (!isAsBefore) throw new Error(`${seq?.value} is not what this server has committed`);
    return { is: 'refused', result };
  }
}
