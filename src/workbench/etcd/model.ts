/**
 * A model of etcd: the state that its members replicate, without the members. It does what etcd 3.4 does with each request,
 * at once and in the order of the calls, down to the errors; endpoints, delays and faults are up to who calls it. Time is
 * what it is given. It passes the conformance suite together with a real etcd (test/store/etcd/conformance.ts).
 */
import {
  type Compare,
  EtcdError,
  type Lease,
  type Operation,
  type OperationResult,
  type Range,
  type Txn,
  type TxnResult,
  type Watch,
  type Watching,
} from '../../store/etcd/etcd.ts';
import { Leases } from './leases.ts';
import { bytesOf, checkForm, costOf, invalid, isReadOnly } from './requests.ts';
import { Revisions } from './revisions.ts';
import { Watches } from './watches.ts';

export interface EtcdModelOptions {
  /** The time by which leases end. */
  readonly nowMs: () => number;
  /** `--max-txn-ops`. */
  readonly maxTxnOps?: number;
  /** `--max-request-bytes`. */
  readonly maxRequestBytes?: number;
  /** `--quota-backend-bytes`. */
  readonly quotaBytes?: number;
}

/** What a request may be larger than the most that is agreed on among members; so large ones can only read. */
const GRPC_OVERHEAD_BYTES = 512 * 2 ** 10;
const MAX_TTL_SECONDS = 9_000_000_000;

export class EtcdModel {
  readonly #nowMs: () => number;
  readonly #maxTxnOps: number;
  readonly #maxRequestBytes: number;
  readonly #quotaBytes: number;
  readonly #revisions = new Revisions();
  readonly #leases = new Leases();
  readonly #watches = new Watches();
  #isOutOfSpace = false;
  #fileBytes = 0;
  /** The keys that the transaction under way has changed, in order. */
  #changed: string[] = [];

  constructor(options: EtcdModelOptions) {
    const { nowMs, maxTxnOps = 128, maxRequestBytes = 1.5 * 2 ** 20, quotaBytes = Infinity } = options;
    this.#nowMs = nowMs;
    this.#maxTxnOps = maxTxnOps;
    this.#maxRequestBytes = maxRequestBytes;
    this.#quotaBytes = quotaBytes;
  }

  /** The latest revision. */
  get revision(): number {
    return this.#revisions.revision;
  }

  /** The oldest revision that can be read; 0 before the first compaction. */
  get compactRevision(): number {
    return this.#revisions.compactRevision;
  }

  /** The size of the backend's file, about. It shrinks only when it is defragmented. */
  get dbBytes(): number {
    return this.#fileBytes;
  }

  /** The alarms that are on, by their names in etcd. */
  get alarms(): readonly string[] {
    return this.#isOutOfSpace ? ['NOSPACE'] : [];
  }

