/**
 * Idempotency records: what increments with an Idempotency-Key were answered, so that a retry gets the same answer and
 * adds nothing. A record is kept for a window of time, counted from the first request; their number is bounded.
 */
export interface IdempotencyRecord {
  /** Of the request's content: the same key with other content is another request, and an error. */
  readonly fingerprint: string;
  /** The value of each incremented counter, in the order of the request. */
  readonly values: readonly number[];
  /** When the first request came, in milliseconds since 1970. */
  readonly timeMs: number;
}

export interface IdempotencyLimits {
  /** How long a record is kept. */
  readonly windowMs: number;
  /** How many are kept at a time. */
  readonly maxIdempotencyRecords: number;
}

/** The records that are on the disk, by idempotency key, oldest first. */
export class IdempotencyRecords {
  readonly #byId = new Map<string, IdempotencyRecord>();
  readonly #limits: IdempotencyLimits;

  constructor(limits: IdempotencyLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** The record under an id, unless its window has passed. */
  get(id: string, nowMs: number): IdempotencyRecord | undefined {
    const record = this.#byId.get(id);
    return record !== undefined && this.#isFresh(record, nowMs) ? record : undefined;
  }

  /** Drops the records whose window has passed. Returns whether `more` can be added then. */
  hasRoomFor(more: number, nowMs: number): boolean {
    for (const [id, record] of this.#byId) {
      if (this.#isFresh(record, nowMs)) break;
      this.#byId.delete(id);
    }
    return this.#byId.size + more <= this.#limits.maxIdempotencyRecords;
  }

  /** Adds a record as the newest, in place of one with the same id. */
  set(id: string, record: IdempotencyRecord): void {
    this.#byId.delete(id);
    this.#byId.set(id, record);
  }

  /** The records whose window has not passed. */
  *fresh(nowMs: number): Generator<[id: string, record: IdempotencyRecord]> {
    for (const entry of this.#byId) {
      if (this.#isFresh(entry[1], nowMs)) yield entry;
    }
  }

  #isFresh(record: IdempotencyRecord, nowMs: number): boolean {
    return nowMs - record.timeMs < this.#limits.windowMs;
  }
}
