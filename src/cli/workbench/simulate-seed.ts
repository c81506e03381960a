/**
 * What `simulate --seeds` does with one seed, in each thread of the pool: draws the options, applies the flags, and
 * simulates the code that is shipped.
 */
import { createCounterNode } from '../../maelstrom/counter-node.ts';
import { silent } from '../../runtime/log.ts';
import type { CreateNode } from '../../workbench/nodes/memory-host.ts';
import { type RunOptions, drawOptions } from '../../workbench/nodes/options.ts';
import { simulate } from '../../workbench/nodes/simulation.ts';
import type { Check } from '../../workbench/nodes/verdict.ts';
import type { SimulateSeed } from '../../workbench/pool/thread.ts';
import { parseOptions } from '../arguments.ts';
import { nodeOptionSpecs, nodeOptionsFrom } from '../node/node-options.ts';
import { type RunFlags, applyFlags } from './run-options.ts';
import { type ServersFlags, serversCommands } from './simulate-servers.ts';

/** What all seeds have in common. */
export type SeedTask = NodesTask | ServersTask;

export interface NodesTask {
  readonly workload: 'nodes';
  readonly flags: RunFlags;
  readonly check: Check;
  readonly nodeArguments: string[];
}

export interface ServersTask {
  readonly workload: 'peers' | 'etcd';
  readonly flags: ServersFlags;
}

export const seedSimulator = (task: SeedTask): SimulateSeed =>
  task.workload === 'nodes' ? nodesSimulator(task) : serversSimulator(task);

function nodesSimulator({ flags, check, nodeArguments }: NodesTask): SimulateSeed {
  const createNode = shippedNode(nodeArguments, flags.workload ?? 'g-counter');
  return async (seed) => {
    const { results } = await simulate(seedOptions(seed, flags), createNode, { check });
    return { seed, valid: results.valid === true, operations: results.stats.all.count };
  };
}

function serversSimulator({ workload, flags }: ServersTask): SimulateSeed {
  return async (seed) => {
    const { valid, operations } = await serversCommands[workload].seed(seed, flags);
    return { seed, valid, operations };
  };
}

/** The options of one seed: drawn at random, except for what the flags set. */
export const seedOptions = (seed: number, flags: RunFlags): RunOptions =>
  applyFlags(drawOptions(seed), flags);

/** The shipped node, with the flags that it would get as a process. Throws a UsageError. */
export function shippedNode(nodeArguments: string[], workload: string): CreateNode {
  const { values } = parseOptions(['--workload', workload, ...nodeArguments], nodeOptionSpecs, false);
  const nodeOptions = nodeOptionsFrom(values);
  return (ports) => createCounterNode({ ...ports, ...nodeOptions, log: silent });
}
