/**
 * Keeps the snapshot up to date and the log short. A snapshot is written beside the requests, slice by slice, under
 * another name; it replaces the last one in one rename, and only then are the log segments removed that it covers.
 */
import type { GCounter } from '../../crdt/g-counter.ts';
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { IdempotencyRecords } from '../idempotency.ts';
import type { Counter, Counters } from '../counters.ts';
import { partsOf } from '../../crdt/counter-state.ts';
import type { Files } from '../../runtime/files.ts';
import type { WriteAheadLog } from './write-ahead-log.ts';
import {
  SNAPSHOT_TEMPORARY,
  SNAPSHOT_FILE,
  bytesOf,
  snapshotSlices,
  writeTemporarySnapshot,
} from './snapshot.ts';

export interface SnapshotterOptions {
  readonly files: Files;
  readonly log: WriteAheadLog;
  readonly counters: Counters;
  readonly idempotencyRecords: IdempotencyRecords;
  readonly nodeId: string;
  readonly clock: Clock;
  readonly wallClockMs: () => number;
  /** The length of the present snapshot in bytes; undefined if there is none. */
  readonly snapshotBytes: number | undefined;
  /** The log is not cut before it is this long. */
  readonly minLogBytes: number;
  /** Called when a snapshot cannot be written. No other is attempted. */
  readonly onFailure: (error: unknown) => void;
}

/** Up to this many counters the snapshot follows every change; with more, it is written when the log has outgrown it. */
export const FOLLOWED_COUNTERS = 10_000;
/** How long changes collect before a snapshot follows them. With the writing itself, this is below a second. */
const FOLLOW_MS = 500;
/** How long the log of a server becomes at least before it is cut. */
export const MIN_LOG_BYTES = 16 * 2 ** 20;
/** How many idempotency records are carried over in one log record. */
const CARRIED_RECORDS = 1000;
/** How many counters are looked up at a time. */
const CHUNK_COUNTERS = 256;
/** The rest between two slices, so that writing a large snapshot leaves most of the time to requests. */
const PAUSE_MS = 2;

export class Snapshotter {
  readonly #options: SnapshotterOptions;
  /** Whether there are changes that the snapshot lacks. */
  #behind: boolean;
  /** Whether the newest segment contains changes. */
  #hasLogged = false;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #snapshotBytes: number;
  /** The length of the idempotency records that were carried over into the newest segment. */
  #carriedBytes = 0;
  #closing = false;
  #written = 0;

  constructor(options: SnapshotterOptions) {
    this.#options = options;
    this.#behind = options.snapshotBytes === undefined;
    this.#snapshotBytes = options.snapshotBytes ?? 0;
  }

  /** How many snapshots have been written. */
  get written(): number {
    return this.#written;
  }

  /** Must be called when counters have changed. */
  changed(): void {
    this.#behind = true;
    this.#hasLogged = true;
    if (this.#timer !== undefined || this.#running !== undefined || this.#closing) return;
    if (this.#options.counters.size <= FOLLOWED_COUNTERS) {
      this.#timer = this.#options.clock.after(FOLLOW_MS, () => {
        this.#timer = undefined;
        this.#start();
      });
    } else if (this.#hasOutgrown()) {
      this.#start();
    }
  }

  /** Starts no further snapshot. */
  stop(): void {
    this.#closing = true;
    this.#behind = false;
    this.#hasLogged = false;
    this.#timer?.cancel();
  }

  /** Writes a last snapshot if there is something to write. Resolves when no write is under way any more. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#timer?.cancel();
    await this.#running;
    if (this.#behind || this.#hasLogged) this.#start();
    await this.#running;
  }

  /** What was carried over counts as part of the snapshot. */
  #hasOutgrown(): boolean {
    const grown = this.#options.log.newestBytes - this.#carriedBytes;
    return grown > Math.max(this.#options.minLogBytes, 2 * (this.#snapshotBytes + this.#carriedBytes));
  }

  #start(): void {
    this.#running = this.#write().then(
      () => {
        this.#running = undefined;
        if (this.#behind) this.changed();
      },
      (error: unknown) => {
        this.#running = undefined;
        this.stop();
        this.#options.onFailure(error);
      },
    );
  }

  /**
   * All changes in older segments are in the counters when the writing begins, and so in the snapshot. The log records
   * the snapshot before it replaces the last one, so that counters.json can be checked at any moment.
   */
  async #write(): Promise<void> {
    const { files, log } = this.#options;
    this.#behind = false;
    // Rotating at the end makes the next start fast, and an older copy put over these files is noticed.
    if (this.#closing || this.#hasOutgrown()) {
      this.#hasLogged = false;
      await log.rotate();
    }
    const logFrom = log.newest;
    const slices = await writeTemporarySnapshot(files, snapshotSlices(this.#entries()), () => this.#pause());
    const snapshot = { logFrom, slices };
    await log.append({ snapshot });
    await files.rename(SNAPSHOT_TEMPORARY, SNAPSHOT_FILE);
    await files.syncDirectory();
    this.#snapshotBytes = bytesOf(snapshot);
    this.#written++;
    if (log.hasOlder) {
      await this.#carryIdempotencyRecords();
      await log.removeOlder();
    }
  }

  /** All counters, in chunks, since counters may be added between two slices. */
  *#entries(): Generator<[string, GCounter]> {
    for (let chunk = this.#next(); chunk.length > 0; chunk = this.#next(chunk.at(-1)?.key)) {
      for (const counter of chunk) yield [counter.key, partsOf(this.#options, counter)];
    }
  }

  #next(after?: string): Counter[] {
    const chunk: Counter[] = [];
    for (const counter of this.#options.counters.list('', after)) {
      if (chunk.push(counter) === CHUNK_COUNTERS) break;
    }
    return chunk;
  }

  /** Idempotency records are in no snapshot, so those that may still be needed move to the segment that stays. */
  async #carryIdempotencyRecords(): Promise<void> {
    const { idempotencyRecords, log, wallClockMs } = this.#options;
    const fresh = [...idempotencyRecords.fresh(wallClockMs())];
    this.#carriedBytes = 0;
    for (let at = 0; at < fresh.length; at += CARRIED_RECORDS) {
      const carried = new Map(fresh.slice(at, at + CARRIED_RECORDS));
      this.#carriedBytes += await log.append({ idempotencyRecords: carried });
    }
  }

  #pause(): Promise<void> {
    if (this.#closing) return Promise.resolve();
    return new Promise((resolve) => this.#options.clock.after(PAUSE_MS, resolve));
  }
}
