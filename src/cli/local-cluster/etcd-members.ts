/**
 * Processes of etcd that are one cluster on this machine.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { HOST } from './ports.ts';
import type { LocalProcess } from './supervisor.ts';

export interface EtcdMembersOptions {
  /** One for each member. */
  readonly clientPorts: readonly number[];
  readonly peerPorts: readonly number[];
  readonly dataDir: string;
}

/** Without it, etcd keeps every total that a counter ever had, until its quota of space is used up. */
const FORGETTING = ['--auto-compaction-mode=periodic', '--auto-compaction-retention=5m'];
const QUOTA_BYTES = 2 * 1024 ** 3;

/** Etcd would read variables such as ETCD_NAME; it is found by PATH. */
const environment = {
  PATH: process.env['PATH'] ?? '',
  // Some versions refuse to run on what they have not been tested on, such as arm64, unless they are told to.
  ...(process.arch !== 'x64' && { ETCD_UNSUPPORTED_ARCH: process.arch }),
};

/** Whether there is an etcd to run. */
export const hasEtcd = (): boolean =>
  spawnSync('etcd', ['--version'], { env: environment, stdio: 'ignore' }).error === undefined;

export function etcdMembers({ clientPorts, peerPorts, dataDir }: EtcdMembersOptions): LocalProcess[] {
  const idOf = (i: number): string => `etcd-${i + 1}`;
  const peers = peerPorts.map((port) => `http://${HOST}:${port}`);
  const cluster = peers.map((peer, i) => `${idOf(i)}=${peer}`).join(',');
  return clientPorts.map((port, i) => {
    const [id, peer] = [idOf(i), peers[i]];
    const flags = [
      `--name=${id}`,
      `--data-dir=${join(dataDir, id)}`,
      `--listen-client-urls=http://${HOST}:${port}`,
      `--advertise-client-urls=http://${HOST}:${port}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=${cluster}`,
      `--initial-cluster-token=${cluster}`,
      ...FORGETTING,
      `--quota-backend-bytes=${QUOTA_BYTES}`,
      // The default of newer versions; warnings would repeat for as long as a member is down.
      '--logger=zap',
      '--log-level=error',
    ];
    return { id, command: 'etcd', args: flags, env: environment };
  });
}
