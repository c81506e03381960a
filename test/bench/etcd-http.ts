/** The server over HTTP with its counters on etcd, beside one with them on its own disk. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EtcdCluster } from '../support/etcd-cluster.ts';
import { type Figures, figuresText, medians, processorUs, ratio } from './closed-loop.ts';
import { anyOf } from './etcd-stores.ts';
import { load } from './http-load.ts';
import { type Server, increment, print, start, startCounters, stop } from './server-process.ts';

const COUNTERS = 100;
const ROUNDS = 3;
const ROUND_MS = 2000;

export async function measureHttp({ endpoints, pids }: EtcdCluster): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'g-counter-bench-'));
  const url = `etcd://${endpoints.join(',')}/http`;
  const onEtcd = await start('bin/g-counter-server', ['--port', '0', '--store', url]);
  const onDisk = await startCounters(join(directory, 'data'));
  try {
    for (const connections of [64, 1000]) {
      const rounds: { etcd: Figures; disk: Figures }[] = [];
      for (let count = 0; count < ROUNDS; count++) {
        rounds.push({ etcd: await run(onEtcd, connections, pids), disk: await run(onDisk, connections, []) });
      }
      const etcd = rounds.map((round) => round.etcd);
      const disk = rounds.map((round) => round.disk);
      print(`HTTP, ${connections} connections: on etcd`, figuresText(medians(etcd)));
      print(`HTTP, ${connections} connections: on the disk`, figuresText(medians(disk)));
      print('  on etcd, share of it', ratio(etcd, disk).toFixed(2));
    }
  } finally {
    await stop(onEtcd);
    await stop(onDisk);
    rmSync(directory, { recursive: true });
  }
}

/** Here, the processor's time of "here" is the server's, and not that of the client. */
async function run(
  { port, child: { pid = 0 } }: Server,
  connections: number,
  pids: readonly number[],
): Promise<Figures> {
  const engineBeforeUs = processorUs(pids);
  const serverBeforeUs = processorUs([pid]);
  const { requests, perSecond, p50Ms, p99Ms } = await load({
    port,
    connections,
    durationMs: ROUND_MS,
    request: () => increment(anyOf(COUNTERS)),
  });
  return {
    requests,
    perSecond,
    p50Ms,
    p99Ms,
    engineUs: (processorUs(pids) - engineBeforeUs) / requests,
    ownUs: (processorUs([pid]) - serverBeforeUs) / requests,
  };
}
