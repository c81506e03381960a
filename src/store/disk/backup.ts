/**
 * Backups: a copy of a store at one moment as a stream. It is the first segment of a log that contains everything, and one
 * more frame at the end that says how much that is, so a stream that was cut off, continued or changed is refused. To
 * restore it is to put that segment into an empty directory. As far as the store is concerned, that directory is then a
 * copy of one that may have counted on, and so counts under a replica id of its own.
 */
import { crc32 } from 'node:zlib';
import { partsOf } from '../../crdt/counter-state.ts';
import type { GCounter } from '../../crdt/g-counter.ts';
import type { Identity } from '../../crdt/replica-id.ts';
import { DecodeError, decodeJson, fields, integer } from '../../runtime/decode.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Files } from '../../runtime/files.ts';
import type { Counters } from '../counters.ts';
import type { IdempotencyRecord, IdempotencyRecords } from '../idempotency.ts';
import { CorruptFile } from './corruption.ts';
import { encodeFrame, scanFrames } from './frame.ts';
import { FORMAT, type LogRecord, decodeRecord, encodeRecord } from './record.ts';
import { segmentName } from './write-ahead-log.ts';

/** What is copied. */
export interface Original {
  readonly identity: Identity;
  readonly counters: Counters;
  readonly idempotencyRecords: IdempotencyRecords;
  /** The time by the clock of the log. */
  readonly nowMs: () => number;
}

/** About a millisecond of work. */
const PIECE_BYTES = 65_536;
/** The rest between two pieces, which leaves most of the time to requests. */
const PAUSE_MS = 2;
/** Idempotency records in a frame. */
const RECORDS = 256;

/** No file has this fingerprint, so the segment is one that was copied. */
const NO_FILE = 'a backup';

/**
 * The stream. It contains what there is when its first piece is asked for, whatever changes until its last one is.
 */
export async function* backupOf(original: Original, clock: Clock): AsyncGenerator<Buffer, void, void> {
  let bytes = 0;
  let checksum = 0;
  let held: Buffer[] = [];
  let heldBytes = 0;
  for (const record of recordsOf(original)) {
    const frame = encodeFrame(encodeRecord(record));
    bytes += frame.length;
    checksum = crc32(frame, checksum);
    held.push(frame);
    heldBytes += frame.length;
    if (heldBytes < PIECE_BYTES) continue;
    yield Buffer.concat(held);
    held = [];
    heldBytes = 0;
    await new Promise<void>((resolve) => clock.after(PAUSE_MS, resolve));
  }
  held.push(encodeFrame(JSON.stringify({ backup: { format: FORMAT, bytes, crc32: checksum } })));
  yield Buffer.concat(held);
}

function* recordsOf({ identity, counters, idempotencyRecords, nowMs }: Original): Generator<LogRecord> {
  const past = counters.asOfNow();
  const beginMs = nowMs();
  const ids = idempotencyRecords.ids();
  try {
    yield { segment: { format: FORMAT, number: 1, file: NO_FILE, snapshots: [] }, identity };
    for (const chunk of past.chunks()) {
      const totals = chunk.map(([key, state]): [string, GCounter] => [key, partsOf(identity, state)]);
      yield { totals: new Map(totals) };
    }
    for (let at = 0; at < ids.length; at += RECORDS) {
      const some = ids.slice(at, at + RECORDS).flatMap((id): [string, IdempotencyRecord][] => {
        const record = idempotencyRecords.get(id, nowMs());
        // Under an id that has expired meanwhile, there may be another request by now.
        return record === undefined || record.timeMs > beginMs ? [] : [[id, record]];
      });
      yield { idempotencyRecords: new Map(some) };
    }
    yield { timeMs: beginMs };
  } finally {
    past.end();
  }
}

export interface Restored {
  readonly nodeId: string;
  readonly counters: number;
}

/**
 * Puts a backup into an empty directory. Rejects with a RestoreError if it is not a whole backup; what is in the directory
 * then is to be thrown away.
 */
export async function restoreBackup(pieces: AsyncIterable<Buffer>, files: Files): Promise<Restored> {
  const file = await files.open(segmentName(1));
  let bytes = 0;
  let checksum = 0;
  let nodeId: string | undefined;
  let isEnded = false;
  const counters = new Set<string>();
  try {
    const { end, bytes: all } = await scanFrames(pieces, 'the backup', async (frame) => {
      if (isEnded) throw new RestoreError('something follows the end of the backup');
      const ending = endFrom(frame.payload);
      if (ending !== undefined) {
        isEnded = true;
        if (ending.bytes === bytes && ending.crc32 === checksum) return;
        throw new RestoreError('the backup is not as it was written: there is another end than it had');
      }
      const record = decodeRecord(frame.payload);
      if ((bytes === 0) !== (record.segment?.file === NO_FILE)) throw new RestoreError('this is no backup');
      nodeId ??= record.identity?.nodeId;
      for (const key of record.totals?.keys() ?? []) counters.add(key);
      bytes += frame.bytes.length;
      checksum = crc32(frame.bytes, checksum);
      await file.append(frame.bytes);
    });
    if (!isEnded || end < all) throw new RestoreError('the backup is cut off');
    if (nodeId === undefined) throw new RestoreError('this is no backup');
    await file.sync();
  } catch (error) {
    throw asRestoreError(error);
  } finally {
    await file.close();
  }
  await files.syncDirectory();
  return { nodeId, counters: counters.size };
}

/** A backup that cannot be restored. */
export class RestoreError extends Error {}

function asRestoreError(error: unknown): unknown {
  if (error instanceof CorruptFile)
    return new RestoreError(`the backup is not as it was written: ${error.where}`);
  return error instanceof DecodeError
    ? new RestoreError(`the backup cannot be read: ${error.message}`)
    : error;
}

/** What the last frame says; undefined for other frames. Throws a DecodeError. */
function endFrom(payload: string): { bytes: number; crc32: number } | undefined {
  if (!payload.startsWith('{"backup":')) return undefined;
  const { backup } = fields(decodeJson(payload), 'the end', ['backup']);
  const end = fields(backup, 'the end', ['format', 'bytes', 'crc32']);
  return { bytes: integer(end['bytes']), crc32: integer(end['crc32']) };
}
