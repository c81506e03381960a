import type { Totals } from '../crdt/counter-state.ts';
import type { Address } from './address.ts';
import type { Removals } from './removals.ts';

/** Who says something. */
export interface PeerInfo {
  readonly cluster: string;
  /** The node id. */
  readonly id: string;
  /** Tells this life of its process from others. */
  readonly bootId: string;
  /** Where others reach it: an address, or a port, which is then one of the host that the request comes from. */
  readonly at: Address | number;
}

/** Who says something over HTTP: peers say one request, and one answer to it. */
export interface Sender extends PeerInfo {
  /** How long it has lived. */
  readonly upMs: number;
}

export interface Request {
  readonly from: Sender;
  /** The life that it is for; empty where that is not known yet. */
  readonly to: string;
  /** Counts the requests of one life to another. */
  readonly seq: number;
  readonly body: RequestBody;
}

export type RequestBody = Identify | Ping | IndirectPing | Gossip | Update | Compare | Exchange;

/** Who are you? Changes nothing where it arrives, so that it need not say for whom it is. */
interface Identify {
  readonly type: 'identify';
}

/** Are you there, and do we hold the same? */
export interface Ping extends Summary {
  readonly type: 'ping';
}

/** What two peers compare all the time, and mostly find equal. */
export interface Summary {
  /** Of all counters. */
  readonly digest: string;
  /** Of who is in the cluster. */
  readonly members: string;
}

/** Do you reach this peer? I do not. */
interface IndirectPing {
  readonly type: 'indirect-ping';
  readonly address: Address;
}

/** Who else is here, as far as I know, and what has been decided about whom. */
export interface Gossip {
  readonly type: 'gossip';
  readonly peers: readonly Address[];
  readonly removals: Removals;
}

/** Parts to be merged. */
export interface Update {
  readonly type: 'update';
  readonly totals: Totals;
}

/** The digests of the children of some nodes of the tree. */
export interface Compare {
  readonly type: 'compare';
  readonly level: number;
  readonly nodes: readonly number[];
  readonly digests: string;
}

/** The digest of each counter in some ranges of keys. */
export interface Exchange {
  readonly type: 'exchange';
  readonly ranges: readonly Range[];
}

/** The counters of a leaf whose keys come after `after`, and not after `end` where there is one. */
export interface Range {
  readonly leaf: number;
  readonly after: string;
  readonly end: string | null;
  /** In the order of the keys. */
  readonly counters: readonly (readonly [key: string, digest: string])[];
}

export interface Response {
  readonly from: Sender;
  readonly body: ResponseBody;
}

export type ResponseBody = Identified | Ack | IndirectAck | Done | Differ | Entries | Refused;

interface Identified {
  readonly type: 'identity';
}

/** With news where the members differ. */
interface Ack extends Summary {
  readonly type: 'ack';
  readonly gossip: Omit<Gossip, 'type'> | null;
}

interface IndirectAck {
  readonly type: 'indirect-ack';
  readonly reached: boolean;
}

/** It has been taken in, and is on the disk. */
interface Done {
  readonly type: 'done';
}

/** The nodes of the next level that differ. */
interface Differ {
  readonly type: 'differ';
  readonly nodes: readonly number[];
}

/** The counters of the ranges that differ, as far as they fit. */
export interface Entries {
  readonly type: 'entries';
  readonly totals: Totals;
  /** The counters of which the other side may hold more. */
  readonly wanted: readonly string[];
  /** How many ranges are complete. */
  readonly complete: number;
  /** The last key of the next range that is done; empty where none is. */
  readonly after: string;
}

interface Refused {
  readonly type: 'refused';
  readonly why: RefusalReason;
  readonly message: string;
}

export const REFUSAL_REASONS = ['other-boot', 'duplicate', 'removed', 'repeated'] as const;
/**
 * other-bootId: this is not the process that the request is for; duplicate: another process has the same node id;
 * removed: the sender is no member by removal; repeated: this request has been here.
 */
export type RefusalReason = (typeof REFUSAL_REASONS)[number];
