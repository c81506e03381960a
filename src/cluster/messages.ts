/**
 * The messages of peer RPC. Their names on the wire, which are older, are in codec.ts.
 */
import type { Totals } from '../crdt/counter-state.ts';
import type { Address } from './address.ts';
import type { Removals } from './removals.ts';

/** What every server says about itself. */
export interface PeerInfo {
  readonly cluster: string;
  /** The node id. */
  readonly id: string;
  /** Unique to one run of the server's process. */
  readonly bootId: string;
  /** Where to reach it: an address, or a port on the host that the message comes from. */
  readonly at: Address | number;
}

/** The sender of a request or a response. */
export interface Sender extends PeerInfo {
  /** How long its process has run. */
  readonly upMs: number;
}

export interface Request {
  readonly from: Sender;
  /** The boot id that it is for; empty while that is not known. */
  readonly to: string;
  /** Counts the requests of one boot id to another. */
  readonly seq: number;
  readonly body: RequestBody;
}

export type RequestBody = Identify | Ping | IndirectPing | Gossip | Update | Compare | Exchange;

/** Who are you? Changes nothing at the receiver, so it need not name a boot id. */
interface Identify {
  readonly type: 'identify';
}

/** Are you there, and do our counters and members agree? */
export interface Ping extends Summary {
  readonly type: 'ping';
}

/** What two peers compare with every ping, and mostly find equal. */
export interface Summary {
  /** The digest of all counters. */
  readonly digest: string;
  /** The digest of the node ids and the removals. */
  readonly members: string;
}

/** Please ping this address: it does not answer me. */
interface IndirectPing {
  readonly type: 'indirect-ping';
  readonly address: Address;
}

/** The peers and removals that I know of. */
export interface Gossip {
  readonly type: 'gossip';
  readonly peers: readonly Address[];
  readonly removals: Removals;
}

/** Parts of counters to merge. */
export interface Update {
  readonly type: 'update';
  readonly totals: Totals;
}

/** The digests of the children of some nodes of the Merkle tree. */
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

/** The sender of the response says who it is. */
interface Identified {
  readonly type: 'identity';
}

/** With gossip if the digests of the members differ. */
interface Ack extends Summary {
  readonly type: 'ack';
  readonly gossip: Omit<Gossip, 'type'> | null;
}

interface IndirectAck {
  readonly type: 'indirect-ack';
  readonly reached: boolean;
}

/** The request has been carried out, and is on the disk. */
interface Done {
  readonly type: 'done';
}

/** The nodes of the next level whose digests differ. */
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
 * other-boot: the request is for another process; duplicate: another process has the same node id; removed: the sender
 * has been removed; repeated: this request has been received before.
 */
export type RefusalReason = (typeof REFUSAL_REASONS)[number];
