/**
 * Replay: reads what the segments of the log and the snapshot contain, and checks that all of it is there and as it was
 * written. Merging is idempotent and commutative, so overlaps and the order of reading do not matter.
 */
import type { IdempotencyRecord } from '../idempotency.ts';
import { Counters } from '../counters.ts';
import { DecodeError } from '../../runtime/decode.ts';
import type { Identity } from '../../crdt/replica-id.ts';
import { type Totals, restored, zero } from '../../crdt/counter-state.ts';
import { ADVICE, CorruptFile } from './corruption.ts';
import type { Files } from '../../runtime/files.ts';
import { decodeFrames } from './frame.ts';
import { latestSnapshots, segmentName, segmentNumber } from './write-ahead-log.ts';
import { type LogRecord, type Snapshot, decodeRecord } from './record.ts';
import { SNAPSHOT_FILE, findCorruption, readSnapshot } from './snapshot.ts';

/** What the log contains. */
export interface Replayed {
  readonly counters: Counters;
  readonly idempotencyRecords: ReadonlyMap<string, IdempotencyRecord>;
  /** Undefined if there is no log. */
  readonly identity: Identity | undefined;
  /** The snapshots that counters.json may be, oldest first. */
  readonly snapshots: readonly Snapshot[];
  /** Oldest first. */
  readonly segments: readonly Segment[];
  readonly hasTotals: boolean;
}

export interface Segment {
  readonly number: number;
  /** The length of the file. */
  readonly bytes: number;
  /** Where its last complete record ends. */
  readonly end: number;
  /** The fingerprint of the file that the segment was written to. */
  file: string;
  records: number;
  /** Whether its last record says that the log continues in the next segment. */
  isContinued: boolean;
}

/** Reads all segments among the files with these names. Changes no file. */
export async function replayLog(
  files: Files,
  names: readonly string[],
  pause: () => Promise<void>,
): Promise<Replayed> {
  const replay = new Replay();
  const numbers = names
    .map((name) => segmentNumber(name) ?? 0)
    .filter((number) => number > 0)
    .toSorted((a, b) => a - b);
  for (const [index, number] of numbers.entries()) {
    const name = segmentName(number);
    const bytes = await files.read(name);
    const { frames, end } = decodeFrames(bytes, name);
    const isLast = index === numbers.length - 1;
    if (frames.length === 0) {
      // An interrupted creation leaves this. If it is all there is, it must be the very first segment.
      if (isLast && (index > 0 || (number === 1 && !names.includes(SNAPSHOT_FILE)))) break;
      throw new CorruptFile(name, 0, 'it has no head');
    }
    replay.begin({ number, bytes: bytes.length, end });
    for (const { start, payload } of frames) {
      try {
        replay.take(decodeRecord(payload));
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        throw new CorruptFile(name, start, `there is no valid record there: ${error.message}`);
      }
      await pause();
    }
  }
  replay.checkWhole();
  return replay;
}

/** The snapshot that counters.json is. */
export interface Placed {
  readonly snapshot: Snapshot;
  readonly bytes: number;
}

/**
 * Merges the snapshot into what the log contains. Resolves with which one it is, or undefined if there is none. Rejects
 * with a CorruptFile if it is not one that the log knows.
 */
export async function replaySnapshot(
  files: Files,
  names: readonly string[],
  { counters, segments, snapshots }: Replayed,
  identity: Identity,
  pause: () => Promise<void>,
): Promise<Placed | undefined> {
  const oldest = segments[0]?.number ?? 1;
  if (!names.includes(SNAPSHOT_FILE)) {
    // A log that begins with the first segment contains everything.
    if (oldest > 1) throw missing(SNAPSHOT_FILE);
    return undefined;
  }
  const latest = snapshots.at(-1);
  if (latest === undefined) throw missing(`the log of ${SNAPSHOT_FILE} (${segmentName(oldest)} or later)`);
  const bytes = await files.read(SNAPSHOT_FILE);
  const snapshot = snapshots.findLast((candidate) => findCorruption(bytes, candidate) === undefined);
  if (snapshot === undefined) {
    throw new CorruptFile(
      SNAPSHOT_FILE,
      findCorruption(bytes, latest) ?? 0,
      'from there on it differs from what was written',
    );
  }
  if (oldest > snapshot.logFrom) throw missing(segmentName(oldest - 1));
  for (const totals of readSnapshot(bytes, snapshot)) {
    mergeInto(counters, identity, totals);
    await pause();
  }
  return { snapshot, bytes: bytes.length };
}

const missing = (what: string): Error =>
  new Error(`${what} is missing from the data directory. Nothing has been changed. ${ADVICE}`);

class Replay implements Replayed {
  readonly counters = new Counters();
  readonly idempotencyRecords = new Map<string, IdempotencyRecord>();
  identity: Identity | undefined;
  snapshots: readonly Snapshot[] = [];
  segments: Segment[] = [];
  hasTotals = false;

  /** Starts a segment: the records that follow belong to it. */
  begin(file: Pick<Segment, 'number' | 'bytes' | 'end'>): void {
    const before = this.segments.at(-1);
    if (before !== undefined && file.number !== before.number + 1)
      throw missing(segmentName(file.number - 1));
    this.segments.push({ ...file, file: '', records: 0, isContinued: false });
  }

  take(record: LogRecord): void {
    const segment = this.segments.at(-1);
    if (segment === undefined || (record.segment === undefined) !== segment.records > 0) {
      throw new DecodeError('the head is not the first record');
    }
    segment.records++;
    if (record.segment !== undefined) {
      if (record.segment.number !== segment.number) throw new DecodeError('this is another segment');
      segment.file = record.segment.file;
    }
    segment.isContinued = record.isContinued ?? false;
    this.identity = record.identity ?? this.identity;
    this.snapshots = latestSnapshots(this.snapshots, record);
    for (const [id, idempotencyRecord] of record.idempotencyRecords ?? []) {
      // A record that was carried over may follow a later one under the same id, from after the first had expired.
      if ((this.idempotencyRecords.get(id)?.timeMs ?? 0) <= idempotencyRecord.timeMs) {
        this.idempotencyRecords.set(id, idempotencyRecord);
      }
    }
    if (record.totals === undefined) return;
    if (this.identity === undefined) throw new DecodeError('there are totals before an identity');
    this.hasTotals = true;
    mergeInto(this.counters, this.identity, record.totals);
  }

  /**
   * Throws if records are missing. Only the newest segment may end in an incomplete record or without saying that it is
   * continued; the one before may too if the newest had just been created.
   */
  checkWhole(): void {
    const [beforeNewest, newest] = this.segments.slice(-2);
    for (const segment of this.segments) {
      const name = segmentName(segment.number);
      const isNewest = segment === this.segments.at(-1);
      if (isNewest && segment.isContinued) throw missing(segmentName(segment.number + 1));
      if (isNewest || (segment === beforeNewest && newest?.records === 1)) continue;
      if (segment.end < segment.bytes)
        throw new CorruptFile(name, segment.end, 'its last record is incomplete');
      if (!segment.isContinued) throw new CorruptFile(name, segment.end, 'the log should continue there');
    }
  }
}

function mergeInto(counters: Counters, identity: Identity, totals: Totals): void {
  for (const [key, parts] of totals) {
    const state = restored(identity, counters.get(key) ?? zero, parts);
    if (state === undefined) throw new RangeError(`the counter ${JSON.stringify(key)} passes 2^53 - 1`);
    counters.set(key, state);
  }
}
