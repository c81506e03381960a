import type { CreateNode } from '../../src/workbench/nodes/memory-host.ts';
import type { RunOptions } from '../../src/workbench/nodes/options.ts';
import { type Workload, counterNodeDefaults, createCounterNode } from '../../src/maelstrom/counter-node.ts';
import { silent } from '../../src/runtime/log.ts';
import { nodeNames } from '../../src/workbench/sim/node-names.ts';

/** The standard challenge, ten seconds of it. */
export const standard: RunOptions = {
  seed: 1,
  workload: 'g-counter',
  nodeIds: ['n0', 'n1', 'n2'],
  concurrency: 3,
  rate: 100,
  timeLimitMs: 10_000,
  recoveryTimeMs: 1000,
  network: 'ideal',
  latencyMs: 0,
  latencyDistribution: 'constant',
  faults: new Set(['partition']),
  adversary: false,
  nemesisIntervalMs: 2000,
  storeModel: 'random',
};

/** The challenge as Maelstrom's documents run it, on its network. */
export const challenge = (nodeCount: number): RunOptions => ({
  ...standard,
  nodeIds: nodeNames(nodeCount),
  concurrency: nodeCount,
  network: 'maelstrom',
  timeLimitMs: 20_000,
  recoveryTimeMs: 10_000,
  nemesisIntervalMs: 10_000,
});

const shippedNodeFor =
  (workload: Workload): CreateNode =>
  (ports) =>
    createCounterNode({ ...ports, ...counterNodeDefaults, workload, log: silent });

/** The node we ship. */
export const shippedNode = shippedNodeFor('g-counter');
export const shippedPnNode = shippedNodeFor('pn-counter');
