/**
 * Planted bugs over the plainest counter that is right. Each is a design that has been built and believed in. A workbench
 * that lets one of them pass is not yet a workbench.
 */
import type { Counter } from '../../src/counter/counter.ts';
import type { Cluster, Handler } from '../../src/maelstrom/node.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import type { KeyValueStore } from '../../src/counter/key-value-store.ts';
import { type Random, uniqueIntegers } from '../../src/runtime/random.ts';

export interface MutantOptions extends Cluster {
  readonly store: KeyValueStore;
  readonly random: Random;
  readonly clock: Clock;
}

/** A counter whose nodes may talk to each other. */
export interface MutantCounter extends Counter {
  /** How it handles requests of other nodes, by type. */
  readonly handlers?: ReadonlyMap<string, Handler>;
}

export type MutantKind = new (options: MutantOptions) => MutantCounter;

/** Right while no message is lost and no node restarts, and slow: nothing is shared or cached. */
export class PlainCounter implements MutantCounter {
  protected readonly store: KeyValueStore;
  protected readonly nodeId: string;
  protected readonly nodeIds: readonly string[];
  protected readonly clock: Clock;
  readonly #nextBarrier: () => number;
  #lastAdd: Promise<void> = Promise.resolve();

  constructor({ store, nodeId, nodeIds, random, clock }: MutantOptions) {
    this.store = store;
    this.nodeId = nodeId;
    this.nodeIds = nodeIds;
    this.clock = clock;
    this.#nextBarrier = uniqueIntegers(random);
  }

  add(delta: number): Promise<void> {
    return this.enqueue(() => this.raise(delta));
  }

  async read(): Promise<number> {
    await this.barrier();
    return this.sum(this.nodeIds.map((id) => this.key(id)));
  }

  close(): void {}

  /** Runs `add` after all earlier ones. */
  protected enqueue(add: () => Promise<void>): Promise<void> {
    const done = this.#lastAdd.then(add);
    this.#lastAdd = done.catch(() => {});
    return done;
  }

  protected key(nodeId: string): string {
    return `counter-${nodeId}`;
  }

  protected async raise(delta: number): Promise<void> {
    const key = this.key(this.nodeId);
    for (;;) {
      const from = await this.sum([key]);
      if ((await this.store.compareAndSwap(key, from, from + delta, true)) === 'ok') return;
    }
  }

  protected async barrier(): Promise<void> {
    await this.store.write(`barrier-${this.nodeId}`, this.#nextBarrier());
  }

  protected async sum(keys: readonly string[]): Promise<number> {
    const totals = await Promise.all(keys.map((key) => this.store.read(key)));
    return totals.reduce<number>((sum, total) => sum + Number(total ?? 0), 0);
  }
}

/** The textbook solution: sums all keys and trusts that reads are fresh. */
class NoBarrier extends PlainCounter {
  protected override async barrier(): Promise<void> {}
}

/** One key for all nodes, swapped by all. */
class SharedKey extends NoBarrier {
  override read(): Promise<number> {
    return this.sum(['counter']);
  }

  protected override key(): string {
    return 'counter';
  }
}

/** Swaps its total for itself, which looks like a write, but changes nothing and so proves nothing. */
class SwapSameValue extends PlainCounter {
  protected override async barrier(): Promise<void> {
    const key = this.key(this.nodeId);
    const total = await this.sum([key]);
    await this.store.compareAndSwap(key, total, total, true);
  }
}

/** Acknowledges before the swap is confirmed. */
class AcknowledgeEarly extends PlainCounter {
  override async add(delta: number): Promise<void> {
    void super.add(delta);
  }
}

/** Lets a read share a sweep that was already under way when it arrived. */
class JoinRunningSweep extends PlainCounter {
  #sweep: Promise<number> | undefined;

  override read(): Promise<number> {
    this.#sweep ??= super.read().finally(() => (this.#sweep = undefined));
    return this.#sweep;
  }
}

/** Off by one: never reads the last node's key. */
class ForgetNode extends PlainCounter {
  override async read(): Promise<number> {
    await this.barrier();
    return this.sum(this.nodeIds.slice(0, -1).map((id) => this.key(id)));
  }
}

export const plainMutants: Readonly<Record<string, MutantKind>> = {
  'no-barrier': NoBarrier,
  'shared-key': SharedKey,
  'swap-same-value': SwapSameValue,
  'acknowledge-early': AcknowledgeEarly,
  'join-running-sweep': JoinRunningSweep,
  'forget-node': ForgetNode,
};
