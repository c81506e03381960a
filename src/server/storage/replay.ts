import type { Answer } from '../answers.ts';
import { Counters } from '../counters.ts';
import type { Identity } from '../incarnation.ts';
import { restored, zero } from '../state.ts';
import { DamagedFile } from './damage.ts';
import type { Files } from './files.ts';
import { decodeFrames } from './frame.ts';
import { latestSnapshots, segmentName, segmentNumber } from './log-writer.ts';
import { type LogRecord, type SegmentHead, type Snapshot, type Totals, decodeRecord } from './record.ts';
import { SNAPSHOT_FILE, findDamage, readSnapshot } from './snapshot.ts';

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
  readonly head: SegmentHead;
  /** The length of the file. */
  readonly bytes: number;
  /** Where its last whole record ends. */
  readonly end: number;
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
    if (number !== (numbers[0] ?? 0) + index) throw missing(segmentName(number - 1));
    const name = segmentName(number);
    const bytes = await files.read(name);
    const { frames, end } = decodeFrames(bytes, name);
    const isLast = index === numbers.length - 1;
    if (!isLast && end < bytes.length) throw new DamagedFile(name, end, 'its last record is incomplete');
    for (const { start, payload } of frames) {
      try {
        replay.take(decodeRecord(payload), bytes.length, end);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        throw new DamagedFile(name, start, `the record there is not one: ${error.message}`);
      }
      await pause();
    }
    // A file without a head is what an interrupted start leaves. Only if it is the very first can it be all there is.
    const isFresh = number === 1 && !names.includes(SNAPSHOT_FILE);
    if (frames.length === 0 && !(isLast && (index > 0 || isFresh))) {
      throw new DamagedFile(name, 0, 'it has no head');
    }
  }
  return replay;
}

/**
 * Adds the snapshot to what the log says, and answers its length; undefined where there is none. Throws DamagedFile
 * where it is not one that the log knows.
 */
export async function replaySnapshot(
  files: Files,
  names: readonly string[],
  { counters, segments, snapshots }: Replayed,
  identity: Identity,
  pause: () => Promise<void>,
): Promise<number | undefined> {
  const [oldest] = segments;
  if (!names.includes(SNAPSHOT_FILE)) {
    // A log that begins with the first segment has everything in it.
    if (oldest !== undefined && oldest.head.number > 1) throw missing(SNAPSHOT_FILE);
    return undefined;
  }
  const latest = snapshots.at(-1);
  if (latest === undefined) throw missing(`the log of ${SNAPSHOT_FILE} (${segmentName(1)} or later)`);
  const bytes = await files.read(SNAPSHOT_FILE);
  const snapshot = snapshots.findLast((candidate) => findDamage(bytes, candidate) === undefined);
  if (snapshot === undefined) {
    throw new DamagedFile(
      SNAPSHOT_FILE,
      findDamage(bytes, latest) ?? 0,
      'from there on it is not what was written',
    );
  }
  for (const totals of readSnapshot(bytes, snapshot)) {
    mergeInto(counters, identity, totals);
    await pause();
  }
  return bytes.length;
}

const missing = (what: string): Error =>
  new Error(
    `${what} is missing from the data directory. Nothing has been changed. Restore the directory from a copy, or start with an empty one under another node id and merge what other servers hold`,
  );

class Replay implements Replayed {
  readonly counters = new Counters();
  readonly answers = new Map<string, Answer>();
  identity: Identity | undefined;
  snapshots: readonly Snapshot[] = [];
  segments: Segment[] = [];
  hasTotals = false;

  /** Takes in a record of a file that is `bytes` long, of which the first `end` can be read. */
  take(record: LogRecord, bytes: number, end: number): void {
    this.identity = record.identity ?? this.identity;
    this.snapshots = latestSnapshots(this.snapshots, record);
    if (record.segment !== undefined) this.segments.push({ head: record.segment, bytes, end });
    for (const [id, answer] of record.answers ?? []) this.answers.set(id, answer);
    if (record.totals === undefined) return;
    if (this.identity === undefined) throw new TypeError('there are totals before the head');
    this.hasTotals = true;
    mergeInto(this.counters, this.identity, record.totals);
  }
}

function mergeInto(counters: Counters, identity: Identity, totals: Totals): void {
  for (const [key, nodes] of totals) {
    const state = restored(identity, counters.get(key) ?? zero, nodes);
    if (state === undefined) throw new RangeError(`the counter ${JSON.stringify(key)} passes 2^53 - 1`);
    counters.set(key, state);
  }
}
