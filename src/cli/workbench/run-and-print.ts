/**
 * Runs one cluster of processes for `test` and `compare`, until it ends or a signal stops it, and prints the results.
 */
import { fold } from '../../runtime/fold.ts';
import { stderrLog } from '../../runtime/system.ts';
import { type ProcessRunOptions, runProcesses } from '../../workbench/process-run.ts';
import { formatResults } from '../../workbench/nodes/format-results.ts';
import type { Results } from '../../workbench/nodes/results.ts';
import { describeOptions } from './run-options.ts';

/** Resolves with the results, which are also in the run directory. Rejects if they cannot be written there. */
export async function runAndPrint(run: Omit<ProcessRunOptions, 'screen'>): Promise<Results> {
  const command = [run.bin, ...run.nodeArguments].join(' ');
  console.log(fold(`${command}: ${describeOptions(run.options)}`).join('\n'));
  const { results, overhead, directory, failure } = await runProcesses({ ...run, screen: process.stderr });
  console.log(formatResults(results));
  if (failure !== undefined) throw failure;
  const figures = results.stats.all.count === 0 ? '' : `\n${overhead}\n`;
  console.log(`${figures}report in ${directory}/report.html`);
  return results;
}

/** Says once which of the flags that are given have no meaning here. */
export function noteMeaningless(flags: readonly string[]): void {
  if (flags.length > 0) stderrLog(`g-counter-workbench: no meaning here: ${flags.join(', ')}`);
}
