/**
 * Runs one cluster of processes in real time, shows progress, and records the run in its directory.
 */
import type { Screen } from '../runtime/status-line.ts';
import { systemClock, timestamp } from '../runtime/system.ts';
import { MessageLog, withDiagnoses } from './diagnosis/diagnose.ts';
import type { RunOptions } from './nodes/options.ts';
import { watchNegativeAdds } from './nodes/negative-adds.ts';
import { outcomeOf } from './nodes/outcome.ts';
import { processHosts } from './nodes/process-host.ts';
import { showProgress } from './nodes/progress.ts';
import type { Results } from './nodes/results.ts';
import { Run } from './nodes/run.ts';
import { Interrupted, NodeFailure } from './nodes/stopped.ts';
import type { Check } from './nodes/verdict.ts';
import { type RecordingError, RunDirectory } from './report/run-directory.ts';

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
  /** Shows how the run is getting on, and what is logged. */
  readonly screen: Screen;
  /** Ends the run early. */
  readonly stop: AbortSignal;
}

export interface ProcessRunResult {
  readonly results: Results;
  /** How busy the workbench itself was, as a sentence. */
  readonly overhead: string;
  /** Where the run is recorded. */
  readonly directory: string;
  /** Why some of it could not be written there, if so. */
  readonly failure: RecordingError | undefined;
}

/** Resolves when the run is recorded, also when it was cut short. */
export async function runProcesses(run: ProcessRunOptions): Promise<ProcessRunResult> {
  const { bin, nodeArguments, options, check, availability, logStderr, logSend, logReceive } = run;
  // What cannot be recorded need not be run.
  const directory = new RunDirectory('store', options.workload, timestamp(), () => nodes.interrupt());
  const messages = new MessageLog();
  const progress = showProgress(run.screen, systemClock, () => nodes.status());
  const nodes = new Run(options, {
    clock: systemClock,
    startHost: processHosts({
      bin,
      args: nodeArguments,
      logDirectory: directory.logs,
      onStderr: logStderr ? (nodeId, line) => progress.log(`${nodeId}: ${line}`) : undefined,
    }),
    onSend: (message) => {
      if (logSend) progress.log(`send ${JSON.stringify(message)}`);
    },
    onDelivery: (delivery) => {
      directory.recordDelivery(delivery);
      messages.record(delivery);
      if (!logReceive) return;
      const what = delivery.receivedMs === undefined ? 'lost' : 'recv';
      progress.log(`${what} ${JSON.stringify(delivery.message)}`);
    },
    onOperation: watchNegativeAdds((text) => progress.log(text)),
    onOffence: ({ node, text, silenced }) =>
      progress.log(`${node} ${text}${silenced ? `; nothing from ${node} is read any more` : ''}`),
  });
  const cpuBefore = process.cpuUsage();
  const stopped = await conduct(nodes, run.stop).finally(() => progress.end());
  const overhead = describeOverhead(process.cpuUsage(cpuBefore), nodes);
  const program = [bin, ...nodeArguments];
  const outcome = outcomeOf(nodes, { options, program, check, availability }, stopped);
  const results = await withDiagnoses({ run: nodes, ...outcome, log: messages });
  const failure = await directory.finish(nodes, outcome.problems, results);
  return { results, overhead, directory: directory.path, failure };
}

/** Executes the run until it ends or is to stop. Resolves with why it was cut short, if it was. */
async function conduct(run: Run, stop: AbortSignal): Promise<NodeFailure | Interrupted | undefined> {
  const interrupt = (): void => run.interrupt();
  if (stop.aborted) interrupt();
  stop.addEventListener('abort', interrupt);
  try {
    await run.execute();
    return undefined;
  } catch (error) {
    if (error instanceof NodeFailure || error instanceof Interrupted) return error;
    throw error;
  } finally {
    stop.removeEventListener('abort', interrupt);
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
