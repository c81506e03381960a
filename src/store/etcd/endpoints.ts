/**
 * The endpoints of an etcd cluster: any of them will do. A request goes to the present one; when that does not answer, the
 * next one becomes the present one, after a wait that grows with the failures in a row.
 */
import { type BackoffBounds, backoffMs } from '../../runtime/backoff.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import {
  type Etcd,
  EtcdError,
  type Endpoint,
  type Lease,
  type OperationResult,
  type Range,
  type Status,
  type Txn,
  type TxnResult,
  type Watch,
  type Watching,
  isIndefinite,
} from './etcd.ts';

export interface EndpointsOptions {
  readonly etcd: Etcd;
  /** At least one. */
  readonly endpoints: readonly Endpoint[];
  /** How long an endpoint may take to answer before the next one is asked. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

const BACKOFF: BackoffBounds = { firstMs: 20, longestMs: 1000 };

export class Endpoints {
  readonly #options: EndpointsOptions;
  #present: number;
  #failures = 0;

  constructor(options: EndpointsOptions) {
    this.#options = options;
    this.#present = Math.floor(options.random.next() * options.endpoints.length);
  }

  /** Asks one endpoint once. Rejects with an EtcdError. */
  txn(txn: Txn): Promise<TxnResult> {
    return this.#once((etcd, endpoint, timeoutMs) => etcd.txn(endpoint, txn, timeoutMs));
  }

  /**
   * Asks endpoint after endpoint until one answers. For what may be done twice, and for transactions whose comparisons
   * let them be done only once. Rejects with the last EtcdError when `untilMs` has come by the clock, and at once with
   * one that another endpoint would give too.
   */
  async txnUntil(txn: Txn, untilMs: number): Promise<TxnResult> {
    return this.#until(untilMs, () => this.txn(txn));
  }

  /** What some ranges find, at one revision. Asks and rejects as `txnUntil` does. */
  async ranges(
    ranges: readonly Range[],
    untilMs: number,
  ): Promise<{ results: readonly OperationResult[]; revision: number }> {
    return this.txnUntil({ compare: [], success: ranges, failure: [] }, untilMs);
  }

  grantLease(ttlSeconds: number, untilMs: number): Promise<Lease> {
    return this.#until(untilMs, () =>
      this.#once((etcd, endpoint, timeoutMs) => etcd.grantLease(endpoint, ttlSeconds, timeoutMs)),
    );
  }

  keepLeaseAlive(id: string, untilMs: number): Promise<Lease> {
    return this.#until(untilMs, () =>
      this.#once((etcd, endpoint, timeoutMs) => etcd.keepLeaseAlive(endpoint, id, timeoutMs)),
    );
  }

  /** Asks one endpoint once. */
  revokeLease(id: string): Promise<void> {
    return this.#once((etcd, endpoint, timeoutMs) => etcd.revokeLease(endpoint, id, timeoutMs));
  }

  /** How a member is that knows a leader. Asks one endpoint once. */
  status(): Promise<Status> {
    return this.#once(async (etcd, endpoint, timeoutMs) => {
      const status = await etcd.status(endpoint, timeoutMs);
      if (status.leaderId === '0') throw new EtcdError('unavailable', `etcd at ${endpoint} has no leader`);
      return status;
    });
  }

  /** Watches at the present endpoint; when that fails, the next watch is at another. */
  watch(watch: Watch): Watching {
    const at = this.#present;
    return this.#options.etcd.watch(this.#endpoint(), {
      ...watch,
      onEnd: (error) => {
        if (isIndefinite(error)) this.#leave(at);
        watch.onEnd(error);
      },
    });
  }

  /** Waits before something that has failed so many times is tried again. */
  pause(failures: number): Promise<void> {
    const { clock, random } = this.#options;
    return new Promise((resolve) => clock.after(backoffMs(random, failures, BACKOFF), resolve));
  }

  #endpoint(): Endpoint {
    return this.#options.endpoints[this.#present] ?? '';
  }

  /** Makes the next endpoint the present one, unless that has been done since. */
  #leave(at: number): void {
    if (at === this.#present) this.#present = (at + 1) % this.#options.endpoints.length;
  }

  async #once<T>(ask: (etcd: Etcd, endpoint: Endpoint, timeoutMs: number) => Promise<T>): Promise<T> {
    const at = this.#present;
    try {
      const result = await ask(this.#options.etcd, this.#endpoint(), this.#options.timeoutMs);
      this.#failures = 0;
      return result;
    } catch (error) {
      if (error instanceof EtcdError && isIndefinite(error)) {
        this.#failures++;
        this.#leave(at);
      }
      throw error;
    }
  }

  async #until<T>(untilMs: number, once: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await once();
      } catch (error) {
        const isLasting = !(error instanceof EtcdError) || !isIndefinite(error);
        if (isLasting || this.#options.clock.nowMs() >= untilMs) throw error;
        await this.pause(Math.max(0, this.#failures - 1));
      }
    }
  }
}
