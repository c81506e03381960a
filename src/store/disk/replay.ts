/**
 * Replay: reads what the segments of the log and the snapshot contain, and checks that all of it is there and as it was
 * written. Merging is idempotent and commutative, so overlaps and the order of reading do not matter.
 */
import { crc32 } from 'node:zlib';
import type { IdempotencyRecords } from '../idempotency.ts';
import { Counters } from '../counters.ts';
import { DecodeError } from '../../runtime/decode.ts';
import type { Identity } from '../../crdt/replica-id.ts';
import { type CounterState, type Totals, restored, restoredTotal, zero } from '../../crdt/counter-state.ts';
import { ADVICE, CorruptFile } from './corruption.ts';
import type { Files } from '../../runtime/files.ts';
import { scanFrames } from './frame.ts';
import { latestSnapshots, segmentName, segmentNumber } from './write-ahead-log.ts';
import { type Content, type LogRecord, type SegmentHead, type Snapshot, decodeRecord } from './record.ts';
import { SNAPSHOT_FILE, bytesOf, findCorruption, readSnapshot } from './snapshot.ts';

/** What the log contains. */
export interface Replayed {
  readonly counters: Counters;
  /** The latest time by the clock of the log; undefined if it has none. */
  readonly latestMs: number | undefined;
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
  bytes: number;
  /** Where its last complete record ends. */
  end: number;
  head: SegmentHead | undefined;
  records: number;
  content: Content;
  /** Whether its last record says that the log continues in the next segment. */
  isContinued: boolean;
}

/** How much of a segment is read between two pauses: some milliseconds of work. */
const PAUSE_BYTES = 2 ** 18;

/**
 * Reads all segments among the files with these names; the idempotency records are added to `idempotencyRecords`, unless
 * their window has passed by the time of the log, which is at most `wallClockMs`. Changes no file.
 */
