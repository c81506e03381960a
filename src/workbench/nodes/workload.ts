/**
 * What clients invoke: Maelstrom's workloads g-counter and pn-counter.
 */
import type { Workload } from '../../maelstrom/counter-node.ts';
import type { Random } from '../../runtime/random.ts';
import { below } from '../sim/random.ts';

/** An operation that a client is about to invoke. */
export type Invocation = { readonly f: 'add'; readonly delta: number } | { readonly f: 'read' };

/**
 * Returns a function that draws the next operation: reads and adds of −5 to 4 in equal shares. For g-counter, negative
 * adds are skipped, so there are two reads for each add, and a fifth of the adds add 0.
 */
export function invocations(workload: Workload, random: Random): () => Invocation {
  return () => {
    for (;;) {
      if (random.next() < 0.5) return { f: 'read' };
      const delta = below(random, 10) - 5;
      if (delta >= 0 || workload === 'pn-counter') return { f: 'add', delta };
    }
  };
}
