/**
 * The records of the write-ahead log and their codec. The words of the format (`answers`, `incarnation`, `node_id`) are
 * written here and nowhere else. Records that were written by an earlier version with the same FORMAT can be read.
 */
import { encodeTotals } from '../../crdt/encode.ts';
import type { Totals } from '../../crdt/counter-state.ts';
import { DecodeError, decodeJson, entries, integer, list, text } from '../../runtime/decode.ts';
import type { IdempotencyRecord } from '../idempotency.ts';
import { packIntegers, unpackIntegers } from '../packed-integers.ts';
import type { Identity } from '../../crdt/replica-id.ts';

/** What one frame of the log contains. Each part can be repeated without harm. */
export interface LogRecord {
  /** The first frame of every segment, and no other. */
  readonly segment?: SegmentHead;
  readonly identity?: Identity;
  /** Parts by counter and replica id, as they now are. */
  readonly totals?: Totals;
  /** By idempotency key. */
  readonly idempotencyRecords?: ReadonlyMap<string, IdempotencyRecord>;
  /** A snapshot that is complete on the disk: it is counters.json or about to become it. */
  readonly snapshot?: Snapshot;
  /** The last frame of a segment: the log continues in the next one, which is on the disk. */
  readonly isContinued?: boolean;
  /** The time by the clock of the log, in milliseconds. Times before it in the log that are later count as this one. */
  readonly timeMs?: number;
}

export interface SegmentHead {
  readonly format: number;
  readonly number: number;
  /** The fingerprint of the file that the segment was written to. */
  readonly file: string;
  /** The fingerprint of the first file of the directory, or of that which it is a copy of; undefined in old segments. */
  readonly directory?: string;
  /** What the segment before contains; undefined in the first and in old segments. */
  readonly after?: Content;
  /** The snapshots that counters.json may be: the latest, and one that was about to replace it. */
  readonly snapshots: readonly Snapshot[];
}

/** All records of a segment but the last, which says that the log continues. */
export interface Content {
  readonly bytes: number;
  readonly crc32: number;
}

/** The format of the files. A server does not start on one that it does not know. */
export const FORMAT = 1;

/** How to tell that counters.json is what was written: the length in bytes and the CRC-32 of each slice. */
export interface Snapshot {
  /** The number of the first segment with changes that are not in the snapshot. */
  readonly logFrom: number;
  readonly slices: readonly (readonly [bytes: number, crc32: number])[];
}

/** A record as JSON. */
export function encodeRecord(record: LogRecord): string {
  const { segment, identity, totals, idempotencyRecords, snapshot, isContinued } = record;
  const parts: string[] = [];
  if (segment !== undefined) parts.push(`"segment":${JSON.stringify(segment)}`);
  if (identity !== undefined) {
    const { nodeId, suffix, counted } = identity;
    parts.push(
      `"identity":{"node_id":${JSON.stringify(nodeId)},"incarnation":${suffix},"counted":${encodeTotals(counted)}}`,
    );
  }
  if (totals !== undefined && totals.size > 0) parts.push(`"totals":${encodeTotals(totals)}`);
  if (idempotencyRecords !== undefined && idempotencyRecords.size > 0) {
    const answers = [...idempotencyRecords].map(
      ([id, { fingerprint, timeMs, values }]) =>
        `${JSON.stringify(id)}:[${JSON.stringify(fingerprint)},${timeMs},${encodeValues(values)}]`,
    );
    parts.push(`"answers":{${answers.join(',')}}`);
  }
  if (snapshot !== undefined) parts.push(`"snapshot":${JSON.stringify(snapshot)}`);
  if (isContinued === true) parts.push('"isContinued":true');
  if (record.timeMs !== undefined) parts.push(`"timeMs":${record.timeMs}`);
  return `{${parts.join(',')}}`;
}

/** Reads a record. Throws a DecodeError for anything that encodeRecord does not write. */
export function decodeRecord(record: string): LogRecord {
  const { segment, identity, totals, answers, snapshot, isContinued, timeMs } = objectFrom(
    decodeJson(record),
  );
  return {
    ...(segment === undefined ? {} : { segment: segmentFrom(segment) }),
    ...(identity === undefined ? {} : { identity: identityFrom(identity) }),
    ...(totals === undefined ? {} : { totals: totalsFrom(totals) }),
    ...(answers === undefined ? {} : { idempotencyRecords: idempotencyRecordsFrom(answers) }),
    ...(snapshot === undefined ? {} : { snapshot: snapshotFrom(snapshot) }),
    ...(isContinued === true ? { isContinued } : {}),
    ...(timeMs === undefined ? {} : { timeMs: integer(timeMs) }),
  };
}

function segmentFrom(json: unknown): SegmentHead {
  const { format, number, file, directory, after, snapshots } = objectFrom(json);
  const head = { format: integer(format), number: integer(number), file: text(file) };
  if (head.format !== FORMAT) {
    throw new DecodeError(`it is of format ${head.format} and this version knows ${FORMAT}: use a newer one`);
  }
  return {
    ...head,
    ...(directory === undefined ? {} : { directory: text(directory) }),
    ...(after === undefined ? {} : { after: contentFrom(after) }),
    snapshots: list(snapshots).map(snapshotFrom),
  };
}

function contentFrom(json: unknown): Content {
  const { bytes, crc32 } = objectFrom(json);
  return { bytes: integer(bytes), crc32: integer(crc32) };
}

function identityFrom(json: unknown): Identity {
  const { node_id: nodeId, incarnation: suffix, counted } = objectFrom(json);
  return { nodeId: text(nodeId), suffix: integer(suffix), counted: totalsFrom(counted) };
}

/** Parts by counter and replica id. Throws a DecodeError for anything else. */
export const totalsFrom = (json: unknown): Totals =>
  new Map(entries(json).map(([key, nodes]) => [key, nodesFrom(nodes)]));

const nodesFrom = (json: unknown): ReadonlyMap<string, number> =>
  new Map(entries(json).map(([name, total]) => [name, integer(total)]));

const idempotencyRecordsFrom = (json: unknown): ReadonlyMap<string, IdempotencyRecord> =>
  new Map(entries(json).map(([id, record]) => [id, idempotencyRecordFrom(record)]));

function idempotencyRecordFrom(json: unknown): IdempotencyRecord {
  const [fingerprint, timeMs, values] = list(json);
  return {
    fingerprint: text(fingerprint),
    timeMs: integer(timeMs),
    values: typeof values === 'string' ? decodeValues(values) : packIntegers(list(values).map(integer)),
  };
}

/** Few values as an array, as earlier versions wrote any number of them; many packed, in Base64. */
const encodeValues = (values: string): string =>
  values.length > LISTED_BYTES
    ? `"${Buffer.from(values, 'latin1').toString('base64')}"`
    : `[${unpackIntegers(values).join(',')}]`;

const decodeValues = (values: string): string => Buffer.from(values, 'base64').toString('latin1');

const LISTED_BYTES = 16;

function snapshotFrom(json: unknown): Snapshot {
  const { logFrom, slices } = objectFrom(json);
  return {
    logFrom: integer(logFrom),
    slices: list(slices).map((slice) => {
      const [bytes, checksum] = list(slice);
      return [integer(bytes), integer(checksum)];
    }),
  };
}

const objectFrom = (json: unknown): { [name: string]: unknown } => Object.fromEntries(entries(json));
