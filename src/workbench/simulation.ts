import { type CreateNode, memoryHosts } from './memory-host.ts';
import type { Delivery } from './network.ts';
import { type Results, cutShort, summarise } from './results.ts';
import { NodeFailure, Run, type RunOptions } from './run.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface Simulation {
  readonly run: Run;
  readonly results: Results;
}

/** One run with all nodes in this process and in virtual time: the options, the seed among them, decide everything. */
export async function simulate(
  options: RunOptions,
  createNode: CreateNode,
  onDelivery: (delivery: Delivery) => void = () => {},
): Promise<Simulation> {
  const clock = new VirtualClock();
  const run = new Run(options, {
    clock,
    startHost: memoryHosts(clock, options.seed, createNode),
    onSend: () => {},
    onDelivery,
  });
  const failure = await clock.run(run.execute()).catch((error: unknown) => error);
  const results = summarise(options, run.operations, run.messageCounts);
  if (failure === undefined) return { run, results };
  if (failure instanceof NodeFailure) return { run, results: cutShort(results, failure.message, false) };
  throw failure;
}
