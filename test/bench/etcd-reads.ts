/** Linearizable reads at the store port: of counters with more slots, and of one counter with many readers. */
import { Keyspace } from '../../src/store/etcd/keys.ts';
import type { EtcdCluster } from '../support/etcd-cluster.ts';
import { type Figures, closedLoop, figuresText, medians } from './closed-loop.ts';
import { CountingGateway, anyOf, openStore } from './etcd-stores.ts';
import { putAll } from './etcd-fill.ts';
import { median } from './median.ts';
import { print, round } from './server-process.ts';

const SLOTS = [1, 3, 10];
const COUNTERS = 100;
const AT_ONCE = 64;
const READERS = 1000;
const ROUNDS = 3;
const ROUND_MS = 1000;

export async function measureReads({ endpoints, pids }: EtcdCluster): Promise<void> {
  const gateway = new CountingGateway({});
  const rows = await Promise.all(
    SLOTS.map(async (slots) => {
      const prefix = `reads-${slots}/`;
      await putAll(gateway, endpoints, entries(prefix, slots));
      return { slots, store: await openStore(gateway, endpoints, prefix), rounds: new Array<Figures>() };
    }),
  );
  const ofOne: Figures[] = [];
  const readsPerTxn: number[] = [];
  for (let count = 0; count < ROUNDS; count++) {
    for (const { store, rounds } of rows) {
      rounds.push(
        await closedLoop({
          atOnce: AT_ONCE,
          durationMs: ROUND_MS,
          pids,
          request: () => store.read(anyOf(COUNTERS)),
        }),
      );
    }
    const txnsBefore = gateway.txns;
    let reads = 0;
    ofOne.push(
      await closedLoop({
        atOnce: READERS,
        durationMs: ROUND_MS,
        pids,
        request: () => {
          reads++;
          return rows[0]?.store.read('key-0');
        },
      }),
    );
    readsPerTxn.push(reads / (gateway.txns - txnsBefore));
  }
  for (const { slots, rounds } of rows) {
    print(`${AT_ONCE} reads at once, ${slots} slots per counter`, figuresText(medians(rounds)));
  }
  print(`${READERS} reads of one counter at once`, figuresText(medians(ofOne)));
  print('  reads per transaction of etcd', round(median(readsPerTxn)));
  await Promise.all(rows.map(({ store }) => store.close()));
  gateway.close();
}

function* entries(prefix: string, slots: number): Generator<[key: string, value: string]> {
  const keys = new Keyspace(prefix);
  for (let counter = 0; counter < COUNTERS; counter++) {
    for (let slot = 1; slot <= slots; slot++) yield [keys.entry(`key-${counter}`, `node-${slot}`), '1'];
  }
}
