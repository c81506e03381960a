/**
 * Recovery of a data directory. First everything is read and checked; only then is anything changed: an append that a
 * crash interrupted is cut off, and what an interrupted start or snapshot left behind is removed. What a crash does not
 * explain is corruption, and then nothing is changed at all.
 */
import type { Log } from '../../runtime/log.ts';
import { type IdempotencyLimits, IdempotencyRecords } from '../idempotency.ts';
import type { Counters } from '../counters.ts';
import { type Identity, firstIdentity, replicaIdOf } from '../../crdt/replica-id.ts';
import type { Files } from '../../runtime/files.ts';
import {
  type OpenLog,
  appendTo,
  continueIn,
  createNext,
  createSegment,
  segmentName,
  segmentNumber,
} from './write-ahead-log.ts';
import { type Placed, type Replayed, type Segment, replayLog, replaySnapshot } from './replay.ts';
import { SNAPSHOT_TEMPORARY, SNAPSHOT_FILE } from './snapshot.ts';

/** What a data directory contains. */
export interface Recovered {
  readonly counters: Counters;
  readonly idempotencyRecords: IdempotencyRecords;
  /** The time by the clock of the log, in milliseconds. */
  readonly nowMs: number;
  readonly log: OpenLog;
  /** The length of the snapshot in bytes; undefined if there is none. */
  readonly snapshotBytes: number | undefined;
  /** Whether the log contains changes that the snapshot may lack. */
  readonly behind: boolean;
}

export interface RecoveryOptions {
  /** The node id that the directory must have; a new directory takes it, or `node-1` if it is undefined. */
  readonly nodeId: string | undefined;
  readonly limits: IdempotencyLimits;
  /** Milliseconds since 1970. */
  readonly wallClockMs: number;
  /** Logs what is unusual but right. */
  readonly warn: Log;
  /** Draws a random suffix. */
  readonly newSuffix: () => number;
  /** Awaited now and then, to let other work proceed. */
  readonly pause: () => Promise<void>;
}

const DEFAULT_NODE_ID = 'node-1';

/** Recovers a data directory. Rejects with a CorruptFile, or with an Error if files are missing or are another node's. */
export async function recover(files: Files, options: RecoveryOptions): Promise<Recovered> {
  const { nodeId, limits, wallClockMs, warn, pause } = options;
  const names = await files.list();
  const idempotencyRecords = new IdempotencyRecords(limits);
  const replayed = await replayLog(files, names, idempotencyRecords, wallClockMs, pause);
  const identity = replayed.identity ?? firstIdentity(nodeId ?? DEFAULT_NODE_ID);
  if (identity.nodeId !== (nodeId ?? identity.nodeId)) {
    throw new Error(
      `the data directory is that of node '${identity.nodeId}', not of '${nodeId}': start it as that node, or with another directory`,
    );
  }
  const placed = await replaySnapshot(files, names, replayed, identity, pause);

  await repair(files, names, replayed.segments, warn);
  const log = await openLog(files, replayed, identity, placed, options);
  const nowMs = Math.min(replayed.latestMs ?? wallClockMs, wallClockMs);
  const wasAhead = idempotencyRecords.endAt(nowMs);
  idempotencyRecords.sort(nowMs);
  return {
    counters: replayed.counters,
    idempotencyRecords,
    nowMs,
    log: wasAhead ? await appendTo(log, { timeMs: nowMs }) : log,
    snapshotBytes: placed?.bytes,
    behind: replayed.hasTotals,
  };
}

async function repair(
  files: Files,
  names: readonly string[],
  segments: readonly Segment[],
  warn: Log,
): Promise<void> {
  const newest = segments.at(-1)?.number ?? 0;
  for (const name of names) {
    const isUnborn = (segmentNumber(name) ?? 0) > newest;
    if (isUnborn || name === SNAPSHOT_TEMPORARY) await files.remove(name);
  }
  for (const { number, bytes, end } of segments) {
    if (end === bytes) continue;
    warn(
      `${segmentName(number)}: cut off at byte ${end} of ${bytes}; what followed is an append that a crash interrupted before it was acknowledged`,
    );
    await files.truncate(segmentName(number), end);
  }
}

/**
 * Opens the log for appending. If the newest segment is not in the file that it was written to, the directory is a copy:
 * its original may have counted on, so this one counts under a random replica id.
 *
 * A process that was killed can leave writes that have reached the system but not the disk. They have just been read, so
 * they are synced before they are shown to anybody.
 */
async function openLog(
  files: Files,
  { segments, snapshots }: Replayed,
  identity: Identity,
  placed: Placed | undefined,
  { newSuffix, warn }: RecoveryOptions,
): Promise<OpenLog> {
  const newest = segments.at(-1);
  if (newest?.head === undefined) {
    const first = await createSegment(files, { number: 1, snapshots: [] }, identity);
    return { newest: first, older: [], identity, snapshots: [] };
  }
  for (const { number } of segments) await syncFile(files, segmentName(number));
  if (placed !== undefined) await syncFile(files, SNAPSHOT_FILE);
  await files.syncDirectory();
  const { number, content, head } = newest;
  const file = await files.open(segmentName(number));
  const log: OpenLog = {
    newest: { number, file, content, directory: head.directory },
    older: segments.slice(0, -1).map(({ end }) => end),
    identity,
    snapshots: placed === undefined ? [] : [placed.snapshot],
  };
  if (file.fingerprint !== head.file) {
    const next = { ...identity, suffix: newSuffix(), counted: new Map() };
    warn(
      `the data directory is a copy or was restored from one: continuing as ${replicaIdOf(next.nodeId, next.suffix)}`,
    );
    const renamed = { ...log, identity: next };
    return continueIn(renamed, await createNext(files, renamed));
  }
  // Several snapshots may have been about to replace this one: the log must keep knowing it.
  if (placed === undefined || placed.snapshot === snapshots.at(-1)) return log;
  return appendTo(log, { snapshot: placed.snapshot });
}

async function syncFile(files: Files, name: string): Promise<void> {
  const file = await files.open(name);
  await file.sync();
  await file.close();
}
