import { stderrLog, systemClock, timestamp } from '../../runtime/system.ts';
import { outcomeOf } from '../../workbench/nodes/outcome.ts';
import { processHosts } from '../../workbench/nodes/process-host.ts';
import { showProgress } from '../../workbench/nodes/progress.ts';
import { record } from '../../workbench/report/record.ts';
import { type Results, formatResults } from '../../workbench/nodes/results.ts';
import { Interrupted, NodeFailure, Run, type RunOptions } from '../../workbench/nodes/run.ts';
import { RunDirectory } from '../../workbench/report/run-directory.ts';
import { describeOptions } from './run-options.ts';

export interface ProcessRun {
  readonly bin: string;
  readonly nodeArguments: readonly string[];
  readonly options: RunOptions;
  /** The least fraction of operations that must succeed. */
  readonly availability?: number | undefined;
  readonly logStderr?: boolean;
  readonly logSend?: boolean;
  readonly logReceive?: boolean;
}

/** Runs one cluster of processes in real time, shows how it goes and what it comes to, and leaves it in the store. */
export async function runProcesses({ bin, nodeArguments, options, ...wishes }: ProcessRun): Promise<Results> {
  console.log(`${[bin, ...nodeArguments].join(' ')}: ${describeOptions(options)}`);
  const directory = new RunDirectory('store', options.workload, timestamp());
  const run = new Run(options, {
    clock: systemClock,
    startHost: processHosts({
      bin,
      args: nodeArguments,
      logDirectory: directory.logs,
      onStderr: wishes.logStderr ? (nodeId, line) => stderrLog(`${nodeId}: ${line}`) : undefined,
    }),
    onSend: (message) => {
      if (wishes.logSend) stderrLog(`send ${JSON.stringify(message)}`);
    },
    onDelivery: (delivery) => {
      directory.recordDelivery(delivery);
      if (!wishes.logReceive) return;
      stderrLog(`${delivery.receivedMs === undefined ? 'lost' : 'recv'} ${JSON.stringify(delivery.message)}`);
    },
  });
  const cpuBefore = process.cpuUsage();
  const stopped = await conduct(run);
  const overhead = describeOverhead(process.cpuUsage(cpuBefore), run);
  const { judgement, results } = outcomeOf(run, options, stopped, wishes.availability);
  await record(directory, run, judgement, results);
  console.log(`${formatResults(results)}\n\n${overhead}\nreport in ${directory.path}/report.html`);
  return results;
}

/** What the workbench took for itself: a busy workbench makes every node look slow. */
function describeOverhead({ user, system }: NodeJS.CpuUsage, run: Run): string {
  const busyMs = (user + system) / 1000;
  const { elapsedMs, operations } = run.status();
  const share = ((100 * busyMs) / elapsedMs).toFixed(0);
  const each = ((1000 * busyMs) / Math.max(1, operations)).toFixed(0);
  return `the workbench itself was busy for ${share} % of the time, ${each} µs per operation`;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Lets the run happen. Answers why it was cut short, if it was. */
async function conduct(run: Run): Promise<NodeFailure | Interrupted | undefined> {
  const interrupt = (): void => run.interrupt();
  for (const signal of SIGNALS) process.once(signal, interrupt);
  const endProgress = showProgress(process.stderr, systemClock, () => run.status());
  try {
    await run.execute();
    return undefined;
  } catch (error) {
    if (error instanceof NodeFailure || error instanceof Interrupted) return error;
    throw error;
  } finally {
    endProgress();
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}
