/**
 * The history of a run: what clients requested, when, and how it ended. A verdict is based on nothing else.
 */

export type Outcome =
  /** It succeeded. */
  | 'ok'
  /** It did not happen and never will: a definite error, or a read without a value. */
  | 'fail'
  /** It may have happened, or may yet: no reply, or an indefinite error. */
  | 'info';

/** A moment of the run. Indexes are unique and order events within one millisecond, too. */
export interface Moment {
  readonly index: number;
  /** Milliseconds since the run began. */
  readonly timeMs: number;
}

interface OperationBase {
  /** The logical process that invoked it. One that does not learn an outcome is replaced by a new one. */
  readonly process: number;
  readonly node: string;
  readonly invoked: Moment;
  readonly completed: Moment;
  readonly outcome: Outcome;
  /** Whether it was invoked after all faults had healed and the recovery time had passed. */
  readonly final: boolean;
  readonly error?: string | undefined;
}

export interface AddOperation extends OperationBase {
  readonly f: 'add';
  readonly delta: number;
}

export interface ReadOperation extends OperationBase {
  readonly f: 'read';
  /** Present if, and only if, the outcome is `ok`. */
  readonly value?: number | undefined;
}

export type Operation = AddOperation | ReadOperation;
