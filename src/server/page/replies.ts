/**
 * What the page reads in the server's replies, decoded from unknown JSON. Whatever has another shape throws, and the
 * page shows that like any other failed request. The API's words for things end here.
 */
import { isObject } from '../../runtime/json.ts';

export interface Counter {
  readonly key: string;
  readonly value: number;
  /** The total of each replica id. */
  readonly parts: readonly Part[];
  /** What the value is at least, whatever the parts add up to. */
  readonly lowerBound: number;
}

export type Part = readonly [replicaId: string, total: number];

/** A page of the list of counters. */
export interface CounterPage {
  readonly counters: readonly Counter[];
  /** Where the next page begins, or null if this is the last. */
  readonly cursor: string | null;
}

/** A server of the cluster, or an address that may be one. */
export interface Member {
  readonly address: string;
  /** Null if it is not known yet. */
  readonly nodeId: string | null;
  readonly state: string;
  /** Why it is in that state, or an empty text. */
  readonly reason: string;
  /** How long ago it last answered, or null if it never has. */
  readonly answeredAgoS: number | null;
  /** How long it has lacked changes of this server, or null if it is not a peer. */
  readonly lagMs: number | null;
}

export interface ClusterReply {
  /** Of this server. */
  readonly nodeId: string;
  readonly peerCount: number;
  /** Includes this server, in the state `self`. */
  readonly members: readonly Member[];
}

export function counterFrom(json: unknown): Counter {
  const { key, value, nodes, floor = 0 } = objectFrom(json);
  return {
    key: stringFrom(key),
    value: numberFrom(value),
    parts: Object.entries(objectFrom(nodes)).map(([replicaId, total]) => [replicaId, numberFrom(total)]),
    lowerBound: numberFrom(floor),
  };
}

export function counterPageFrom(json: unknown): CounterPage {
  const { counters, next_cursor: cursor } = objectFrom(json);
  return { counters: arrayFrom(counters).map(counterFrom), cursor: orNull(cursor, stringFrom) };
}

export function clusterReplyFrom(json: unknown): ClusterReply {
  const { node_id: nodeId, peers, contacts } = objectFrom(json);
  return {
    nodeId: stringFrom(nodeId),
    peerCount: arrayFrom(peers).length,
    members: arrayFrom(contacts).map(memberFrom),
  };
}

function memberFrom(json: unknown): Member {
  const {
    id,
    node_id: nodeId,
    state,
    reason,
    answered_s_ago: answeredAgoS,
    lag_ms: lagMs,
  } = objectFrom(json);
  return {
    address: stringFrom(id),
    nodeId: orNull(nodeId, stringFrom),
    state: stringFrom(state),
    reason: stringFrom(reason),
    answeredAgoS: orNull(answeredAgoS, numberFrom),
    lagMs: orNull(lagMs, numberFrom),
  };
}

const orNull = <T>(json: unknown, from: (json: unknown) => T): T | null =>
  json === null ? null : from(json);

export const objectFrom = (json: unknown): Readonly<Record<string, unknown>> =>
  isObject(json) ? json : fail('an object', json);

export const stringFrom = (json: unknown): string =>
  typeof json === 'string' ? json : fail('a string', json);

export const numberFrom = (json: unknown): number =>
  typeof json === 'number' ? json : fail('a number', json);

const arrayFrom = (json: unknown): readonly unknown[] =>
  Array.isArray(json) ? json : fail('an array', json);

function fail(expected: string, json: unknown): never {
  throw new TypeError(`the server sent ${JSON.stringify(json)} instead of ${expected}`);
}
