import type { Identity } from '../crdt/replica-id.ts';
import type { Totals } from '../crdt/counter-state.ts';
import type { Counters } from '../store/counters.ts';

/** The counters of a server, as far as its peers are concerned. */
export interface Replica {
  readonly identity: Identity;
  /** What is on the disk, and nothing else: what peers are told can never be lost again. */
  readonly counters: Counters;
  /**
   * Merges parts of counters. Resolves when they are on the disk, with whether all could be merged. Rejects where the
   * disk has failed.
   */
  merge(totals: Totals): Promise<boolean>;
  /** From now on counts under a name that no other disk has had. Resolves when that is on the disk. */
  useRandomReplicaId(): Promise<void>;
}
