/**
 * Runs one cluster of processes for `test` and `compare`, until it ends or a signal stops it, and prints the results.
 */
import { stderrLog } from '../../runtime/system.ts';
import { type ProcessRunOptions, runProcesses } from '../../workbench/process-run.ts';
import { formatResults } from '../../workbench/nodes/format-results.ts';
import type { Results } from '../../workbench/nodes/results.ts';
import { describeOptions } from './run-options.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Resolves with the results, which are also in the run directory. */
export async function runAndPrint(run: Omit<ProcessRunOptions, 'progress' | 'onStop'>): Promise<Results> {
  console.log(`${[run.bin, ...run.nodeArguments].join(' ')}: ${describeOptions(run.options)}`);
  const { results, overhead, reportPath } = await runProcesses({
    ...run,
    progress: process.stderr,
    onStop: (interrupt) => {
      for (const signal of SIGNALS) process.once(signal, interrupt);
      return () => {
        for (const signal of SIGNALS) process.off(signal, interrupt);
      };
    },
  });
  console.log(`${formatResults(results)}\n\n${overhead}\nreport in ${reportPath}`);
  return results;
}

/** Says once which of the flags that are given have no meaning here. */
export function noteMeaningless(flags: readonly string[]): void {
  if (flags.length > 0) stderrLog(`g-counter-workbench: no meaning here: ${flags.join(', ')}`);
}
