import { type Counter, CounterError } from '../counter/counter.ts';
import { StoredCounter } from '../counter/stored-counter.ts';
import { isTotal } from '../crdt/g-counter.ts';
import { MemoryStore } from '../kv/memory-store.ts';
import { RpcStore } from '../kv/rpc-store.ts';
import { RequestError } from './errors.ts';
import { type Handler, MaelstromNode, type NodeOptions, type Service } from './node.ts';

/** Where a node keeps its totals: in a service of the network, or in its own memory. */
export const storeNames = ['seq-kv', 'lin-kv', 'memory'] as const;

export interface GCounterNodeOptions extends Omit<NodeOptions, 'start' | 'rpcTimeoutMs'> {
  readonly storeName: (typeof storeNames)[number];
  /** How long a client's request may take before it is answered with an error. */
  readonly deadlineMs: number;
  /** How long to wait for the store before asking once more. The first answer still counts if it comes later. */
  readonly retryMs: number;
}

/** A node for Maelstrom's `g-counter` workload. */
export function createGCounterNode(options: GCounterNodeOptions): MaelstromNode {
  const { storeName } = options;
  return new MaelstromNode({
    ...options,
    rpcTimeoutMs: options.deadlineMs,
    start: ({ nodeId, nodeIds, call }) => {
      const store = storeName === 'memory' ? new MemoryStore() : new RpcStore(storeName, call);
      return gCounterService(new StoredCounter({ ...options, store, nodeId, nodeIds }));
    },
  });
}

/** The requests of the workload, answered by `counter`. */
export function gCounterService(counter: Counter): Service {
  const add: Handler = ({ delta }) => {
    if (!isTotal(delta)) {
      throw new RequestError('malformed-request', 'delta must be an integer from 0 to 2^53 - 1');
    }
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
