/**
 * The port to etcd: what the engine asks of one of its endpoints. The gateway sends it over HTTP; the simulator answers
 * from a model. Both pass one conformance suite (test/store/etcd/conformance.ts).
 *
 * Keys are strings in the order of their UTF-16 code units, as everywhere in this project. On the wire they are CESU-8
 * (Unicode Technical Report 26), which is UTF-8 for all characters up to U+FFFF and whose bytes have that same order.
 * Revisions are numbers: etcd would have to write for a century to pass 2^53.
 */

/** An endpoint's host and port. */
export type Endpoint = string;

/** The most comparisons, and the most operations, of a transaction: what etcd's `--max-txn-ops` is by default. */
export const MAX_OPERATIONS = 128;

export interface Etcd {
  /**
   * Does all of `success` if all comparisons hold, and otherwise all of `failure`, at one revision. Linearizable. At most
   * 128 comparisons and 128 operations, no key put twice, 1.5 MiB.
   */
  txn(endpoint: Endpoint, txn: Txn, timeoutMs: number): Promise<TxnResult>;
  /** Grants a lease: keys that are put under it go when it ends. */
  grantLease(endpoint: Endpoint, ttlSeconds: number, timeoutMs: number): Promise<Lease>;
  /** Renews a lease. `ttlSeconds` is 0 if it has ended. */
  keepLeaseAlive(endpoint: Endpoint, id: string, timeoutMs: number): Promise<Lease>;
  /** Ends a lease; one that has ended is `not_found`. */
  revokeLease(endpoint: Endpoint, id: string, timeoutMs: number): Promise<void>;
  /** Tells how a member is doing, without asking the others. */
  status(endpoint: Endpoint, timeoutMs: number): Promise<Status>;
  /**
   * Follows the changes of the keys from `key` to `rangeEnd` from a revision on. `onEnd` is called once, unless the
   * watch is cancelled before: with `compacted` if the revision is no longer there.
   */
  watch(endpoint: Endpoint, watch: Watch): Watching;
}

export interface Txn {
  readonly compare: readonly Compare[];
  readonly success: readonly Operation[];
  readonly failure: readonly Operation[];
}

/** A comparison. A key that does not exist has the modification revision 0. */
export type Compare =
  | { readonly key: string; readonly isAbsent: true }
  | { readonly key: string; readonly value: string }
  | { readonly key: string; readonly modRevision: number }
  /** Holds if no key from `key` to `rangeEnd` was put after that revision. To delete one is not seen. */
  | { readonly key: string; readonly rangeEnd: string; readonly notPutAfter: number };

export type Operation =
  | { readonly put: string; readonly value: string; readonly lease?: string }
  | { readonly delete: string }
  | Range
  | { readonly txn: Txn };

export interface Range {
  readonly range: string;
  /** The first key that is not meant; only `range` itself if undefined. */
  readonly rangeEnd?: string;
  /** At most so many keys, from the first on. */
  readonly limit?: number;
  /** As it was at this revision. `compacted` if that is no longer there. */
  readonly revision?: number;
}

export interface TxnResult {
  readonly succeeded: boolean;
  /** The revision of the store after it. */
  readonly revision: number;
  /** One for each operation of the branch that was done. */
  readonly results: readonly OperationResult[];
}

export interface OperationResult {
  /** What a range found; empty for other operations. */
  readonly found: readonly KeyValue[];
  /** Whether a range with a limit left keys out. */
  readonly more: boolean;
  /** The result of a nested transaction. */
  readonly txn?: TxnResult;
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
  /** How often it was put since it was created. */
  readonly version: number;
  /** The id of its lease; undefined without one. */
  readonly lease: string | undefined;
}

export interface Lease {
  readonly id: string;
  readonly ttlSeconds: number;
}

export interface Status {
  readonly version: string;
  /** The revision of the store, as far as the member knows. */
  readonly revision: number;
  readonly dbBytes: number;
  readonly clusterId: string;
  /** The member's id and its leader's; the leader's is `0` if it knows none. */
  readonly memberId: string;
  readonly leaderId: string;
  readonly alarms: readonly string[];
}

export interface Watch {
  readonly key: string;
  readonly rangeEnd: string;
  /** The first revision whose changes are told. */
  readonly fromRevision: number;
  /** Called with the keys that were put or deleted, and the revision up to which everything has been told. */
  readonly onChanges: (keys: readonly string[], revision: number) => void;
  readonly onEnd: (error: EtcdError) => void;
}

export interface Watching {
  cancel(): void;
}

export class EtcdError extends Error {
  readonly code: EtcdErrorCode;

  constructor(code: EtcdErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * After the first three, what was asked for may or may not happen, or may happen yet; after `no_space` it may have happened,
 * but will not any more; after the others it has definitely not.
 */
export type EtcdErrorCode =
  /** No answer in time. */
  | 'timeout'
  /** No connection, or it broke. */
  | 'unreachable'
  /** etcd has no leader, or is too busy, or stops. */
  | 'unavailable'
  /** The lease does not exist. */
  | 'not_found'
  | 'compacted'
  /**
   * The quota is used up: etcd takes no puts until it is compacted, defragmented and disarmed. A transaction that was let in
   * when there was space, and finds none when its turn comes, is done all the same, and refused.
   */
  | 'no_space'
  /** The user, the password or the token is wrong, or missing, or lacks a permission. */
  | 'unauthenticated'
  /** etcd takes such a request for wrong or too large. */
  | 'invalid';

/** Whether what was asked for may happen yet, so that nothing tells whether it does. */
export const isIndefinite = ({ code }: EtcdError): boolean =>
  code === 'timeout' || code === 'unreachable' || code === 'unavailable';
