import type { FaultKind } from '../sim/faults/fault.ts';
import { kill, pause } from '../sim/faults/crash.ts';
import { partition } from '../sim/faults/partition.ts';
import { delay, duplicate, loss } from '../sim/faults/unreliable-network.ts';
import { pick, shuffled } from '../sim/random.ts';
import type { PeersFaultName } from './options.ts';

/** What the nemesis can do to servers besides stopping them. */
export interface PeersControl {
  /** Ends a server and puts an empty disk in the place of the one it had. */
  wipe(nodeId: string): void;
  restart(nodeId: string): void;
  /** Has `by` take a server out of the cluster. */
  remove(nodeId: string, by: string): void;
  /** Has others take it in again. */
  register(nodeId: string): void;
}

export const peersFaultKinds = (control: PeersControl): Readonly<Record<PeersFaultName, FaultKind>> => ({
  partition,
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
