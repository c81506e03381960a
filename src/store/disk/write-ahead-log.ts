/**
 * The write-ahead log: numbered segments, of which the newest is appended to. A record that `append` has acknowledged
 * survives a crash. Appending, rotating and removing are done one at a time, in the order in which they were asked for.
 */
import { crc32 } from 'node:zlib';
import type { Identity } from '../../crdt/replica-id.ts';
import { asError } from '../../runtime/error.ts';
import type { AppendFile, Files } from '../../runtime/files.ts';
import { encodeFrame } from './frame.ts';
import {
  type Content,
  FORMAT,
  type LogRecord,
  type SegmentHead,
  type Snapshot,
  encodeRecord,
} from './record.ts';

/** The file name of a segment of the log: counters-000001.log. */
export const segmentName = (number: number): string => `counters-${String(number).padStart(6, '0')}.log`;

/** The number of the segment with a file name, or undefined if it is not the name of a segment. */
export function segmentNumber(name: string): number | undefined {
  const number = Number(/^counters-(\d{6,})\.log$/.exec(name)?.[1] ?? 0);
  return number > 0 && segmentName(number) === name ? number : undefined;
}

/** A segment that is open for appending. */
export interface OpenSegment {
  readonly number: number;
  readonly file: AppendFile;
  readonly content: Content;
  /** Of the directory, as in the head. */
  readonly directory: string | undefined;
}

/** What a new segment continues. */
export interface Origin extends Pick<SegmentHead, 'number' | 'after' | 'snapshots'> {
  readonly directory?: string | undefined;
}

/**
 * Creates a segment with its head. Resolves when it is on the disk. It counts as absent until the one before says that the
 * log continues, so what a failure leaves does no harm, and is replaced.
 */
export async function createSegment(files: Files, origin: Origin, identity: Identity): Promise<OpenSegment> {
  const { number, directory, after, snapshots } = origin;
  const name = segmentName(number);
  if ((await files.list()).includes(name)) await files.remove(name);
  const file = await files.open(name);
  try {
    const segment: SegmentHead = {
      format: FORMAT,
      number,
      file: file.fingerprint,
      directory: directory ?? file.fingerprint,
      ...(after === undefined ? {} : { after }),
      snapshots,
    };
    const head = encodeFrame(encodeRecord({ segment, identity }));
    await file.appendSynced(head);
    await files.syncDirectory();
    return { number, file, content: contentWith(nothing, head), directory: segment.directory };
  } catch (error) {
    await file.close();
    throw error;
  }
}

const nothing: Content = { bytes: 0, crc32: 0 };

const contentWith = (content: Content, frame: Buffer): Content => ({
  bytes: content.bytes + frame.length,
  crc32: crc32(frame, content.crc32),
});

/** The log as it is when it is opened, and after each change. */
export interface OpenLog {
  readonly newest: OpenSegment;
  /** The bytes of each segment but the newest, oldest first. */
  readonly older: readonly number[];
  /** From the latest record that has one. */
  readonly identity: Identity;
  /** From the latest two records that have one, oldest first. */
  readonly snapshots: readonly Snapshot[];
}

/** Appends a record to the newest segment, and syncs it. */
export async function appendTo(log: OpenLog, record: LogRecord): Promise<OpenLog> {
  const { newest, identity, snapshots } = log;
  const frame = encodeFrame(encodeRecord(record));
  await newest.file.appendSynced(frame);
  return {
    ...log,
    newest: { ...newest, content: contentWith(newest.content, frame) },
    identity: record.identity ?? identity,
    snapshots: latestSnapshots(snapshots, record),
  };
}

/** Creates the segment that the log can continue in. */
export function createNext(files: Files, { newest, identity, snapshots }: OpenLog): Promise<OpenSegment> {
  const { number, content, directory } = newest;
  return createSegment(files, { number: number + 1, directory, after: content, snapshots }, identity);
}

