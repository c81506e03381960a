/**
 * What `simulate --seeds` does with one seed, in each thread of the pool: draws the options, applies the flags, and
 * simulates the code that is shipped.
 */
import { createCounterNode } from '../../maelstrom/counter-node.ts';
import { silent } from '../../runtime/log.ts';
import { shippedFrontEnd } from '../../workbench/etcd/front-end.ts';
import { drawEtcdOptions } from '../../workbench/etcd/options.ts';
import { simulateEtcd } from '../../workbench/etcd/run.ts';
import type { CreateNode } from '../../workbench/nodes/memory-host.ts';
import { type RunOptions, drawOptions } from '../../workbench/nodes/options.ts';
import { simulate } from '../../workbench/nodes/simulation.ts';
import type { Check } from '../../workbench/nodes/verdict.ts';
import { drawPeersOptions } from '../../workbench/peers/options.ts';
import { shippedPeer } from '../../workbench/peers/peer.ts';
import { simulatePeers } from '../../workbench/peers/run.ts';
import type { SimulateSeed } from '../../workbench/pool/thread.ts';
import { parseOptions } from '../arguments.ts';
import { nodeOptionSpecs, nodeOptionsFrom } from '../node/node-options.ts';
import { type EtcdFlags, applyEtcdFlags } from './etcd-options.ts';
import { type PeersFlags, applyPeersFlags } from './peers-options.ts';
import { type RunFlags, applyFlags } from './run-options.ts';

/** What all seeds have in common. */
export type SeedTask = NodesTask | PeersTask | EtcdTask;

export interface NodesTask {
  readonly workload: 'nodes';
  readonly flags: RunFlags;
  readonly check: Check;
  readonly nodeArguments: string[];
}

export interface PeersTask {
  readonly workload: 'peers';
  readonly flags: PeersFlags;
}

export interface EtcdTask {
  readonly workload: 'etcd';
  readonly flags: EtcdFlags;
}

export function seedSimulator(task: SeedTask): SimulateSeed {
  switch (task.workload) {
    case 'nodes':
      return nodesSimulator(task);
    case 'peers':
      return peersSimulator(task);
    case 'etcd':
      return etcdSimulator(task);
  }
}

function nodesSimulator({ flags, check, nodeArguments }: NodesTask): SimulateSeed {
  const createNode = shippedNode(nodeArguments, flags.workload ?? 'g-counter');
  return async (seed) => {
    const { results } = await simulate(seedOptions(seed, flags), createNode, { check });
    return { seed, valid: results.valid === true, operations: results.stats.all.count };
  };
}

function peersSimulator({ flags }: PeersTask): SimulateSeed {
  return async (seed) => {
    const options = applyPeersFlags(drawPeersOptions(seed), flags);
    const { valid, operations } = await simulatePeers(options, shippedPeer);
    return { seed, valid, operations };
  };
}

function etcdSimulator({ flags }: EtcdTask): SimulateSeed {
  return async (seed) => {
    const options = applyEtcdFlags(drawEtcdOptions(seed), flags);
    const { valid, operations } = await simulateEtcd(options, shippedFrontEnd);
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
