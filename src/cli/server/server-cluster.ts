import { Cluster } from '../../cluster/cluster.ts';
import { isLoopback } from '../../cluster/address.ts';
import { Datagrams } from '../../cluster/net/datagrams.ts';
import { HttpTransport } from '../../cluster/net/http-transport.ts';
import { ConfiguredPeers } from '../../cluster/net/configured-peers.ts';
import { Keyring } from '../../cluster/hmac.ts';
import { hasRandomSuffix } from '../../crdt/replica-id.ts';
import { asError } from '../../runtime/error.ts';
import type { Log } from '../../runtime/log.ts';
import { systemClock, systemRandom, wallClockMs } from '../../runtime/system.ts';
import type { Files } from '../../runtime/files.ts';
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
  readonly files: Files;
  readonly store: DiskStore;
  readonly info: Log;
  readonly warn: Log;
  /** Another process with our node id was there before us. */
  readonly onDuplicate: (address: string) => void;
}

/** A cluster with its sockets. */
export interface RunningCluster {
  readonly cluster: Cluster;
  close(): Promise<void>;
}

/** How long a disk that has never counted waits to be found before it counts as if it were alone. */
const ALONE_MS = 300;

/** Brings a server among its peers. */
export async function startCluster(options: ServerClusterOptions): Promise<RunningCluster> {
  const { cluster: settings, host, port, bootId, files, store, info, warn, onDuplicate } = options;
  const clusterFile = new ClusterFile(files, (error) =>
    warn(`the peers cannot be remembered: ${String(error)}`),
  );
  const remembered = await clusterFile.read();
  const isLocal = isLoopback(host);
  // Who has set up a cluster may have lost a disk of it. Who has not gets plain names.
  if (settings.isMeant) await store.useRandomReplicaId();

  const transport = new HttpTransport(settings.peerRanges);
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
  if (datagrams !== undefined) {
    cluster.beginBeacons((text) => datagrams.send(text));
    const isFresh = store.counters.size === 0 && !hasRandomSuffix(store.identity.suffix);
    if (isFresh) await new Promise<void>((resolve) => void systemClock.after(ALONE_MS, resolve));
  }
  return {
    cluster,
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
    warn(
      `nobody can be discovered: UDP port ${discoveryPort} cannot be used (${message}); see --discovery-port`,
    );
    return undefined;
  }
}
