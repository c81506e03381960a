/** What benchmarks on etcd have in common: stores, and the naive design beside them. */
import type { Etcd, Txn, TxnResult } from '../../src/store/etcd/etcd.ts';
import type { EtcdStore } from '../../src/store/etcd/etcd-store.ts';
import { Gateway } from '../../src/store/etcd/gateway.ts';
import { openEtcdStore } from '../support/etcd-store.ts';

/** How long etcd may take for a swap, of which many wait. */
const TIMEOUT_MS = 20_000;

/** Opens a store whose keys are below a prefix. */
export const openStore = (etcd: Etcd, endpoints: readonly string[], prefix: string): Promise<EtcdStore> =>
  openEtcdStore({
    etcd,
    endpoints,
    prefix,
    limits: { maxCounters: 10_000_000, maxNodes: 1000, windowMs: 600_000, maxIdempotencyRecords: 100_000 },
  });

/** Counts the transactions that it sends. */
export class CountingGateway extends Gateway {
  txns = 0;

  override txn(endpoint: string, txn: Txn, timeoutMs: number): Promise<TxnResult> {
    this.txns++;
    return super.txn(endpoint, txn, timeoutMs);
  }
}

/** Any of the counters. */
export const anyOf = (counters: number): string => `key-${Math.floor(Math.random() * counters)}`;

/** The naive design: one swap per increment. Reads a counter, and puts one more if it is still the same. */
export async function swap(etcd: Etcd, endpoint: string, key: string): Promise<number> {
  for (;;) {
    const read: Txn = { compare: [], success: [{ range: key }], failure: [] };
    const before = (await etcd.txn(endpoint, read, TIMEOUT_MS)).results[0]?.found[0];
    const value = Number(before?.value ?? 0) + 1;
    const { succeeded } = await etcd.txn(
      endpoint,
      {
        compare: [{ key, modRevision: before?.modRevision ?? 0 }],
        success: [{ put: key, value: String(value) }],
        failure: [],
      },
      TIMEOUT_MS,
    );
    if (succeeded) return value;
  }
}
