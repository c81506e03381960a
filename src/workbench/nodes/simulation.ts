/**
 * Simulates one run: all nodes in this process, in virtual time. The options, the seed among them, determine everything.
 */
import type { Judgement } from './checker.ts';
import { type CreateNode, memoryHosts } from './memory-host.ts';
import type { Delivery } from '../sim/network.ts';
import { outcomeOf } from './outcome.ts';
import type { Results } from './results.ts';
import { NodeFailure, Run } from './run.ts';
import type { RunOptions } from './options.ts';
import { VirtualClock } from '../sim/virtual-clock.ts';

export interface Simulation {
  readonly run: Run;
  readonly judgement: Judgement;
  readonly results: Results;
}

/** Resolves when the run has ended, be it by a node that broke the rules. Rejects if the workbench itself fails. */
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
  if (failure === undefined || failure instanceof NodeFailure) {
    return { run, ...outcomeOf(run, options, failure) };
  }
  throw failure;
}
