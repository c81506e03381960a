/**
 * The history of a simulated run of servers on etcd: what clients did and what they were told. Times are in ms on the run's
 * clock.
 */
import type { FinalValues } from '../sim/server-run.ts';

/** What a client did to one counter. A batch is an operation for each of its increments. */
export type EtcdOperation = IncrementOperation | OtherOperation;

interface Common {
  readonly key: string;
  readonly invokedMs: number;
  /** When it was answered with a value; undefined if it never was. */
  answeredMs: number | undefined;
  /** What the counter was then. */
  value: number | undefined;
}

export interface IncrementOperation extends Common {
  readonly f: 'increment';
  readonly amount: number;
  /** Whether it was refused with an error that says that it does not count. */
  isRefused: boolean;
}

/** A read; a merge of the total of a name; or a raise to `total`. */
export interface OtherOperation extends Common {
  readonly f: 'read' | 'merge' | 'raise';
  /** 0 for reads. */
  readonly total: number;
  /** Whose total it is; empty for reads and raises. */
  readonly name: string;
}

/** Everything that the checker judges a run by. */
export interface EtcdHistory {
  /** Whether increments are told exactly what the counter was after them. Not if etcd forgets what it was within seconds. */
  readonly isExact: boolean;
  readonly operations: readonly EtcdOperation[];
  /** What each server shows at the end, by counter; undefined if it did not answer. */
  readonly final: readonly FinalValues[];
  /** What was seen to be wrong during the run, one sentence each. */
  readonly problems: readonly string[];
}
