/**
 * The store on three etcd processes, beside other designs, measured in turns in one run: `npm run bench:etcd`. With
 * names of parts, such as `-- growth`, it measures only these, and with a number it grows to so many counters instead of a
 * million.
 */
import { EtcdCluster } from '../support/etcd-cluster.ts';
import { hasEtcd } from '../support/etcd-process.ts';
import { compareIncrements } from './etcd-increments.ts';
import { FRONT_END, runFrontEnd } from './etcd-front-end.ts';
import { measureGrowth } from './etcd-growth.ts';
import { measureHttp } from './etcd-http.ts';
import { measureReads } from './etcd-reads.ts';
import { hasRedis } from './redis.ts';

/** Room for a million counters and what is put while they are measured. */
const ETCD_FLAGS = ['--quota-backend-bytes', String(8 * 2 ** 30), '--auto-compaction-retention', '5m'];

const PARTS: Record<string, (cluster: EtcdCluster, counters: number) => Promise<void>> = {
  increments: compareIncrements,
  reads: measureReads,
  http: measureHttp,
  growth: measureGrowth,
};

async function main(wanted: readonly string[]): Promise<void> {
  if (!hasEtcd || !hasRedis) {
    console.error('this takes etcd and Redis: apt-get install etcd-server redis-server');
    process.exitCode = 1;
    return;
  }
  const names = wanted.filter((word) => word in PARTS);
  const counters = Number(wanted.find((word) => !(word in PARTS)) ?? 1_000_000);
  const cluster = await EtcdCluster.start(3, ...ETCD_FLAGS);
  try {
    for (const [name, measure] of Object.entries(PARTS)) {
      const isWanted = names.length === 0 || names.includes(name);
      if (isWanted) await measure(cluster, counters);
    }
  } finally {
    await cluster.stop();
  }
}

const [, , role, prefix = '', ...endpoints] = process.argv;
void (role === FRONT_END ? runFrontEnd(prefix, endpoints) : main(process.argv.slice(2)));
