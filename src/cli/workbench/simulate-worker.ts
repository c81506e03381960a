/** One thread of a sweep: simulates the seeds it is given, one after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { createCounterNode } from '../../maelstrom/counter-node.ts';
import { silent } from '../../runtime/log.ts';
import type { CreateNode } from '../../workbench/nodes/memory-host.ts';
import { drawPeersOptions } from '../../workbench/peers/options.ts';
import { shippedPeer } from '../../workbench/peers/peer.ts';
import { simulatePeers } from '../../workbench/peers/run.ts';
import type { RunOptions } from '../../workbench/nodes/run.ts';
import { simulate } from '../../workbench/nodes/simulation.ts';
import { drawOptions } from '../../workbench/nodes/sweep.ts';
import { parseOptions } from '../arguments.ts';
import { nodeOptionSpecs, nodeOptionsFrom } from '../node/node-options.ts';
import { type PeersFlags, applyPeersFlags } from './peers-options.ts';
import { type RunFlags, applyFlags } from './run-options.ts';

/** What a thread is told once, when it starts. */
export type SweepTask = NodesTask | PeersTask;

export interface NodesTask {
  readonly workload: 'nodes';
  readonly flags: RunFlags;
  readonly nodeArguments: string[];
}

export interface PeersTask {
  readonly workload: 'peers';
  readonly flags: PeersFlags;
}

/** What a thread says of one seed. */
export interface SeedReport {
  readonly seed: number;
  readonly valid: boolean;
  readonly operations: number;
}

/** Takes one seed a message, and answers it with a SeedReport. */
export function serveSweep(): void {
  const task: SweepTask = workerData;
  const simulateSeed = task.workload === 'peers' ? simulatorOfPeers(task) : simulatorOfNodes(task);
  // A rejection ends the thread, and the sweep with it: it is the workbench's own fault.
  parentPort?.on('message', (seed: number) => {
    void simulateSeed(seed).then((report) => parentPort?.postMessage(report));
  });
}

type SimulateSeed = (seed: number) => Promise<SeedReport>;

function simulatorOfNodes({ flags, nodeArguments }: NodesTask): SimulateSeed {
  const createNode = shippedNode(nodeArguments, flags.workload ?? 'g-counter');
  return async (seed) => {
    const { results } = await simulate(sweepOptions(seed, flags), createNode);
    return { seed, valid: results.valid === true, operations: results.stats.all.count };
  };
}

function simulatorOfPeers({ flags }: PeersTask): SimulateSeed {
  return async (seed) => {
    const options = applyPeersFlags(drawPeersOptions(seed), flags);
    const { valid, operations } = await simulatePeers(options, shippedPeer);
    return { seed, valid, operations };
  };
}

/** What one seed of a sweep is: drawn at random, but for what the flags fix. */
export const sweepOptions = (seed: number, flags: RunFlags): RunOptions =>
  applyFlags(drawOptions(seed), flags);

/** The node we ship, with the flags it would be given as a process. */
export function shippedNode(nodeArguments: string[], workload: string): CreateNode {
  const { values } = parseOptions(['--workload', workload, ...nodeArguments], nodeOptionSpecs, false);
  const nodeOptions = nodeOptionsFrom(values);
  return (ports) => createCounterNode({ ...ports, ...nodeOptions, log: silent });
}
