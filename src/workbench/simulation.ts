import { type CreateNode, memoryHosts } from './memory-host.ts';
import type { Delivery } from './network.ts';
import { type Results, summarise } from './results.ts';
import { Run, type RunOptions } from './run.ts';
import { VirtualClock } from './virtual-clock.ts';

/** One run with all nodes in this process and in virtual time: the options, the seed among them, decide everything. */
export async function simulate(
  options: RunOptions,
  createNode: CreateNode,
  onDelivery: (delivery: Delivery) => void = () => {},
): Promise<Results> {
  const clock = new VirtualClock();
  const run = new Run(options, {
    clock,
    startHost: memoryHosts(clock, options.seed, createNode),
    onSend: () => {},
    onDelivery,
  });
  await clock.run(run.execute());
  return summarise(options, run.operations, run.messageCounts, undefined);
}
