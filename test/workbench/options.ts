import type { CreateNode } from '../../src/workbench/memory-host.ts';
import type { RunOptions } from '../../src/workbench/run.ts';
import { createGCounterNode } from '../../src/maelstrom/g-counter.ts';
import { silent } from '../../src/runtime/log.ts';

/** The standard challenge, ten seconds of it. */
export const standard: RunOptions = {
  seed: 1,
  nodeIds: ['n0', 'n1', 'n2'],
  concurrency: 3,
  rate: 100,
  timeLimitMs: 10_000,
  recoveryTimeMs: 1000,
  latencyMs: 0,
  latencyDistribution: 'constant',
  faults: new Set(['partition']),
  nemesisIntervalMs: 2000,
  storeModel: 'random',
};

/** The node we ship. */
export const shippedNode: CreateNode = (ports) =>
  createGCounterNode({
    ...ports,
    storeName: 'seq-kv',
    retryMs: 1000,
    deadlineMs: 4000,
    log: silent,
  });
