/**
 * The leases of the idempotency records that this server puts: one a minute, which outlives the window of all records
 * under it. Leases, not clocks, end records, and a lease can end a little before its time; so it is granted for more.
 * A record may be kept for so much longer than its window.
 */
import type { Clock } from '../../runtime/clock.ts';
import type { IdempotencyLimits } from '../idempotency.ts';
import type { Endpoints } from './endpoints.ts';

/** How long records are put under the same lease. */
const USE_MS = 60_000;
const MARGIN_MS = 15_000;

export class RecordLeases {
  readonly #endpoints: Endpoints;
  readonly #clock: Clock;
  readonly #limits: IdempotencyLimits;
  #present: { readonly id: string; readonly startMs: number; records: number } | undefined;
  /** How many records were put under the leases before it, and from when on they no longer count. */
  readonly #earlier: { readonly endMs: number; readonly records: number }[] = [];

  constructor(endpoints: Endpoints, clock: Clock, limits: IdempotencyLimits) {
    this.#endpoints = endpoints;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** How many records of this server are in their window, or may be. */
  get records(): number {
    const nowMs = this.#clock.nowMs();
    if (this.#present !== undefined && nowMs - this.#present.startMs >= USE_MS) this.drop();
    while ((this.#earlier[0]?.endMs ?? Infinity) <= nowMs) this.#earlier.shift();
    return this.#earlier.reduce((sum, { records }) => sum + records, this.#present?.records ?? 0);
  }

  /** How many more can be put. */
  get room(): number {
    return this.#limits.maxIdempotencyRecords - this.records;
  }

  /** Resolves with the id of the lease to put records under. Rejects with an EtcdError when `untilMs` has come. */
  async present(untilMs: number): Promise<string> {
    const nowMs = this.#clock.nowMs();
    if (this.#present !== undefined && nowMs - this.#present.startMs < USE_MS) return this.#present.id;
    this.drop();
    const ttlMs = this.#limits.windowMs + USE_MS + MARGIN_MS;
    const { id } = await this.#endpoints.grantLease(Math.ceil(ttlMs / 1000), untilMs);
    this.#present = { id, startMs: nowMs, records: 0 };
    return id;
  }

  /** Counts records that were put under the present lease. */
  put(records: number): void {
    if (this.#present !== undefined) this.#present.records += records;
  }

  /** Puts no more records under the present lease: it has turned out to have ended. */
  drop(): void {
    if (this.#present === undefined) return;
    const { startMs, records } = this.#present;
    this.#earlier.push({ endMs: startMs + USE_MS + this.#limits.windowMs, records });
    this.#present = undefined;
  }
}
