/**
 * A peer: the shipped disk store and cluster over simulated files, with clock, randomness and transport as arguments. It
 * does in the same order what `startCluster` of the server does.
 */
import type { Address } from '../../cluster/address.ts';
import { ClusterFile } from '../../cluster/cluster-file.ts';
import { Cluster } from '../../cluster/cluster.ts';
import { DiskReplica } from '../../cluster/disk-replica.ts';
import { Keyring } from '../../cluster/hmac.ts';
import type { Transport } from '../../cluster/peer-rpc.ts';
import { type Replica, enterCluster } from '../../cluster/replica.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Files } from '../../runtime/files.ts';
import { silent } from '../../runtime/log.ts';
import type { Random } from '../../runtime/random.ts';
import { DiskStore } from '../../store/disk/disk-store.ts';

/** What a server of a simulated cluster is built from. */
export interface PeerPorts {
  readonly nodeId: string;
  /** Unique to one run of the process. */
  readonly bootId: string;
  /** Whether it is set up as part of a cluster; otherwise it is alone until it is registered. */
  readonly isJoining: boolean;
  readonly files: Files;
  readonly clock: Clock;
  readonly wallClockMs: () => number;
  readonly random: Random;
  readonly transport: Transport;
  /** Called when the store becomes read-only. */
  readonly onFailure: (error: unknown) => void;
}

/** A server of a simulated cluster. */
export interface Peer {
  readonly store: DiskStore;
  readonly cluster: Cluster;
}

/** Starts a server. Rejects if it cannot start on these files. */
export type CreatePeer = (ports: PeerPorts) => Promise<Peer>;

/** Far less than what the shipped server rotates at, so that runs of a minute see many segments. */
const MIN_LOG_BYTES = 4096;
const LIMITS = { maxCounters: 100, maxNodes: 1000, windowMs: 600_000, maxIdempotencyRecords: 1000 };
const MAX_PEERS = 200;

/** The key that all members hold. */
export const simulatedKeyring = new Keyring(['the key of a simulated cluster']);

/** The address of a node. */
export const addressOfNode = (nodeId: string): Address => `${nodeId}:1`;
export const nodeAtAddress = (address: Address): string => address.slice(0, -':1'.length);

/** The server as it is shipped. */
export const shippedPeer: CreatePeer = async (ports) => {
  const store = await openStore(ports);
  return { store, cluster: await openCluster(ports, new DiskReplica(store, silent)) };
};

/** Recovers the store from its files. */
export const openStore = ({ files, nodeId, clock, random, wallClockMs, onFailure }: PeerPorts) =>
  DiskStore.open({
    files,
    nodeId,
    limits: LIMITS,
    minLogBytes: MIN_LOG_BYTES,
    clock,
    random,
    wallClockMs,
    afterThisTurn: (task) => void clock.after(0, task),
    warn: silent,
    onFailure,
    onCommit: () => {},
  });

/** A cluster over any replica, with what its files remember. Resolves when the replica may count. */
export async function openCluster(ports: PeerPorts, replica: Replica): Promise<Cluster> {
  const { nodeId, files, isJoining } = ports;
  const clusterFile = new ClusterFile(files, silent);
  const remembered = await clusterFile.read();
  if (isJoining) await enterCluster(replica, 'it is set up as part of a cluster', silent);
  return new Cluster({
    ...ports,
    name: 'simulated',
    at: addressOfNode(nodeId),
    keyring: simulatedKeyring,
    maxPeers: MAX_PEERS,
    replica,
    log: silent,
    remembered,
    remember: (latest) => clusterFile.write(latest),
    onDuplicate: (address) => {
      throw new Error(`${nodeId} takes ${address} for another with its node id`);
    },
  });
}
