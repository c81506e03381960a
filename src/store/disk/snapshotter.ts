/**
 * Keeps the snapshot up to date and the log short. A snapshot is written beside the requests, slice by slice, under
 * another name; it replaces the last one in one rename, and only then are the log segments removed that it covers. The log
 * has everything, so a snapshot that cannot be written is tried again, and nothing else stops.
 */
import type { GCounter } from '../../crdt/g-counter.ts';
import type { Clock, Timer } from '../../runtime/clock.ts';
import { type IdempotencyRecord, type IdempotencyRecords, bytesOfRecord } from '../idempotency.ts';
import type { Counter, Counters } from '../counters.ts';
import { partsOf } from '../../crdt/counter-state.ts';
import { asError } from '../../runtime/error.ts';
import type { Files } from '../../runtime/files.ts';
import type { Log } from '../../runtime/log.ts';
import type { Snapshot } from './record.ts';
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
  /** The time by the clock of the log. */
  readonly nowMs: () => number;
  /** The length of the present snapshot in bytes; undefined if there is none. */
  readonly snapshotBytes: number | undefined;
  /** The log is not cut before it is this long. */
  readonly minLogBytes: number;
  /** Logs that snapshots cannot be written, and that they can again. */
  readonly warn: Log;
  /** Called when the log has failed. No other snapshot is attempted. */
  readonly onFailure: (error: unknown) => void;
}

/** Up to this many counters the snapshot follows every change; with more, it is written when the log has outgrown it. */
export const FOLLOWED_COUNTERS = 10_000;
/** How long changes collect before a snapshot follows them. With the writing itself, this is below a second. */
const FOLLOW_MS = 500;
/** How long the log of a server becomes at least before it is cut. */
export const MIN_LOG_BYTES = 16 * 2 ** 20;
/** How many bytes of idempotency records are carried over in one log record, and one of them more. */
const CARRIED_BYTES = 65_536;
/** How many counters are looked up at a time. */
const CHUNK_COUNTERS = 256;
/** How long after a failure the next snapshot is attempted; doubled with each that fails, up to the last. */
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;
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
  /** The latest snapshot, if the log has it and it is not certain that it is in place. */
  #unplaced: Snapshot | undefined;
  /** How many attempts in a row have failed. */
  #failures = 0;
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
    const grown = this.#options.log.bytes - this.#carriedBytes;
    return grown > Math.max(this.#options.minLogBytes, 2 * (this.#snapshotBytes + this.#carriedBytes));
  }

  #start(): void {
    this.#running = this.#write().then(
      () => {
        this.#running = undefined;
        if (this.#failures > 0) this.#options.warn(`${SNAPSHOT_FILE} can be written again`);
        this.#failures = 0;
        if (this.#behind) this.changed();
      },
      (error: unknown) => {
        this.#running = undefined;
        if (this.#options.log.failure === undefined) {
          this.#retryAfter(error);
          return;
        }
        this.stop();
        this.#options.onFailure(error);
      },
    );
  }

  #retryAfter(error: unknown): void {
    this.#behind = true;
    this.#hasLogged = true;
    if (this.#failures === 0) {
      this.#options.warn(
        `${SNAPSHOT_FILE} cannot be written (${asError(error).message}): trying again; the log has everything, and grows until then`,
      );
    }
    const delayMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures++, 10));
    if (this.#closing) return;
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#start();
    });
  }

  /**
   * All changes in older segments are in the counters when the writing begins, and so in the snapshot. The log records
   * the snapshot before it replaces the last one, so that counters.json can be checked at any moment.
   */
  async #write(): Promise<void> {
    const { files, log } = this.#options;
    if (this.#unplaced !== undefined) await this.#place(this.#unplaced);
    await this.#removeTemporary();
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
    await this.#place(snapshot);
    if (log.oldest < logFrom) await this.#cut(logFrom);
  }

  /**
   * Puts the snapshot into place that is under the temporary name. The log knows two, the one in place and the one about to
   * replace it, so there must be no other before this one is certain to be in place.
   */
  async #place(snapshot: Snapshot): Promise<void> {
    const { files } = this.#options;
    this.#unplaced = snapshot;
    if ((await files.list()).includes(SNAPSHOT_TEMPORARY)) {
      await files.rename(SNAPSHOT_TEMPORARY, SNAPSHOT_FILE);
    }
    await files.syncDirectory();
    this.#unplaced = undefined;
    this.#snapshotBytes = bytesOf(snapshot);
    this.#written++;
  }

  /** Removes what an attempt that failed has left. */
  async #removeTemporary(): Promise<void> {
    const { files } = this.#options;
    if ((await files.list()).includes(SNAPSHOT_TEMPORARY)) await files.remove(SNAPSHOT_TEMPORARY);
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

  /**
   * Removes the segments before `logFrom`. Idempotency records are in no snapshot, so those that may still be needed move
   * from each to the segments that stay before it goes: a crash in between leaves less to do, however much there was.
   */
  async #cut(logFrom: number): Promise<void> {
    const { idempotencyRecords, log } = this.#options;
    this.#carriedBytes = 0;
    const ids = idempotencyRecords.idsBefore(logFrom);
    for (let segment = log.oldest; segment < logFrom; segment++) {
      await this.#carry(ids.get(segment) ?? []);
      await log.removeBefore(segment + 1);
    }
  }

  async #carry(ids: readonly string[]): Promise<void> {
    const { idempotencyRecords, log, nowMs } = this.#options;
    let carried = new Map<string, IdempotencyRecord>();
    let bytes = 0;
    const append = async (): Promise<void> => {
      const segment = log.newest;
      this.#carriedBytes += await log.append({ idempotencyRecords: carried });
      for (const id of carried.keys()) idempotencyRecords.moveTo(id, segment);
      carried = new Map();
      bytes = 0;
    };
    for (const id of ids) {
      const record = idempotencyRecords.get(id, nowMs());
      if (record === undefined) continue;
      carried.set(id, record);
      bytes += bytesOfRecord(id, record);
      if (bytes > CARRIED_BYTES) await append();
    }
    if (carried.size > 0) await append();
  }

  #pause(): Promise<void> {
    if (this.#closing) return Promise.resolve();
    return new Promise((resolve) => this.#options.clock.after(PAUSE_MS, resolve));
  }
}
