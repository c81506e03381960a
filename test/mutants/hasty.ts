/**
 * Planted bugs over the shipped counter: it is right and fast in all else, so that only the moment of the mistake shows
 * them, and only where messages overtake each other or a node dies just then.
 */
import { StoredCounter } from '../../src/counter/stored-counter.ts';
import { gTotal } from '../../src/crdt/g-counter.ts';
import { silent } from '../../src/runtime/log.ts';
import type { MutantCounter, MutantKind, MutantOptions } from './plain.ts';

/** The shipped counter, as a design to plant bugs in. */
export class ShippedCounter extends StoredCounter<number> implements MutantCounter {
  constructor(options: MutantOptions) {
    super({ ...options, kind: gTotal, retryMs: 1000, deadlineMs: 4000, log: silent });
  }
}

/** Acknowledges before its swap, which it then makes and repeats as it should. */
class AcknowledgeBeforeSwap extends ShippedCounter {
  override async add(delta: number): Promise<void> {
    super.add(delta).catch(() => {});
  }
}

/** Lets reads join a sweep that runs already. */
class ShareRunningSweep extends ShippedCounter {
  #sweep: Promise<number> | undefined;

  override read(): Promise<number> {
    this.#sweep ??= super.read().finally(() => (this.#sweep = undefined));
    return this.#sweep;
  }
}

export const hastyMutants: Readonly<Record<string, MutantKind>> = {
  'acknowledge-before-swap': AcknowledgeBeforeSwap,
  'share-running-sweep': ShareRunningSweep,
};
