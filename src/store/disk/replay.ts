import type { Answer } from '../idempotency.ts';
import { Counters } from '../counters.ts';
import { DecodeError } from '../../runtime/decode.ts';
import type { Identity } from '../../crdt/replica-id.ts';
import { type Totals, restored, zero } from '../../crdt/counter-state.ts';
import { ADVICE, CorruptFile } from './corruption.ts';
import type { Files } from '../../runtime/files.ts';
import { decodeFrames } from './frame.ts';
import { latestSnapshots, segmentName, segmentNumber } from './log-writer.ts';
import { type LogRecord, type Snapshot, decodeRecord } from './record.ts';
import { SNAPSHOT_FILE, findCorruption, readSnapshot } from './snapshot.ts';

/** What a log says. */
export interface Replayed {
  readonly counters: Counters;
  readonly answers: ReadonlyMap<string, Answer>;
  /** Undefined where there is no log. */
  readonly identity: Identity | undefined;
  /** What counters.json can be, oldest first. */
  readonly snapshots: readonly Snapshot[];
  /** Oldest first. */
  readonly segments: readonly Segment[];
  readonly hasTotals: boolean;
}

export interface Segment {
  readonly number: number;
  /** The length of the file. */
  readonly bytes: number;
  /** Where its last whole record ends. */
  readonly end: number;
  /** The fingerprint of the file that it was written to. */
  file: string;
  records: number;
  /** Whether it ends by saying that there is a next one. */
  isContinued: boolean;
}

/** Reads the log that the files with these names are. Changes no file. */
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
      // What an interrupted start leaves. Only if it is the very first segment can it be all there is.
      if (isLast && (index > 0 || (number === 1 && !names.includes(SNAPSHOT_FILE)))) break;
      throw new CorruptFile(name, 0, 'it has no head');
    }
    replay.begin({ number, bytes: bytes.length, end });
    for (const { start, payload } of frames) {
      try {
        replay.take(decodeRecord(payload));
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        throw new CorruptFile(name, start, `the record there is not one: ${error.message}`);
      }
      await pause();
    }
  }
  replay.checkWhole();
  return replay;
}

/** The snapshot that is counters.json. */
export interface Placed {
  readonly snapshot: Snapshot;
  readonly bytes: number;
}

/**
 * Adds the snapshot to what the log says, and answers which it is; undefined where there is none. Throws CorruptFile
 * where it is not one that the log knows.
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
    // A log that begins with the first segment has everything in it.
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
      'from there on it is not what was written',
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
  readonly answers = new Map<string, Answer>();
  identity: Identity | undefined;
  snapshots: readonly Snapshot[] = [];
  segments: Segment[] = [];
  hasTotals = false;

  /** The records that follow are those of this segment. */
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
    for (const [id, answer] of record.answers ?? []) {
      // One that was carried over can come after one that was given later, when the first had expired.
      if ((this.answers.get(id)?.timeMs ?? 0) <= answer.timeMs) this.answers.set(id, answer);
    }
    if (record.totals === undefined) return;
    if (this.identity === undefined) throw new DecodeError('there are totals before an identity');
    this.hasTotals = true;
    mergeInto(this.counters, this.identity, record.totals);
  }

  /**
   * Only the newest segment can end in an incomplete record, and only it does not say that it is continued; when it
   * had just been made, so can the one before.
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
      if (!segment.isContinued) throw new CorruptFile(name, segment.end, 'it should go on there');
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
