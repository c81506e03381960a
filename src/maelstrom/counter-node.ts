/**
 * The node of Maelstrom's `g-counter` and `pn-counter` workloads: a MaelstromNode whose requests go to a StoredCounter, over
 * the key-value store that the options name.
 */
import { type Counter, CounterError } from '../counter/counter.ts';
import { StoredCounter } from '../counter/stored-counter.ts';
import { gTotal } from '../crdt/g-counter.ts';
import { pnTotal } from '../crdt/pn-counter.ts';
import type { CounterType } from '../crdt/counter-type.ts';
import { MemoryKeyValueStore } from '../counter/memory-key-value-store.ts';
import { KeyValueClient } from './key-value-client.ts';
import { RequestError } from './errors.ts';
import { type Cluster, type Handler, MaelstromNode, type NodeOptions, type Service } from './node.ts';

/** Where a node keeps its totals: in a service of the network, or in its own memory. */
export const storeNames = ['seq-kv', 'lin-kv', 'memory'] as const;

/** g-counter counts up, pn-counter up and down. */
export const workloads = ['g-counter', 'pn-counter'] as const;
export type Workload = (typeof workloads)[number];

export interface CounterNodeOptions extends Omit<NodeOptions, 'start' | 'rpcTimeoutMs'> {
  readonly workload: Workload;
  readonly storeName: (typeof storeNames)[number];
  /** How long a client's request may take before it fails with an error. */
  readonly deadlineMs: number;
  /** How long to wait for the store before repeating a request. A late reply to the first one still counts. */
  readonly retryMs: number;
}

/** What the node that is shipped does unless it is told otherwise. */
export const counterNodeDefaults = { storeName: 'seq-kv', retryMs: 1000, deadlineMs: 4000 } as const;

/** Creates a node that waits for init. */
export function createCounterNode(options: CounterNodeOptions): MaelstromNode {
  const { workload, storeName } = options;
  const serve = <Total>(kind: CounterType<Total>, { nodeId, nodeIds, call }: Cluster): Service => {
    const store = storeName === 'memory' ? new MemoryKeyValueStore() : new KeyValueClient(storeName, call);
    return counterService(new StoredCounter({ ...options, kind, store, nodeId, nodeIds }), kind);
  };
  return new MaelstromNode({
    ...options,
    rpcTimeoutMs: options.deadlineMs,
    start: (cluster) => (workload === 'g-counter' ? serve(gTotal, cluster) : serve(pnTotal, cluster)),
  });
}

/** Returns the handlers of both workloads' requests, `add` and `read`, over `counter`. */
export function counterService(
  counter: Counter,
  { isDelta }: Pick<CounterType<unknown>, 'isDelta'>,
): Service {
  const add: Handler = ({ delta }) => {
    if (!isDelta(delta))
      throw new RequestError('malformed-request', `${JSON.stringify(delta)} is not a valid delta`);
    return counter.add(delta).then(() => ({ type: 'add_ok' }), rethrow);
  };
  const read: Handler = () => counter.read().then((value) => ({ type: 'read_ok', value }), rethrow);
  return {
    handlers: new Map([
      ['add', add],
      ['read', read],
    ]),
    close: () => counter.close(),
  };
}

function rethrow(error: unknown): never {
  throw error instanceof CounterError ? new RequestError(error.kind, error.message) : error;
}
