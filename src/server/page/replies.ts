/**
 * What the page reads in the server's replies, decoded from unknown JSON. Anything of another shape is a DecodeError,
 * except that members the page does not know are left alone: a page outlives an upgrade of its server. The API's own
 * names for things end here.
 */
import { DecodeError, type Fields, entries, integer, list, text } from '../../runtime/decode.ts';
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

/** A name that servers on etcd count under, one after the other. */
export interface Slot {
  readonly slot: string;
  /** `held`, `free` or `retired`. */
  readonly state: string;
  /** Where the server is that holds it, or null. */
  readonly heldBy: string | null;
}

export interface SlotsReply {
  /** The slot of this server. */
  readonly nodeId: string;
  readonly slots: readonly Slot[];
}

export function counterFrom(json: unknown): Counter {
  const { key, value, nodes, floor = 0 } = membersOf(json);
  return {
    key: text(key),
    value: integer(value),
    parts: entries(nodes).map(([replicaId, total]) => [replicaId, integer(total)]),
    lowerBound: integer(floor),
  };
}

export function counterPageFrom(json: unknown): CounterPage {
  const { counters, next_cursor: cursor } = membersOf(json);
  return { counters: list(counters).map(counterFrom), cursor: orNull(cursor, text) };
}

export function clusterReplyFrom(json: unknown): ClusterReply {
  const { node_id: nodeId, peers, contacts } = membersOf(json);
  return { nodeId: text(nodeId), peerCount: list(peers).length, members: list(contacts).map(memberFrom) };
}

export function slotsReplyFrom(json: unknown): SlotsReply {
  const { node_id: nodeId, slots } = membersOf(json);
  return { nodeId: text(nodeId), slots: list(slots).map(slotFrom) };
}

function slotFrom(json: unknown): Slot {
  const { slot, state, held_by: heldBy } = membersOf(json);
  return { slot: text(slot), state: text(state), heldBy: orNull(heldBy, text) };
}

function memberFrom(json: unknown): Member {
  const { id, node_id: nodeId, state, reason, answered_s_ago: answeredAgoS, lag_ms: lagMs } = membersOf(json);
  return {
    address: text(id),
    nodeId: orNull(nodeId, text),
    state: text(state),
    reason: text(reason),
    answeredAgoS: orNull(answeredAgoS, fraction),
    lagMs: orNull(lagMs, integer),
  };
}

/** The members of an object, of which any may be missing. */
export function membersOf(json: unknown): Fields {
  if (!isObject(json)) throw new DecodeError('not an object');
  return json;
}

const orNull = <T>(json: unknown, decode: (json: unknown) => T): T | null =>
  json === null ? null : decode(json);

function fraction(json: unknown): number {
  if (typeof json !== 'number') throw new DecodeError('not a number');
  return json;
}
