/**
 * Runs one cluster of processes in real time, shows progress, and records the run in its directory.
 */
import type { Writable } from 'node:stream';
import { stderrLog, systemClock, timestamp } from '../runtime/system.ts';
import type { RunOptions } from './nodes/options.ts';
import { outcomeOf } from './nodes/outcome.ts';
import { processHosts } from './nodes/process-host.ts';
import { showProgress } from './nodes/progress.ts';
import type { Results } from './nodes/results.ts';
import { Run } from './nodes/run.ts';
import { Interrupted, NodeFailure } from './nodes/stopped.ts';
import type { Check } from './nodes/verdict.ts';
import { RunDirectory } from './report/run-directory.ts';

export interface ProcessRunOptions {
  readonly bin: string;
  readonly nodeArguments: readonly string[];
  readonly options: RunOptions;
  readonly check: Check;
  /** The share of operations that must succeed, from 0 to 1. */
  readonly availability?: number | undefined;
  readonly logStderr?: boolean;
  readonly logSend?: boolean;
  readonly logReceive?: boolean;
  readonly progress: Writable & { readonly isTTY?: boolean };
  /** Registers what is to be called when the run must end early. Returns a function that cancels it. */
  readonly onStop: (interrupt: () => void) => () => void;
}

export interface ProcessRunResult {
  readonly results: Results;
  /** How busy the workbench itself was, as a sentence. */
  readonly overhead: string;
  readonly reportPath: string;
}

/** Resolves when the run is recorded, also when it was cut short. */
export async function runProcesses(run: ProcessRunOptions): Promise<ProcessRunResult> {
  const { bin, nodeArguments, options, check, availability, logStderr, logSend, logReceive } = run;
  const directory = new RunDirectory('store', options.workload, timestamp());
  const nodes = new Run(options, {
    clock: systemClock,
    startHost: processHosts({
      bin,
      args: nodeArguments,
      logDirectory: directory.logs,
      onStderr: logStderr ? (nodeId, line) => stderrLog(`${nodeId}: ${line}`) : undefined,
    }),
    onSend: (message) => {
      if (logSend) stderrLog(`send ${JSON.stringify(message)}`);
    },
    onDelivery: (delivery) => {
      directory.recordDelivery(delivery);
      if (!logReceive) return;
      stderrLog(`${delivery.receivedMs === undefined ? 'lost' : 'recv'} ${JSON.stringify(delivery.message)}`);
    },
    onOffence: ({ node, text, silenced }) =>
      stderrLog(`${node} ${text}${silenced ? `; nothing from ${node} is read any more` : ''}`),
  });
  const cpuBefore = process.cpuUsage();
  const stopped = await conduct(nodes, run);
  const overhead = describeOverhead(process.cpuUsage(cpuBefore), nodes);
  const program = [bin, ...nodeArguments];
  const { problems, results } = outcomeOf(nodes, { options, program, check, availability }, stopped);
  await directory.finish(nodes, problems, results);
  return { results, overhead, reportPath: `${directory.path}/report.html` };
}

/** Executes the run. Resolves with why it was cut short, if it was. */
async function conduct(
  run: Run,
  { progress, onStop }: ProcessRunOptions,
): Promise<NodeFailure | Interrupted | undefined> {
  const cancelStop = onStop(() => run.interrupt());
  const endProgress = showProgress(progress, systemClock, () => run.status());
  try {
    await run.execute();
    return undefined;
  } catch (error) {
    if (error instanceof NodeFailure || error instanceof Interrupted) return error;
    throw error;
  } finally {
    endProgress();
    cancelStop();
  }
}

/** A busy workbench makes every node look slow. */
function describeOverhead({ user, system }: NodeJS.CpuUsage, run: Run): string {
  const busyMs = (user + system) / 1000;
  const { elapsedMs, operations } = run.status();
  const share = ((100 * busyMs) / elapsedMs).toFixed(0);
  const each = ((1000 * busyMs) / Math.max(1, operations)).toFixed(0);
  return `the workbench itself was busy for ${share} % of the time, ${each} µs per operation`;
}
