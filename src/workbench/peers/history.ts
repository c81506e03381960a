/**
 * The history of a simulated cluster: what clients did and what they were told. Times are in ms on the run's clock.
 */
import type { FinalValues } from '../sim/server-run.ts';

/** What a client did. */
export type PeersOperation = IncrementOperation | SyncOperation | ReadOperation;

interface Common {
  readonly node: string;
  /** The disk that the node had: `n1#0`, and `n1#1` when that was lost. */
  readonly disk: string;
  readonly key: string;
  readonly invokedMs: number;
  /** When it was answered; undefined if it never was. */
  answeredMs: number | undefined;
}

export interface IncrementOperation extends Common {
  readonly f: 'increment';
  readonly amount: number;
}

/** The counter is to be at least `lowerBound`. */
export interface SyncOperation extends Common {
  readonly f: 'sync';
  readonly lowerBound: number;
}

export interface ReadOperation extends Common {
  readonly f: 'read';
  readonly value: number;
}

/** What the remaining disks have of what a lost disk had counted. */
export interface LostDisk {
  readonly disk: string;
  /** By counter, as of the time when the last copy of more of it was lost. */
  readonly saved: Map<string, number>;
}

/** What a node shows at the end of the run. */
export interface FinalState extends FinalValues {
  readonly peers: readonly string[];
  readonly values: ReadonlyMap<string, number>;
}

/** Everything that the checker judges a run by. */
export interface PeersHistory {
  readonly nodeIds: readonly string[];
  readonly operations: readonly PeersOperation[];
  readonly lostDisks: readonly LostDisk[];
  /** Times at which a node that had removed another listed it all the same. */
  readonly ghosts: readonly string[];
  /** Servers that did not start, and stores that failed, one sentence each. */
  readonly failures: readonly string[];
  readonly final: readonly FinalState[];
}