/** Continues in the next segment. The last record of the old one says so, so that the loss of the new one is noticed. */
export async function continueIn(log: OpenLog, next: OpenSegment): Promise<OpenLog> {
  const { newest: last, older } = log;
  await last.file.appendSynced(CONTINUED);
  await last.file.close();
  return { ...log, newest: next, older: [...older, last.content.bytes + CONTINUED.length] };
}

/** The last record of every segment but the newest. */
const CONTINUED = encodeFrame(encodeRecord({ isContinued: true }));

export class WriteAheadLog {
  readonly #files: Files;
  readonly #segmentBytes: number;
  #log: OpenLog;
  #last: Promise<unknown> = Promise.resolve();
  #failure: Error | undefined;
  /** The length at which the newest segment is full. */
  #fullBytes: number;

  /** A segment takes no further record when it has `segmentBytes` bytes. */
  constructor(files: Files, log: OpenLog, segmentBytes: number) {
    this.#files = files;
    this.#log = log;
    this.#segmentBytes = segmentBytes;
    this.#fullBytes = segmentBytes;
  }

  /** The bytes of all segments. */
  get bytes(): number {
    return this.#log.older.reduce((sum, bytes) => sum + bytes, this.#log.newest.content.bytes);
  }

  /** The number of the newest segment. */
  get newest(): number {
    return this.#log.newest.number;
  }

  /** The number of the oldest segment. */
  get oldest(): number {
    return this.#log.newest.number - this.#log.older.length;
  }

  /** Set when an append has failed: it is unknown what is on the disk, and everything is rejected. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /**
   * Resolves, when the record is on the disk, with its length in bytes. Begins a new segment first if the newest is full;
   * goes on in the old one if that is not possible.
   */
  append(record: LogRecord): Promise<number> {
    return this.#inTurn(async () => {
      if (this.#log.newest.content.bytes >= this.#fullBytes) {
        await this.#rotate().catch((error: unknown) => {
          if (this.#failure !== undefined) throw error;
          this.#fullBytes += this.#segmentBytes;
        });
      }
      const before = this.bytes;
      this.#log = await this.#orFail(appendTo(this.#log, record));
      return this.bytes - before;
    });
  }

  /**
   * Starts a new segment. All that was appended before is in the older ones. If the new one cannot be created, rejects and
   * leaves the log as it was.
   */
  rotate(): Promise<void> {
    return this.#inTurn(() => this.#rotate());
  }

  /**
   * Removes the segments before the one with this number: oldest first, each synced before the next, so that a crash leaves
   * no gap.
   */
  removeBefore(number: number): Promise<void> {
    return this.#inTurn(async () => {
      while (this.oldest < Math.min(number, this.newest)) {
        await this.#files.remove(segmentName(this.oldest));
        this.#log = { ...this.#log, older: this.#log.older.slice(1) };
        await this.#files.syncDirectory();
      }
    });
  }

  close(): Promise<void> {
    return this.#inTurn(() => this.#log.newest.file.close());
  }

  async #rotate(): Promise<void> {
    const next = await createNext(this.#files, this.#log);
    this.#log = await this.#orFail(continueIn(this.#log, next));
    this.#fullBytes = this.#segmentBytes;
  }

  /** After a failed append it is unknown what of it is on the disk. */
  async #orFail<Result>(appending: Promise<Result>): Promise<Result> {
    try {
      return await appending;
    } catch (error) {
      this.#failure = asError(error);
      throw error;
    }
  }

  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(() => {
      if (this.#failure !== undefined) throw this.#failure;
      return task();
    });
    this.#last = result.catch(() => {});
    return result;
  }
}

/** The snapshots that counters.json may be after `record`, oldest first: one in place, one about to replace it. */
export function latestSnapshots(before: readonly Snapshot[], record: LogRecord): readonly Snapshot[] {
  if (record.segment !== undefined) return record.segment.snapshots;
  return record.snapshot === undefined ? before : [...before, record.snapshot].slice(-2);
}
