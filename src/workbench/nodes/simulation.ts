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
  if (failure === undefined || failure instanceof NodeFailure) {
    return { run, ...outcomeOf(run, options, failure) };
  }
  throw failure;
}
