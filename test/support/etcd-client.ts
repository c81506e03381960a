/** What a test asks of an etcd, by keys below a prefix. */
import {
  type Compare,
  EtcdError,
  type KeyValue,
  type Lease,
  type Operation,
  type OperationResult,
  type Range,
  type Status,
  type Txn,
  type TxnResult,
} from '../../src/store/etcd/etcd.ts';
import type { EtcdUnderTest } from './etcd-under-test.ts';

const TIMEOUT_MS = 10_000;

/** The code of the error with which something is refused; undefined if it is not. */
export const codeOf = (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof EtcdError ? error.code : `no EtcdError: ${String(error)}`),
  );

/** An etcd, by keys below a prefix. */
export class Client {
  readonly #etcd: EtcdUnderTest;
  readonly #prefix: string;
  /** The first key that is not below the prefix. */
  readonly end: string;

  constructor(etcd: EtcdUnderTest, prefix: string) {
    this.#etcd = etcd;
    this.#prefix = prefix;
    this.end = prefix.replace(/\/$/, '0');
  }

  key(key: string): string {
    return this.#prefix + key;
  }

  raw(txn: Txn): Promise<TxnResult> {
    return this.#etcd.etcd.txn(this.#etcd.endpoint, txn, TIMEOUT_MS);
  }

  do(...success: readonly Operation[]): Promise<TxnResult> {
    return this.raw({ compare: [], success, failure: [] });
  }

  put(key: string, value: string): Promise<TxnResult> {
    return this.do({ put: this.key(key), value });
  }

  async holds(compare: Compare): Promise<boolean> {
    return (await this.raw({ compare: [compare], success: [], failure: [] })).succeeded;
  }

  async range(range: Range): Promise<OperationResult> {
    const { results } = await this.do(range);
    return results[0] ?? { found: [], more: false };
  }

  /** What a range finds, without the prefix. */
  async texts(range: Range): Promise<string[]> {
    const { found } = await this.range(range);
    return found.map(({ key, value }) => `${key.slice(this.#prefix.length)}=${value}`);
  }

  async pair(key: string): Promise<KeyValue> {
    const { found } = await this.range({ range: this.key(key) });
    if (found[0] === undefined) throw new Error(`${key} is not there`);
    return found[0];
  }

  grantLease(ttlSeconds: number): Promise<Lease> {
    return this.#etcd.etcd.grantLease(this.#etcd.endpoint, ttlSeconds, TIMEOUT_MS);
  }

  keepLeaseAlive(id: string): Promise<Lease> {
    return this.#etcd.etcd.keepLeaseAlive(this.#etcd.endpoint, id, TIMEOUT_MS);
  }

  revokeLease(id: string): Promise<void> {
    return this.#etcd.etcd.revokeLease(this.#etcd.endpoint, id, TIMEOUT_MS);
  }

  status(): Promise<Status> {
    return this.#etcd.etcd.status(this.#etcd.endpoint, TIMEOUT_MS);
  }

  /** Watches keys below the prefix: all, or from `from` up to `to`. */
  watch(fromRevision: number, from = '', to?: string): Told {
    const told = new Told(this.#prefix);
    const watching = this.#etcd.etcd.watch(this.#etcd.endpoint, {
      key: this.key(from),
      rangeEnd: to === undefined ? this.end : this.key(to),
      fromRevision,
      onChanges: (keys, revision) => told.add(keys, revision),
      onEnd: (error) => (told.ended = error.code),
    });
    told.cancel = () => watching.cancel();
    return told;
  }
}

/** What a watch has told. */
class Told {
  readonly calls: string[][] = [];
  /** How many keys had been told when a revision was. */
  readonly progress: { readonly revision: number; readonly keys: number }[] = [];
  ended: string | undefined;
  cancel: () => void = () => {};
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  add(keys: readonly string[], revision: number): void {
    this.calls.push(keys.map((key) => key.slice(this.#prefix.length)));
    this.progress.push({ revision, keys: this.keys.length });
  }

  get keys(): string[] {
    return this.calls.flat();
  }

  get revision(): number {
    return this.progress.at(-1)?.revision ?? 0;
  }

  get isInOrder(): boolean {
    return this.progress.every(({ revision }, at) => revision >= (this.progress[at - 1]?.revision ?? 0));
  }
}