  /** Does a transaction. Throws an EtcdError. */
  txn(txn: Txn): TxnResult {
    const cost = costOf(txn);
    if (cost > 0 && this.#isOutOfSpace) throw noSpace();
    checkForm(txn, this.#maxTxnOps);
    const mostBytes = this.#maxRequestBytes + (isReadOnly(txn) ? GRPC_OVERHEAD_BYTES : 0);
    if (bytesOf(txn) > mostBytes) throw invalid('request is too large');
    const isTooMuch = cost > 0 && this.#fileBytes + cost >= this.#quotaBytes;
    const result = this.#do(this.#decided(txn, this.revision));
    if (!isTooMuch) return result;
    // etcd may find out only after it has agreed on the transaction. Then it does it, and says that it does not.
    this.#isOutOfSpace = true;
    throw noSpace();
  }

  /**
   * The result of a transaction that only reads, from a member that has not heard of anything after a revision. Throws an
   * EtcdError.
   */
  staleTxn(txn: Txn, revision: number): TxnResult {
    if (!isReadOnly(txn)) throw new Error('only reads can be stale');
    checkForm(txn, this.#maxTxnOps);
    const decided = this.#decided(txn, revision);
    this.#check(decided, revision);
    return this.#results(decided, () => revision);
  }

  /** What a range finds. Throws an EtcdError. */
  range(range: Range): OperationResult {
    this.#checkRange(range, this.revision);
    return this.#revisions.range(range, revisionOf(range) ?? this.revision);
  }

  /** Grants a lease. Throws an EtcdError. */
  grantLease(ttlSeconds: number): Lease {
    if (this.#isOutOfSpace) throw noSpace();
    if (ttlSeconds > MAX_TTL_SECONDS) throw invalid('too large lease TTL');
    return this.#leases.grant(ttlSeconds, this.#nowMs());
  }

  /** Renews a lease. `ttlSeconds` is 0 if it has ended, or its time is over. */
  keepLeaseAlive(id: string): Lease {
    return this.#leases.renew(id, this.#nowMs());
  }

  /** Ends a lease, and deletes its keys at one revision. Throws a `not_found` EtcdError if there is none. */
  revokeLease(id: string): void {
    if (!this.endLease(id)) throw leaseNotFound();
  }

  /** Ends a lease, as when its time is over. Returns whether there was one. */
  endLease(id: string): boolean {
    const keys = this.#leases.end(id);
    for (const key of keys ?? []) this.#delete(key);
    this.#commit();
    return keys !== undefined;
  }

  /** Ends the leases whose time is over, each at a revision of its own. */
  expireLeases(): void {
    for (const id of this.#leases.expired(this.#nowMs())) this.endLease(id);
  }

  /** When the time of the next lease is over, unless it is renewed; undefined if there is none. */
  get nextLeaseExpiryMs(): number | undefined {
    return this.#leases.nextExpiryMs;
  }

  /**
   * Watches keys: past revisions are told before this returns, each later one as it happens, and each only if it has changed
   * something in the range. What is called must not call the model. If the first revision has been compacted, `onEnd` is
   * called before this returns. From revision 0, it is told of what comes after now.
   */
  watch(watch: Watch): Watching {
    const { fromRevision, onEnd } = watch;
    if (fromRevision === 0) return this.#watches.add({ ...watch, fromRevision: this.revision + 1 }, []);
    if (fromRevision >= this.compactRevision) {
      return this.#watches.add(watch, this.#revisions.changesFrom(fromRevision));
    }
    onEnd(compacted());
    return { cancel: () => {} };
  }

  /** Forgets what was before a revision. Throws an EtcdError. */
  compact(revision: number): void {
    if (revision <= this.compactRevision) throw compacted();
    if (revision > this.revision) throw futureRevision();
    this.#revisions.compact(revision);
  }

  /** Gives back what the backend's file has free. */
  defragment(): void {
    this.#fileBytes = this.#revisions.bytes;
  }

  /** Sets off the alarm NOSPACE, as a member does that finds the quota used up. */
  raiseNoSpace(): void {
    this.#isOutOfSpace = true;
  }

  /** Ends the alarm NOSPACE. It comes back with the next put, if there is still no space. */
  disarmNoSpace(): void {
    this.#isOutOfSpace = false;
  }

  #do(decided: Decided): TxnResult {
    this.#check(decided, this.revision);
    const { results, succeeded } = this.#results(decided, () =>
      this.#changed.length > 0 ? this.revision + 1 : this.revision,
    );
    this.#commit();
    return withRevision({ succeeded, results, revision: this.revision });
  }

  /**
   * Which branch is done, and which of each transaction that is nested in it. All comparisons are of what there was before
   * the whole transaction.
   */
  #decided({ compare, success, failure }: Txn, revision: number): Decided {
    const succeeded = compare.every((each) => this.#holds(each, revision));
    const operations = (succeeded ? success : failure).map((operation) =>
      'txn' in operation ? this.#decided(operation.txn, revision) : operation,
    );
    return { succeeded, operations };
  }

  #holds(compare: Compare, revision: number): boolean {
    if ('notPutAfter' in compare) {
      for (const { modRevision } of this.#revisions.pairs(compare.key, compare.rangeEnd, revision)) {
        if (modRevision > compare.notPutAfter) return false;
      }
      return true;
    }
    const pair = this.#revisions.at(compare.key, revision);
    if ('isAbsent' in compare) return pair === undefined;
    return 'value' in compare
      ? pair?.value === compare.value
      : (pair?.modRevision ?? 0) === compare.modRevision;
  }

  /** Throws an EtcdError if something in it cannot be done. As in etcd, a put's error goes before a range's. */
  #check(decided: Decided, latest: number): void {
    const all = flat(decided);
    for (const operation of all) {
      if (!('put' in operation) || leaseOf(operation.lease) === undefined) continue;
      if (!this.#leases.has(operation.lease ?? '')) throw leaseNotFound();
    }
    for (const operation of all) if ('range' in operation) this.#checkRange(operation, latest);
  }

  #checkRange(range: Range, latest: number): void {
    if (range.range === '') throw invalid('key is not provided');
    const revision = revisionOf(range);
    if (revision === undefined) return;
    if (revision > latest) throw futureRevision();
    if (revision < this.compactRevision) throw compacted();
  }

  /** Does what was decided; `now` returns the revision that ranges read unless they say otherwise. */
  #results({ succeeded, operations }: Decided, now: () => number): TxnResult {
    const results = operations.map((operation): OperationResult => {
      if ('operations' in operation) {
        return { ...nothing, txn: this.#results(operation, now) };
      }
      if ('range' in operation) {
        return this.#revisions.range(operation, revisionOf(operation) ?? now());
      }
      if ('put' in operation) this.#put(operation.put, operation.value, leaseOf(operation.lease));
      else this.#delete(operation.delete);
      return nothing;
    });
    return { succeeded, results, revision: now() };
  }

  #put(key: string, value: string, lease: string | undefined): void {
    this.#revisions.put(key, value, lease);
    this.#leases.attach(key, lease);
    this.#changed.push(key);
  }

