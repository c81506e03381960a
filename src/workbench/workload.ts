import type { Random } from '../runtime/random.ts';
import { below } from './random.ts';

/** What a client is about to ask. */
export type Invocation = { readonly f: 'add'; readonly delta: number } | { readonly f: 'read' };

/**
 * Maelstrom's g-counter workload: an even mix of reads and adds of −5 to 4, of which the negative ones are left
 * out. So there are two reads for each add, and a fifth of the adds add 0.
 */
export function gCounterWorkload(random: Random): () => Invocation {
  return () => {
    for (;;) {
      if (random.next() < 0.5) return { f: 'read' };
      const delta = below(random, 10) - 5;
      if (delta >= 0) return { f: 'add', delta };
    }
  };
}
