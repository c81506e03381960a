/** Real etcd, as a process on this machine; tests of it are skipped where it is not installed. */
import { spawnSync } from 'node:child_process';
import { EtcdCluster } from './etcd-cluster.ts';

export const hasEtcd = spawnSync('etcd', ['--version']).status === 0;

/** What to add to the name of a test that needs etcd. */
export const etcdSuffix = hasEtcd ? '' : ' (skipped: etcd is not installed)';

/** One member that is a cluster by itself. */
export class EtcdProcess {
  readonly endpoint: string;
  readonly #cluster: EtcdCluster;

  static async start(...args: readonly string[]): Promise<EtcdProcess> {
    return new EtcdProcess(await EtcdCluster.start(1, ...args));
  }

  private constructor(cluster: EtcdCluster) {
    this.#cluster = cluster;
    this.endpoint = cluster.endpoints[0] ?? '';
  }

  stop(): Promise<void> {
    return this.#cluster.stop();
  }
}
