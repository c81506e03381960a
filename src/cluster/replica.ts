/**
 * The port between a cluster and the store whose counters it replicates. In a cluster a disk counts under a random
 * replica id, since it may replace one that was lost.
 */
import { type Identity, replicaIdOf } from '../crdt/replica-id.ts';
import type { Log } from '../runtime/log.ts';
import type { Totals } from '../crdt/counter-state.ts';
import type { Counters } from '../store/counters.ts';

export interface Replica {
  readonly identity: Identity;
  /** Only what is on the disk, so that what peers are told can never be lost again. */
  readonly counters: Counters;
  /**
   * Merges parts of counters. Resolves when they are on the disk, with whether all could be merged. Rejects if the
   * disk has failed.
   */
  merge(totals: Totals): Promise<boolean>;
  /**
   * Changes to a random replica id, which no other disk has had, unless it has one: at once, for what is counted from
   * now on. Resolves when that is on the disk.
   */
  useRandomReplicaId(): Promise<void>;
}

/**
 * Changes to a random replica id for a reason, unless the disk has one, and logs that. Resolves when it is on the disk;
 * rejects if the disk has failed.
 */
export async function enterCluster(
  replica: Pick<Replica, 'identity' | 'useRandomReplicaId'>,
  reason: string,
  log: Log,
): Promise<void> {
  const before = replicaIdOf(replica.identity.nodeId, replica.identity.suffix);
  const changed = replica.useRandomReplicaId();
  const after = replicaIdOf(replica.identity.nodeId, replica.identity.suffix);
  await changed;
  if (after !== before) log(`this disk counts as ${after} from now on, no longer as ${before}: ${reason}`);
}
