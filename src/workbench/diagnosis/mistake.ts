/**
 * What a diagnosis is made of: a mistake, how it is recognised in a recorded run, and what to try. Each mistake has a
 * file of its own. It looks at what was recorded and at nothing else, and finds nothing in the run of a node that is right.
 */
import type { Problem } from '../nodes/checker.ts';
import type { Offence, Output } from '../nodes/nodes.ts';
import type { Results } from '../nodes/results.ts';
import type { Messages } from './messages.ts';

/** A run, as far as diagnoses are interested in it. */
export interface RecordedRun {
  readonly messages: Messages;
  readonly results: Results;
  /** What the strict check found. */
  readonly problems: readonly Problem[];
  readonly offences: readonly Offence[];
  /** What came from each incarnation of each node. */
  readonly outputs: readonly Output[];
}

/** One time that a mistake was made. */
export interface Finding {
  readonly evidence: string;
  /** The ids of the messages that show it. */
  readonly messages: readonly number[];
}

export interface Mistake {
  readonly id: string;
  readonly remedy: string;
  /** Returns each time that it was made, in order. */
  readonly find: (run: RecordedRun) => readonly Finding[];
}

/** Whether some read or final operation was judged wrong. A node that counted right made no mistake in counting. */
export const countedWrong = ({ problems }: RecordedRun): boolean => problems.length > 0;
