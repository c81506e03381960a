/**
 * Idempotency records: what increments with an Idempotency-Key were answered, so that a retry gets the same answer and
 * adds nothing. A record is kept for a window of time, counted from the first request. The records are bounded in number
 * and in bytes; one that is in its window is never dropped to make room for another.
 */
import { packIntegers, unpackIntegers } from './packed-integers.ts';
import type { Increment } from './store.ts';

export interface IdempotencyRecord {
  /** Of the request's content: the same key with other content is another request, and an error. */
  readonly fingerprint: string;
  /** What valuesToKeep returned for the request: there may be a million records, and thousands of values in each. */
  readonly values: string;
  /** When the first request came, in milliseconds. */
  readonly timeMs: number;
}

export interface IdempotencyLimits {
  /** How long a record is kept. */
  readonly windowMs: number;
  /** How many are kept at a time. Their bytes are bounded in proportion. */
  readonly maxIdempotencyRecords: number;
}

/** How many bytes there are to a record on average, with its key and its values. */
const AVERAGE_BYTES = 256;
/** Enough for the records of the largest batches, however few records are kept. */
const LEAST_BYTES = 32 * 2 ** 20;

/** The bytes that a record counts as. */
export const bytesOfRecord = (id: string, { fingerprint, values }: IdempotencyRecord): number =>
  id.length + fingerprint.length + values.length;

/**
 * What to keep of the values after each of some increments, packed: the last of each counter, in the order in which the counters
 * first occur. A retry has the same increments, and each has raised its counter by its amount.
 */
export function valuesToKeep(increments: readonly Increment[], values: readonly number[]): string {
  if (increments.length === 1) return packIntegers(values);
  const last = new Map(increments.map(({ key }, index) => [key, values[index] ?? 0]));
  return packIntegers([...last.values()]);
}

/**
 * The values after each of some increments, from what was kept. Records of earlier versions have the value after each
 * increment, which is the same if each counter occurs once.
 */
export function valuesAfterEach(increments: readonly Increment[], packed: string): readonly number[] {
  const kept = unpackIntegers(packed);
  if (kept.length === increments.length) return kept;
  const keys = [...new Set(increments.map(({ key }) => key))];
  const last = new Map(keys.map((key, index) => [key, kept[index] ?? 0]));
  const backwards = increments.toReversed().map(({ key, amount }) => {
    const value = last.get(key) ?? 0;
    last.set(key, value - amount);
    return value;
  });
  return backwards.toReversed();
}

/** The records that are on the disk, by idempotency key, oldest first. */
export class IdempotencyRecords {
  readonly #byId = new Map<string, Kept>();
  readonly #limits: IdempotencyLimits;
  #bytes = 0;

  constructor(limits: IdempotencyLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** The record under an id, unless its window has passed. */
  get(id: string, nowMs: number): IdempotencyRecord | undefined {
    const record = this.#byId.get(id)?.record;
    return record !== undefined && this.#isFresh(record, nowMs) ? record : undefined;
  }

  /**
   * Drops the records whose window has passed. Returns whether `more` can be added then, where `moreBytes` bytes of
   * others are about to be.
   */
  hasRoomFor(more: number, nowMs: number, moreBytes = 0): boolean {
    this.dropExpired(nowMs);
    const { maxIdempotencyRecords } = this.#limits;
    const maxBytes = Math.max(LEAST_BYTES, AVERAGE_BYTES * maxIdempotencyRecords);
    return this.#byId.size + more <= maxIdempotencyRecords && this.#bytes + moreBytes < maxBytes;
  }

  /** Drops the records whose window has passed. */
  dropExpired(nowMs: number): void {
    for (const [id, { record }] of this.#byId) {
      if (this.#isFresh(record, nowMs)) break;
      this.#delete(id, record);
    }
  }

  /** Adds a record as the newest, in place of one with the same id. `segment` is that of the log which has it, if one has. */
  set(id: string, record: IdempotencyRecord, segment = 0): void {
    const before = this.#byId.get(id);
    if (before !== undefined) this.#delete(id, before.record);
    this.#byId.set(id, { record, segment });
    this.#bytes += bytesOfRecord(id, record);
  }

  /** Adds a record of any age, unless there is a later one with the same id. */
  restore(id: string, record: IdempotencyRecord, segment: number): void {
    if ((this.#byId.get(id)?.record.timeMs ?? 0) <= record.timeMs) this.set(id, record, segment);
  }

  /** The ids of the records that only segments before this one have, by segment. */
  idsBefore(segment: number): Map<number, string[]> {
    const ids = new Map<number, string[]>();
    for (const [id, kept] of this.#byId) {
      if (kept.segment >= segment) continue;
      const inSegment = ids.get(kept.segment);
      if (inSegment === undefined) ids.set(kept.segment, [id]);
      else inSegment.push(id);
    }
    return ids;
  }

  /** Notes that a later segment has a record too. */
  moveTo(id: string, segment: number): void {
    const kept = this.#byId.get(id);
    if (kept !== undefined) kept.segment = Math.max(kept.segment, segment);
  }

  /** Lets no record be from later than `nowMs`. Returns whether any was. */
  endAt(nowMs: number): boolean {
    let wasAny = false;
    for (const kept of this.#byId.values()) {
      if (kept.record.timeMs <= nowMs) continue;
      kept.record = { ...kept.record, timeMs: nowMs };
      wasAny = true;
    }
    return wasAny;
  }

  /** Puts the oldest first, and drops the records whose window has passed. */
  sort(nowMs: number): void {
    const sorted = [...this.#byId].toSorted(([, a], [, b]) => a.record.timeMs - b.record.timeMs);
    this.#byId.clear();
    for (const [id, kept] of sorted) this.#byId.set(id, kept);
    this.dropExpired(nowMs);
  }

  /** The records whose window has not passed. */
  *fresh(nowMs: number): Generator<[id: string, record: IdempotencyRecord]> {
    for (const [id, { record }] of this.#byId) {
      if (this.#isFresh(record, nowMs)) yield [id, record];
    }
  }

  /** The ids of all records, oldest first. */
  ids(): string[] {
    return [...this.#byId.keys()];
  }

  #delete(id: string, record: IdempotencyRecord): void {
    this.#byId.delete(id);
    this.#bytes -= bytesOfRecord(id, record);
  }

  #isFresh({ timeMs }: IdempotencyRecord, nowMs: number): boolean {
    return nowMs - timeMs < this.#limits.windowMs;
  }
}

interface Kept {
  record: IdempotencyRecord;
  /** The newest segment of the log that is known to have it. */
  segment: number;
}
