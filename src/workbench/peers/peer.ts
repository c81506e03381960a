/**
 * A peer: the shipped cluster code over a simulated store, with its clock, randomness and transport as arguments.
 */
import type { Address } from '../../cluster/address.ts';
import { Cluster, type Remembered } from '../../cluster/cluster.ts';
import type { Transport } from '../../cluster/peer-rpc.ts';
import type { Replica } from '../../cluster/replica.ts';
import { Keyring } from '../../cluster/hmac.ts';
import type { Clock } from '../../runtime/clock.ts';
import { silent } from '../../runtime/log.ts';
import type { Random } from '../../runtime/random.ts';
import { type Disk, SimulatedStore } from './store.ts';

/** What a server of a simulated cluster is built from. */
export interface PeerPorts {
  readonly nodeId: string;
  /** Unique to one run of the process. */
  readonly bootId: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly wallClockMs: () => number;
  readonly random: Random;
  readonly transport: Transport;
  readonly remembered: Remembered;
  readonly remember: (remembered: Remembered) => Promise<void>;
}

/** A server of a simulated cluster. */
export interface Peer {
  readonly store: SimulatedStore;
  readonly cluster: Cluster;
}

export type CreatePeer = (ports: PeerPorts) => Peer;

const MAX_PEERS = 200;

/** The address of a node. */
export const addressOfNode = (nodeId: string): Address => `${nodeId}:1`;
export const nodeAtAddress = (address: Address): string => address.slice(0, -':1'.length);

/** The cluster code as it is shipped. */
export const shippedPeer: CreatePeer = (ports) => {
  const store = new SimulatedStore(ports.disk, ports.clock, ports.random);
  return { store, cluster: clusterOf(ports, store) };
};

/** A cluster over any replica. */
export function clusterOf(ports: PeerPorts, replica: Replica): Cluster {
  return new Cluster({
    ...ports,
    name: 'simulated',
    at: addressOfNode(ports.nodeId),
    keyring: new Keyring([]),
    maxPeers: MAX_PEERS,
    replica,
    log: silent,
    onDuplicate: (address) => {
      throw new Error(`${ports.nodeId} takes ${address} for another with its node id`);
    },
  });
}
