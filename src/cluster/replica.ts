/**
 * The port between a cluster and the store whose counters it replicates.
 */
import type { Identity } from '../crdt/replica-id.ts';
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
  /** Changes to a random replica id, which no other disk has had. Resolves when that is on the disk. */
  useRandomReplicaId(): Promise<void>;
}
