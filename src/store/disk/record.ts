import { encodeTotals } from '../../crdt/encode.ts';
import { isTotal } from '../../crdt/g-counter.ts';
import type { Totals } from '../../crdt/counter-state.ts';
import { isObject, parseJson } from '../../runtime/json.ts';
import type { Answer } from '../idempotency.ts';
import type { Identity } from '../../crdt/replica-id.ts';

/** What a frame of the log says. Each part can be repeated without harm. */
export interface LogRecord {
  /** The first frame of every segment, and no other. */
  readonly segment?: SegmentHead;
  readonly identity?: Identity;
  /** Parts by counter and name, as they now are. */
  readonly totals?: Totals;
  /** By Idempotency-Key. */
  readonly answers?: ReadonlyMap<string, Answer>;
  /** A snapshot that is complete on the disk and about to become counters.json, or is that. */
  readonly snapshot?: Snapshot;
  /** The last frame of a segment: the log goes on in the next, which is on the disk. */
  readonly isContinued?: boolean;
}

export interface SegmentHead {
  readonly format: number;
  readonly number: number;
  /** The fingerprint of the file that this was written to. */
  readonly file: string;
  /** The snapshots that counters.json can be: the latest, and one that was about to take its place. */
  readonly snapshots: readonly Snapshot[];
}

/** The format of the files. A server refuses to start on one that it does not know. */
export const FORMAT = 1;

/** How to tell that counters.json is what was written: the length in bytes and the CRC-32 of each slice. */
export interface Snapshot {
  /** The number of the segment from which on the log says what is not in the snapshot. */
  readonly logFrom: number;
  readonly slices: readonly (readonly [bytes: number, crc32: number])[];
}

/** A record as JSON. */
export function encodeRecord(record: LogRecord): string {
  const { segment, identity, totals, answers, snapshot, isContinued } = record;
  const parts: string[] = [];
  if (segment !== undefined) parts.push(`"segment":${JSON.stringify(segment)}`);
  if (identity !== undefined) {
    const { nodeId, suffix, counted } = identity;
    parts.push(
      `"identity":{"node_id":${JSON.stringify(nodeId)},"incarnation":${suffix},"counted":${encodeTotals(counted)}}`,
    );
  }
  if (totals !== undefined && totals.size > 0) parts.push(`"totals":${encodeTotals(totals)}`);
  if (answers !== undefined && answers.size > 0) {
    const entries = [...answers].map(
      ([id, { fingerprint, timeMs, values }]) =>
        `${JSON.stringify(id)}:[${JSON.stringify(fingerprint)},${timeMs},[${values.join(',')}]]`,
    );
    parts.push(`"answers":{${entries.join(',')}}`);
  }
  if (snapshot !== undefined) parts.push(`"snapshot":${JSON.stringify(snapshot)}`);
  if (isContinued === true) parts.push('"isContinued":true');
  return `{${parts.join(',')}}`;
}

/** Reads a record. Throws a TypeError for anything that encodeRecord does not write. */
export function decodeRecord(text: string): LogRecord {
  const { segment, identity, totals, answers, snapshot, isContinued } = objectFrom(parseJson(text));
  return {
    ...(segment === undefined ? {} : { segment: segmentFrom(segment) }),
    ...(identity === undefined ? {} : { identity: identityFrom(identity) }),
    ...(totals === undefined ? {} : { totals: totalsFrom(totals) }),
    ...(answers === undefined ? {} : { answers: answersFrom(answers) }),
    ...(snapshot === undefined ? {} : { snapshot: snapshotFrom(snapshot) }),
    ...(isContinued === true ? { isContinued } : {}),
  };
}

function segmentFrom(json: unknown): SegmentHead {
  const { format, number, file, snapshots } = objectFrom(json);
  const head = { format: totalFrom(format), number: totalFrom(number), file: stringFrom(file) };
  if (head.format !== FORMAT) {
    throw new TypeError(`it is of format ${head.format} and this version knows ${FORMAT}: use a newer one`);
  }
  return { ...head, snapshots: arrayFrom(snapshots).map(snapshotFrom) };
}

function identityFrom(json: unknown): Identity {
  const { node_id: nodeId, incarnation: suffix, counted } = objectFrom(json);
  return { nodeId: stringFrom(nodeId), suffix: totalFrom(suffix), counted: totalsFrom(counted) };
}

/** Totals by counter and name. Throws a TypeError for anything else. */
export const totalsFrom = (json: unknown): Totals =>
  new Map(entriesFrom(json).map(([key, nodes]) => [key, nodesFrom(nodes)]));

const nodesFrom = (json: unknown): ReadonlyMap<string, number> =>
  new Map(entriesFrom(json).map(([name, total]) => [name, totalFrom(total)]));

const answersFrom = (json: unknown): ReadonlyMap<string, Answer> =>
  new Map(entriesFrom(json).map(([id, answer]) => [id, answerFrom(answer)]));

function answerFrom(json: unknown): Answer {
  const [fingerprint, timeMs, values] = arrayFrom(json);
  return {
    fingerprint: stringFrom(fingerprint),
    timeMs: totalFrom(timeMs),
    values: arrayFrom(values).map(totalFrom),
  };
}

function snapshotFrom(json: unknown): Snapshot {
  const { logFrom, slices } = objectFrom(json);
  return {
    logFrom: totalFrom(logFrom),
    slices: arrayFrom(slices).map((slice) => {
      const [bytes, checksum] = arrayFrom(slice);
      return [totalFrom(bytes), totalFrom(checksum)];
    }),
  };
}

function entriesFrom(json: unknown): [name: string, value: unknown][] {
  if (!isObject(json)) throw new TypeError('not an object');
  return Object.entries(json);
}

const objectFrom = (json: unknown): { [name: string]: unknown } => Object.fromEntries(entriesFrom(json));

function arrayFrom(json: unknown): unknown[] {
  if (!Array.isArray(json)) throw new TypeError('not an array');
  return json;
}

function stringFrom(json: unknown): string {
  if (typeof json !== 'string') throw new TypeError('not a string');
  return json;
}

function totalFrom(json: unknown): number {
  if (!isTotal(json)) throw new TypeError('not a whole number from 0 to 2^53 - 1');
  return json;
}
