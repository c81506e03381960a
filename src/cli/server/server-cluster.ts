/**
 * Wires a server's cluster to the world: sockets, the file of what it remembers, the disk store, the logs.
 */
import { Cluster } from '../../cluster/cluster.ts';
import { isLoopback } from '../../cluster/address.ts';
import { Datagrams } from '../../cluster/net/datagrams.ts';
import { HttpTransport } from '../../cluster/net/http-transport.ts';
import { ConfiguredPeers } from '../../cluster/net/configured-peers.ts';
import { Keyring } from '../../cluster/hmac.ts';
import { asError } from '../../runtime/error.ts';
import type { Log } from '../../runtime/log.ts';
import { systemClock, systemRandom, wallClockMs } from '../../runtime/system.ts';
import type { Files } from '../../runtime/files.ts';
import type { TlsMaterial } from '../../runtime/tls-material.ts';
import { enterCluster } from '../../cluster/replica.ts';
import { DiskReplica } from '../../cluster/disk-replica.ts';
import { ClusterFile } from '../../cluster/cluster-file.ts';
import type { DiskStore } from '../../store/disk/disk-store.ts';
import type { ClusterCliOptions } from './cluster-options.ts';

export interface ServerClusterOptions {
  readonly cluster: ClusterCliOptions;
  readonly host: string;
  /** The port that the server listens on. */
  readonly port: number;
  readonly bootId: string;
  readonly tls: TlsMaterial | undefined;
  readonly files: Files;
  readonly store: DiskStore;
  readonly info: Log;
  readonly warn: Log;
  /** Called if an older process with the same node id is running. */
  readonly onDuplicate: (address: string) => void;
}

/** A cluster with its sockets and its file. */
export interface RunningCluster {
  readonly cluster: Cluster;
  /** Asks peers with this certificate from now on. */
  useTls(tls: TlsMaterial): void;
  close(): Promise<void>;
}

/** Starts the cluster of a server, with what it remembers. Resolves when the server may count. */
export async function startCluster(options: ServerClusterOptions): Promise<RunningCluster> {
  const { cluster: settings, host, port, bootId, files, store, info, warn, onDuplicate } = options;
  const clusterFile = new ClusterFile(files, warn);
  const remembered = await clusterFile.read();
  const isLocal = isLoopback(host);
  if (settings.isJoining) await enterCluster(store, 'it is set up as part of a cluster', info);

  const transport = new HttpTransport(settings.peerRanges, options.tls);
  const cluster = new Cluster({
    name: settings.name,
    bootId,
    at: settings.advertise ?? port,
    keyring: new Keyring(settings.keys),
    maxPeers: settings.maxPeers,
    replica: new DiskReplica(store, warn),
    transport,
    clock: systemClock,
    wallClockMs,
    random: systemRandom,
    log: info,
    remembered,
    remember: (latest) => clusterFile.write(latest),
    onDuplicate,
  });
  const configuredPeers = new ConfiguredPeers(settings.peers, systemClock, (address) =>
    cluster.addConfiguredPeer(address),
  );
  const datagrams = await openDatagrams(settings, isLocal, cluster, warn);
  if (datagrams !== undefined) cluster.beginBeacons((text) => datagrams.send(text));
  return {
    cluster,
    useTls: (tls) => transport.useTls(tls),
    async close() {
      datagrams?.close();
      configuredPeers.stop();
      cluster.stop();
      transport.close();
      await clusterFile.close();
    },
  };
}

async function openDatagrams(
  { discoveryPort, multicast }: ClusterCliOptions,
  isLoopbackOnly: boolean,
  cluster: Cluster,
  warn: Log,
): Promise<Datagrams | undefined> {
  if (discoveryPort === undefined) return undefined;
  try {
    return await Datagrams.open({
      port: discoveryPort,
      isLoopbackOnly,
      multicast,
      onDatagram: (text, host) => cluster.hear(text, host),
      onError: (error) => warn(`discovery: ${error.message}`),
    });
  } catch (error) {
    const { message } = asError(error);
    warn(`discovery is off: cannot use UDP port ${discoveryPort} (${message}); see --discovery-port`);
    return undefined;
  }
}
