import { RpcStore } from '../../src/kv/rpc-store.ts';
import { gCounterService } from '../../src/maelstrom/g-counter.ts';
import { MaelstromNode } from '../../src/maelstrom/node.ts';
import { silent } from '../../src/runtime/log.ts';
import type { CreateNode } from '../../src/workbench/memory-host.ts';
import { type MutantOptions, mutants } from './counters.ts';
import type { Counter } from '../../src/counter/counter.ts';

/** A node that keeps its count with the given kind of counter. */
export function nodeWith(Kind: new (options: MutantOptions) => Counter): CreateNode {
  return (ports) =>
    new MaelstromNode({
      ...ports,
      log: silent,
      rpcTimeoutMs: 1000,
      start: ({ nodeId, nodeIds, call }) =>
        gCounterService(
          new Kind({ store: new RpcStore('seq-kv', call), nodeId, nodeIds, random: ports.random }),
        ),
    });
}

export function mutantNamed(name: string): CreateNode {
  const Mutant = mutants[name];
  if (Mutant === undefined) throw new Error(`no mutant is called ${name}`);
  return nodeWith(Mutant);
}
