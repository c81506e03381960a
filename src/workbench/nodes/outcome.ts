/**
 * From a run that has ended to its verdict and figures, whether it went to its end or was cut short.
 */
import { type Judgement, judge } from './checker.ts';
import { type Results, cutShort, summarise } from './results.ts';
import { NodeFailure, type Run } from './run.ts';
import type { RunOptions } from './options.ts';

/**
 * Returns the results of a run and the judgement that they rest on. `stopped` is why it was cut short, if it was;
 * `demand` is the share of operations that must succeed, from 0 to 1.
 */
export function outcomeOf(
  run: Run,
  options: RunOptions,
  stopped: Error | undefined,
  demand?: number,
): { judgement: Judgement; results: Results } {
  const judgement = judge(run.operations, options.workload === 'g-counter');
  const results = summarise(options, run.operations, judgement, run.messageCounts, demand);
  if (stopped === undefined) return { judgement, results };
  const valid = stopped instanceof NodeFailure ? false : 'unknown';
  return { judgement, results: cutShort(results, judgement, stopped.message, valid) };
}
