/**
 * From a run that has ended to its verdicts and figures, whether it went to its end or was cut short.
 */
import { type Problem, judge } from './checker.ts';
import { type Described, type Results, summarise } from './results.ts';
import type { Run } from './run.ts';
import type { Interrupted, NodeFailure } from './stopped.ts';

/** Returns the results of a run and the problems of the strict check. `stopped` is why it was cut short, if it was. */
export function outcomeOf(
  run: Run,
  described: Described,
  stopped: NodeFailure | Interrupted | undefined,
): { problems: Problem[]; results: Results } {
  const { operations, offences, messageCounts } = run;
  const problems = judge(operations, described.options.workload === 'g-counter');
  return {
    problems,
    results: summarise(described, { operations, offences, messageCounts, problems, stopped }),
  };
}