export async function replayLog(
  files: Files,
  names: readonly string[],
  idempotencyRecords: IdempotencyRecords,
  wallClockMs: number,
  pause: () => Promise<void>,
): Promise<Replayed> {
  const replay = new Replay(idempotencyRecords, wallClockMs);
  const numbers = names
    .map((name) => segmentNumber(name) ?? 0)
    .filter((number) => number > 0)
    .toSorted((a, b) => a - b);
  for (const [index, number] of numbers.entries()) {
    const name = segmentName(number);
    const isLast = index === numbers.length - 1;
    const segment = replay.begin(number);
    let pausedAt = 0;
    const { end, bytes } = await scanFrames(files.pieces(name), name, (frame) => {
      try {
        replay.take(decodeRecord(frame.payload), frame.bytes);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        throw new CorruptFile(name, frame.start, `there is no valid record there: ${error.message}`);
      }
      if (frame.start - pausedAt < PAUSE_BYTES) return undefined;
      pausedAt = frame.start;
      return pause();
    });
    segment.bytes = bytes;
    segment.end = end;
    if (segment.records > 0) continue;
    // An interrupted creation leaves this. If it is all there is, it must be the very first segment.
    const isUnborn = isLast && (index > 0 || (number === 1 && !names.includes(SNAPSHOT_FILE)));
    if (!isUnborn) throw new CorruptFile(name, 0, 'it has no head');
    replay.undoBegin();
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
  const snapshot = await snapshotInPlace(files, snapshots, latest);
  if (oldest > snapshot.logFrom) throw missing(segmentName(oldest - 1));
  // Looking a million keys up among a million others takes longer than among those of the log.
  const inLog = new Set(counters.keys());
  for await (const lines of readSnapshot(files.pieces(SNAPSHOT_FILE), snapshot)) {
    for (const line of lines) {
      const before = (inLog.has(line.key) ? counters.get(line.key) : undefined) ?? zero;
      const after =
        'parts' in line
          ? restored(identity, before, line.parts)
          : restoredTotal(identity, before, line.name, line.total);
      set(counters, line.key, after);
    }
    await pause();
  }
  return { snapshot, bytes: bytesOf(snapshot) };
}

/** The snapshot that counters.json is. Rejects with a CorruptFile if it is none of these. */
async function snapshotInPlace(
  files: Files,
  snapshots: readonly Snapshot[],
  latest: Snapshot,
): Promise<Snapshot> {
  const findIn = (snapshot: Snapshot): Promise<number | undefined> =>
    findCorruption(files.pieces(SNAPSHOT_FILE), snapshot);
  for (const candidate of snapshots.toReversed()) {
    if ((await findIn(candidate)) === undefined) return candidate;
  }
  throw new CorruptFile(
    SNAPSHOT_FILE,
    (await findIn(latest)) ?? 0,
    'from there on it differs from what was written',
  );
}

const missing = (what: string): Error =>
  new Error(`${what} is missing from the data directory. Nothing has been changed. ${ADVICE}`);

/** Two segments that were not written one after the other. */
const unrelated = (before: Segment, after: Segment): Error =>
  new Error(
    `${segmentName(before.number)} and ${segmentName(after.number)} do not belong together: one of them is of ${
      before.head?.directory === after.head?.directory ? 'another time' : 'another data directory'
    }. Nothing has been changed. Put back the file that was there. ${ADVICE}`,
  );

class Replay implements Replayed {
  readonly counters = new Counters();
  identity: Identity | undefined;
  snapshots: readonly Snapshot[] = [];
  segments: Segment[] = [];
  hasTotals = false;
  latestMs: number | undefined;
  readonly #idempotencyRecords: IdempotencyRecords;
  readonly #wallClockMs: number;
  /** What the log contained before the newest segment. */
  #before: Pick<Replay, 'identity' | 'snapshots'> = { identity: undefined, snapshots: [] };

  constructor(idempotencyRecords: IdempotencyRecords, wallClockMs: number) {
    this.#idempotencyRecords = idempotencyRecords;
    this.#wallClockMs = wallClockMs;
  }

  /** Starts a segment: the records that follow belong to it. */
  begin(number: number): Segment {
    const before = this.segments.at(-1);
    if (before !== undefined && number !== before.number + 1) throw missing(segmentName(number - 1));
    this.#before = { identity: this.identity, snapshots: this.snapshots };
    const segment = {
      number,
      bytes: 0,
      end: 0,
      head: undefined,
      records: 0,
      content: { bytes: 0, crc32: 0 },
      isContinued: false,
    };
    this.segments.push(segment);
    return segment;
  }

  /** Forgets the newest segment, of which there is no more than the head. */
  undoBegin(): void {
    this.segments.pop();
    this.identity = this.#before.identity;
    this.snapshots = this.#before.snapshots;
  }

  take(record: LogRecord, frame: Buffer): void {
    const segment = this.segments.at(-1);
    if (segment === undefined || (record.segment === undefined) !== segment.records > 0) {
      throw new DecodeError('the head is not the first record');
    }
    segment.records++;
    if (record.segment !== undefined) {
      if (record.segment.number !== segment.number) throw new DecodeError('this is another segment');
      segment.head = record.segment;
    }
    segment.isContinued = record.isContinued ?? false;
    if (!segment.isContinued) {
      const { bytes, crc32: checksum } = segment.content;
      segment.content = { bytes: bytes + frame.length, crc32: crc32(frame, checksum) };
    }
    this.identity = record.identity ?? this.identity;
    this.snapshots = latestSnapshots(this.snapshots, record);
    this.#takeTimes(record);
    if (record.totals === undefined) return;
    if (this.identity === undefined) throw new DecodeError('there are totals before an identity');
    this.hasTotals = true;
    mergeInto(this.counters, this.identity, record.totals);
  }

  #takeTimes({ idempotencyRecords, timeMs: nowMs }: LogRecord): void {
    for (const [id, record] of idempotencyRecords ?? []) {
      // A record that was carried over may follow a later one under the same id, from after the first had expired.
      this.#idempotencyRecords.restore(id, record, this.segments.at(-1)?.number ?? 0);
      this.latestMs = Math.max(this.latestMs ?? 0, record.timeMs);
    }
    if (nowMs !== undefined) {
      this.#idempotencyRecords.endAt(nowMs);
      this.latestMs = nowMs;
    }
    // So that no more is in memory than will be needed.
    if (this.latestMs !== undefined) {
      this.#idempotencyRecords.dropExpired(Math.min(this.latestMs, this.#wallClockMs));
    }
  }

  /**
   * Throws if records are missing, or if segments do not belong together. Only the newest segment may end in an incomplete
   * record or without saying that it is continued. A segment counts from the moment that the one before says so.
   */
  checkWhole(): void {
    const [beforeNewest, last] = this.segments.slice(-2);
    if (last?.records === 1 && beforeNewest?.isContinued === false) this.undoBegin();
    const newest = this.segments.at(-1);
    if (newest?.isContinued === true) throw missing(segmentName(newest.number + 1));
    for (const [index, segment] of this.segments.slice(0, -1).entries()) {
      const name = segmentName(segment.number);
      if (segment.end < segment.bytes)
        throw new CorruptFile(name, segment.end, 'its last record is incomplete');
      if (!segment.isContinued) throw new CorruptFile(name, segment.end, 'the log should continue there');
      const after = this.segments[index + 1];
      if (after !== undefined && !isFollowedBy(segment, after)) throw unrelated(segment, after);
    }
  }
}

/** Whether a segment was written after another. Those of earlier versions do not say. */
function isFollowedBy({ head, content }: Segment, { head: next }: Segment): boolean {
  if (next?.after === undefined) return head?.directory === undefined;
  const { bytes, crc32: checksum } = next.after;
  return bytes === content.bytes && checksum === content.crc32;
}

function mergeInto(counters: Counters, identity: Identity, totals: Totals): void {
  for (const [key, parts] of totals) {
    set(counters, key, restored(identity, counters.get(key) ?? zero, parts));
  }
}

function set(counters: Counters, key: string, state: CounterState | undefined): void {
  if (state === undefined) throw new RangeError(`the counter ${JSON.stringify(key)} passes 2^53 - 1`);
  counters.set(key, state);
}
