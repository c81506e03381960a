/**
 * The faults of a simulated cluster of peers: those of the network and of processes, lost disks, and removals.
 */
import type { FaultKind } from '../sim/faults/fault.ts';
import { kill, pause } from '../sim/faults/crash.ts';
import { effectivePartition } from '../sim/faults/partition.ts';
import { delay, duplicate, loss } from '../sim/faults/unreliable-network.ts';
import { pick, shuffled } from '../sim/random.ts';
import type { PeersFaultName } from './options.ts';

/** What the nemesis can do to servers besides killing and pausing them. */
export interface PeersControl {
  /** Kills a server and replaces its disk by an empty one. */
  wipe(nodeId: string): void;
  restart(nodeId: string): void;
  /** Has an operator remove a server from the cluster at server `by`. */
  remove(nodeId: string, by: string): void;
  /** Has an operator register it again at the others. */
  register(nodeId: string): void;
}

export const peersFaultKinds = (control: PeersControl): Readonly<Record<PeersFaultName, FaultKind>> => ({
  partition: effectivePartition,
  loss,
  duplicate,
  delay,
  kill,
  pause,
  wipe: ({ random, nodeIds }) => {
    const nodeId = pick(random, nodeIds);
    control.wipe(nodeId);
    return { description: `${nodeId} loses its disk`, end: () => control.restart(nodeId) };
  },
  remove: ({ random, nodeIds }) => {
    const [nodeId = '', by = ''] = shuffled(random, nodeIds);
    control.remove(nodeId, by);
    return { description: `${by} removes ${nodeId}`, end: () => control.register(nodeId) };
  },
});
