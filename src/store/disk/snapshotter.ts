import type { GCounter } from '../../crdt/g-counter.ts';
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { Answers } from '../idempotency.ts';
import type { Counter, Counters } from '../counters.ts';
import { partsOf } from '../../crdt/counter-state.ts';
import type { Files } from '../../runtime/files.ts';
import type { LogWriter } from './log-writer.ts';
import { SNAPSHOT_TEMPORARY, SNAPSHOT_FILE, bytesOf, snapshotSlices, writeTemporarySnapshot } from './snapshot.ts';

export interface SnapshotterOptions {
  readonly files: Files;
  readonly log: LogWriter;
  readonly counters: Counters;
  readonly answers: Answers;
  readonly nodeId: string;
  readonly clock: Clock;
  readonly wallClockMs: () => number;
  /** How long the snapshot there is now is, in bytes; undefined where there is none. */
  readonly snapshotBytes: number | undefined;
  /** Called when a snapshot cannot be written. There will be no other. */
  readonly onFailure: (error: unknown) => void;
}

/** Up to this many counters the snapshot follows every change; beyond, it is written when the log has outgrown it. */
export const FOLLOWED_COUNTERS = 10_000;
/** How long changes are collected before a snapshot that follows them. With the writing itself, this is below a second. */
const FOLLOW_MS = 500;
/** The log may always become this long before it is cut. */
const MIN_LOG_BYTES = 16 * 2 ** 20;
/** How many answers are carried over in one record. */
const CARRIED_ANSWERS = 1000;
/** How many counters are looked up at a time. */
const FEW = 256;
/** The rest between two slices, so that writing a large snapshot leaves most of the time to requests. */
const PAUSE_MS = 2;

/** Keeps counters.json up to date, and the log short. */
export class Snapshotter {
  readonly #options: SnapshotterOptions;
  /** Whether there are changes that the snapshot does not have. */
  #behind: boolean;
  /** Whether the newest segment has changes. */
  #hasLogged = false;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #snapshotBytes: number;
  /** What the answers that were carried over take in the newest segment. */
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

  /** To be called when counters have changed. */
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

  /** Begins no further snapshot. */
  stop(): void {
    this.#closing = true;
    this.#behind = false;
    this.#hasLogged = false;
    this.#timer?.cancel();
  }

  /** Writes what is not yet written. Resolves when no write is under way any more. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#timer?.cancel();
    await this.#running;
    if (this.#behind || this.#hasLogged) this.#start();
    await this.#running;
  }

  /** What is carried over in a segment counts as part of the snapshot. */
  #hasOutgrown(): boolean {
    const grown = this.#options.log.newestBytes - this.#carriedBytes;
    return grown > Math.max(MIN_LOG_BYTES, 2 * (this.#snapshotBytes + this.#carriedBytes));
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
   * What is in older segments when the writing begins is in the counters that it writes, and so in the snapshot. The
   * log knows the snapshot before it takes the place of the last one: at no moment is there one that cannot be checked.
   */
  async #write(): Promise<void> {
    const { files, log } = this.#options;
    this.#behind = false;
    // A log that ends with the server is soon read, and cannot be overwritten by an older copy without that being noticed.
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
      await this.#carryAnswers();
      await log.removeOlder();
    }
  }

  /** All counters, a few at a time, since others may be added before the walk goes on. */
  *#entries(): Generator<[string, GCounter]> {
    for (let few = this.#next(); few.length > 0; few = this.#next(few.at(-1)?.key)) {
      for (const counter of few) yield [counter.key, partsOf(this.#options, counter)];
    }
  }

  #next(after?: string): Counter[] {
    const few: Counter[] = [];
    for (const counter of this.#options.counters.list('', after)) {
      if (few.push(counter) === FEW) break;
    }
    return few;
  }

  /** Answers are in no snapshot, so those that may be asked for again move to the segment that stays. */
  async #carryAnswers(): Promise<void> {
    const { answers, log, wallClockMs } = this.#options;
    const fresh = [...answers.fresh(wallClockMs())];
    this.#carriedBytes = 0;
    for (let at = 0; at < fresh.length; at += CARRIED_ANSWERS) {
      this.#carriedBytes += await log.append({ answers: new Map(fresh.slice(at, at + CARRIED_ANSWERS)) });
    }
  }

  #pause(): Promise<void> {
    if (this.#closing) return Promise.resolve();
    return new Promise((resolve) => this.#options.clock.after(PAUSE_MS, resolve));
  }
}
