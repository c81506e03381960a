/**
 * The write-ahead log: numbered segments, of which the newest is appended to. A record that `append` has acknowledged
 * survives a crash. Appending, rotating and removing are done one at a time, in the order in which they were asked for.
 */
import type { Identity } from '../../crdt/replica-id.ts';
import type { AppendFile, Files } from '../../runtime/files.ts';
import { encodeFrame } from './frame.ts';
import { FORMAT, type LogRecord, type Snapshot, encodeRecord } from './record.ts';

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
  readonly bytes: number;
}

/**
 * Creates a segment with its head. Resolves when it is on the disk. One whose creation was interrupted has no whole head
 * and counts as absent.
 */
export async function createSegment(
  files: Files,
  number: number,
  identity: Identity,
  snapshots: readonly Snapshot[],
): Promise<OpenSegment> {
  const file = await files.open(segmentName(number));
  const segment = { format: FORMAT, number, file: file.fingerprint, snapshots };
  const head = encodeFrame(encodeRecord({ segment, identity }));
  await file.appendSynced(head);
  await files.syncDirectory();
  return { number, file, bytes: head.length };
}

/** The log as it is when it is opened, and after each change. */
export interface OpenLog {
  readonly newest: OpenSegment;
  /** The number of the oldest segment. */
  readonly oldest: number;
  /** The bytes of all segments but the newest. */
  readonly olderBytes: number;
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
    newest: { ...newest, bytes: newest.bytes + frame.length },
    identity: record.identity ?? identity,
    snapshots: latestSnapshots(snapshots, record),
  };
}

/** Continues in a new segment. The last record of the old one says so, so that the loss of the new one is noticed. */
export async function continueLog(files: Files, log: OpenLog): Promise<OpenLog> {
  const next = await createSegment(files, log.newest.number + 1, log.identity, log.snapshots);
  const { newest: last, olderBytes } = log;
  await last.file.appendSynced(CONTINUED);
  await last.file.close();
  return { ...log, newest: next, olderBytes: olderBytes + last.bytes + CONTINUED.length };
}

/** The last record of every segment but the newest. */
export const CONTINUED = encodeFrame(encodeRecord({ isContinued: true }));

export class WriteAheadLog {
  readonly #files: Files;
  #log: OpenLog;
  #last: Promise<unknown> = Promise.resolve();

  constructor(files: Files, log: OpenLog) {
    this.#files = files;
    this.#log = log;
  }

  /** The bytes of all segments. */
  get bytes(): number {
    return this.#log.olderBytes + this.#log.newest.bytes;
  }

  /** The number of the newest segment. */
  get newest(): number {
    return this.#log.newest.number;
  }

  /** The bytes of the newest segment. */
  get newestBytes(): number {
    return this.#log.newest.bytes;
  }

  get hasOlder(): boolean {
    return this.#log.oldest < this.#log.newest.number;
  }

  /** Resolves, when the record is on the disk, with its length in bytes. After one rejection everything is rejected. */
  append(record: LogRecord): Promise<number> {
    return this.#inTurn(async () => {
      const before = this.bytes;
      this.#log = await appendTo(this.#log, record);
      return this.bytes - before;
    });
  }

  /** Starts a new segment. All that was appended before is in the older ones. */
  rotate(): Promise<void> {
    return this.#inTurn(async () => {
      this.#log = await continueLog(this.#files, this.#log);
    });
  }

  /** Removes all segments but the newest: oldest first, each synced before the next, so that a crash leaves no gap. */
  removeOlder(): Promise<void> {
    return this.#inTurn(async () => {
      const { oldest, newest } = this.#log;
      for (let number = oldest; number < newest.number; number++) {
        await this.#files.remove(segmentName(number));
        await this.#files.syncDirectory();
      }
      this.#log = { ...this.#log, oldest: newest.number, olderBytes: 0 };
    });
  }

  close(): Promise<void> {
    return this.#inTurn(() => this.#log.newest.file.close());
  }

  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(task);
    this.#last = result;
    return result;
  }
}

/** The snapshots that counters.json may be after `record`, oldest first: one in place, one about to replace it. */
export function latestSnapshots(before: readonly Snapshot[], record: LogRecord): readonly Snapshot[] {
  if (record.segment !== undefined) return record.segment.snapshots;
  return record.snapshot === undefined ? before : [...before, record.snapshot].slice(-2);
}
