/**
 * The disk engine as the server runs it: a locked data directory, the store in it, and the cluster of its peers.
 */
import { asError } from '../../runtime/error.ts';
import { afterThisTurn, systemClock, systemRandom, wallClockMs } from '../../runtime/system.ts';
import { DiskStore } from '../../store/disk/disk-store.ts';
import { lockDirectory } from '../../store/disk/lock.ts';
import { openDirectory } from '../../store/disk/system-files.ts';
import type { StoreLimits } from '../../store/store.ts';
import { dataDirError } from './data-dir-error.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { startCluster } from './server-cluster.ts';
import type { DiskCliOptions } from './server-options.ts';

/** Opens the store and starts the cluster. Rejects with an error that says what to do. */
export async function startDiskEngine(
  { dataDir, cluster }: DiskCliOptions,
  nodeId: string | undefined,
  limits: StoreLimits,
  options: EngineOptions,
): Promise<Engine> {
  const { bootId, metrics, warn, error, stop } = options;
  const explain = (why: unknown): never => {
    throw dataDirError(why, dataDir);
  };
  const files = await openDirectory(dataDir).catch(explain);
  const lock = await lockDirectory(dataDir, bootId).catch(explain);
  const store = await DiskStore.open({
    files,
    nodeId,
    limits,
    clock: systemClock,
    random: systemRandom,
    wallClockMs,
    afterThisTurn,
    warn,
    onFailure: (why) => error(`the disk has failed, read-only until a restart: ${asError(why).message}`),
    onCommit: (increments, durationMs) => metrics.commit(increments, durationMs),
  }).catch(explain);
  let isDuplicate = false;
  const running = await startCluster({
    ...options,
    cluster,
    files,
    store,
    onDuplicate: (address) => {
      error(
        `the node id '${store.nodeId}' is taken: ${address} has run longer under it; start this server with another --node-id and --data-dir, or in another --cluster`,
      );
      isDuplicate = true;
      stop();
    },
  }).catch(explain);
  return {
    store,
    cluster: running.cluster,
    figures: () => [],
    details: { data_dir: dataDir },
    get hasFailed() {
      return store.failure !== undefined || isDuplicate;
    },
    useTls: (tls) => running.useTls(tls),
    leave: () => running.close(),
    async close() {
      await store.close();
      await lock.release();
    },
  };
}