  #delete(key: string): void {
    if (!this.#revisions.delete(key)) return;
    this.#leases.attach(key, undefined);
    this.#changed.push(key);
  }

  /** Ends a revision, if anything has changed. */
  #commit(): void {
    const keys = this.#changed;
    if (keys.length === 0) return;
    this.#changed = [];
    this.#revisions.commit(keys);
    this.#fileBytes = Math.max(this.#fileBytes, this.#revisions.bytes);
    this.#watches.tell({ revision: this.revision, keys });
  }
}

/** The branch of a transaction that is done. */
interface Decided {
  readonly succeeded: boolean;
  readonly operations: readonly (Exclude<Operation, { readonly txn: Txn }> | Decided)[];
}

/** The operations of a branch and of those nested in it. */
const flat = ({ operations }: Decided): Exclude<Operation, { readonly txn: Txn }>[] =>
  operations.flatMap((operation) => ('operations' in operation ? flat(operation) : [operation]));

/** With the same revision for all that is nested in it: they are one change. */
const withRevision = ({ succeeded, results, revision }: TxnResult): TxnResult => ({
  succeeded,
  revision,
  results: results.map((result) =>
    result.txn === undefined ? result : { ...result, txn: withRevision({ ...result.txn, revision }) },
  ),
});

const nothing: OperationResult = { found: [], more: false };

/** The revision that a range asks for, if it does. On the wire, 0 is none. */
const revisionOf = ({ revision }: Range): number | undefined => (revision === 0 ? undefined : revision);

/** The lease of a put, if it has one. On the wire, 0 is none. */
const leaseOf = (lease: string | undefined): string | undefined => (lease === '0' ? undefined : lease);

const compacted = (): EtcdError =>
  new EtcdError('compacted', 'etcdserver: mvcc: required revision has been compacted');
const futureRevision = (): EtcdError => invalid('mvcc: required revision is a future revision');
const leaseNotFound = (): EtcdError => new EtcdError('not_found', 'etcdserver: requested lease not found');
const noSpace = (): EtcdError => new EtcdError('no_space', 'etcdserver: mvcc: database space exceeded');
