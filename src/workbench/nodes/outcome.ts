import { type Judgement, judge } from './checker.ts';
import { type Results, cutShort, summarise } from './results.ts';
import { NodeFailure, type Run } from './run.ts';
import type { RunOptions } from './options.ts';

/**
 * What a run comes to, and on what grounds. `stopped` says why, if it was cut short; `demand` is the least fraction
 * of operations that must succeed.
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
