/**
 * The store on three etcd processes, beside other designs, measured in turns in one run: `npm run bench:etcd`.
 */
import { EtcdCluster } from '../support/etcd-cluster.ts';
import { hasEtcd } from '../support/etcd-process.ts';
import { compareIncrements } from './etcd-increments.ts';
import { hasRedis } from './redis.ts';

/** Room for a million counters and what is put while they are measured. */
const ETCD_FLAGS = ['--quota-backend-bytes', String(8 * 2 ** 30), '--auto-compaction-retention', '1m'];

async function main(): Promise<void> {
  if (!hasEtcd || !hasRedis) {
    console.error('this takes etcd and Redis: apt-get install etcd-server redis-server');
    process.exitCode = 1;
    return;
  }
  const cluster = await EtcdCluster.start(3, ...ETCD_FLAGS);
  try {
    await compareIncrements(cluster);
  } finally {
    await cluster.stop();
  }
}

void main();
