/** What clients asked and what they were told: the only thing a verdict is based on. */

export type Outcome =
  /** Answered. */
  | 'ok'
  /** It did not happen and never will: a definite error, or a read without an answer. */
  | 'fail'
  /** It may have happened, or may still: silence, or an indefinite error. */
  | 'info';

/** A moment of the run. Indexes are unique and tell what came first even within one millisecond. */
export interface Moment {
  readonly index: number;
  /** Milliseconds since the run began. */
  readonly timeMs: number;
}

interface OperationBase {
  /** The logical process that asked. One that is left without an answer is followed by another. */
  readonly process: number;
  readonly node: string;
  readonly invoked: Moment;
  readonly completed: Moment;
  readonly outcome: Outcome;
  /** Asked after all faults have healed and the recovery time has passed. */
  readonly final: boolean;
  readonly error?: string | undefined;
}

export interface AddOperation extends OperationBase {
  readonly f: 'add';
  readonly delta: number;
}

export interface ReadOperation extends OperationBase {
  readonly f: 'read';
  /** Present if the outcome is `ok`. */
  readonly value?: number | undefined;
}

export type Operation = AddOperation | ReadOperation;
