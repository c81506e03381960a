/**
 * A data directory as it is, without the changes that a server makes when it starts on it. It must be locked.
 */
import type { Origin } from '../../crdt/carried-over.ts';
import { firstIdentity, hasRandomSuffix } from '../../crdt/replica-id.ts';
import type { Files } from '../../runtime/files.ts';
import type { Counters } from '../counters.ts';
import { IdempotencyRecords } from '../idempotency.ts';
import { replayLog, replaySnapshot } from './replay.ts';
import { segmentName } from './write-ahead-log.ts';

export interface Directory extends Origin {
  readonly counters: Counters;
  /** Whether no other directory counts under its replica id. */
  readonly isUnique: boolean;
}

/** What a server keeps there that has had peers. */
const CLUSTER_FILE = 'cluster.json';

/**
 * Reads a directory; undefined if nobody has counted in it. Rejects as `recover` does if it is corrupt. Changes nothing.
 * `pause` is awaited now and then, to let other work proceed.
 */
export async function readDirectory(
  files: Files,
  pause: () => Promise<void>,
): Promise<Directory | undefined> {
  const names = await files.list();
  // None are needed.
  const records = new IdempotencyRecords({ windowMs: 0, maxIdempotencyRecords: 0 });
  const replayed = await replayLog(files, names, records, Infinity, pause);
  const { identity = firstIdentity(''), counters, segments } = replayed;
  await replaySnapshot(files, names, replayed, identity, pause);
  const newest = segments.at(-1);
  if (newest?.head === undefined) return undefined;
  const file = await files.open(segmentName(newest.number));
  await file.close();
  return {
    identity,
    counters,
    isAlone: !names.includes(CLUSTER_FILE),
    // In a copy, the log is not in the file that it was written to: the original may count on under the same replica id.
    isUnique: hasRandomSuffix(identity.suffix) && newest.head.file === file.fingerprint,
  };
}
