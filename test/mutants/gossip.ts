/**
 * Designs in which every node ends up with the same value, but reads may be stale for a while: what Maelstrom's check
 * passes and the strict one does not. Nodes that gossip are the usual solution of this kind.
 */
import type { Body } from '../../src/maelstrom/message.ts';
import type { Cluster, Handler } from '../../src/maelstrom/node.ts';
import { type GCounter, merge } from '../../src/crdt/g-counter.ts';
import { isObject } from '../../src/runtime/json.ts';
import { uniqueIntegers } from '../../src/runtime/random.ts';
import { AskingCounter } from './asking.ts';
import type { MutantCounter, MutantOptions } from './plain.ts';

const GOSSIP_MS = 200;
const RETRY_MS = 500;

/** Keeps all totals in memory, and sends them to all other nodes every so often, which take the larger ones. */
export class GossipTotals implements MutantCounter {
  readonly handlers = new Map<string, Handler>([['totals', (body) => this.#hear(body)]]);
  readonly #options: MutantOptions;
  #totals: GCounter = new Map();

  constructor(options: MutantOptions) {
    this.#options = options;
    this.#gossip();
  }

  async add(delta: number): Promise<void> {
    const { nodeId } = this.#options;
    const total = (this.#totals.get(nodeId) ?? 0) + delta;
    this.#totals = merge(this.#totals, new Map([[nodeId, total]]));
  }

  async read(): Promise<number> {
    return [...this.#totals.values()].reduce((sum, total) => sum + total, 0);
  }

  close(): void {}

  #gossip(): void {
    const { call, clock } = this.#options;
    for (const id of others(this.#options)) {
      call(id, { type: 'totals', totals: Object.fromEntries(this.#totals) }).catch(() => {});
    }
    clock.after(GOSSIP_MS, () => this.#gossip());
  }

  async #hear({ totals }: Body) {
    const heard = Object.entries(isObject(totals) ? totals : {}).map(
      ([id, total]) => [id, Number(total)] as const,
    );
    this.#totals = merge(this.#totals, new Map(heard));
    return { type: 'totals_ok' };
  }
}

/** Asks the other nodes in every read, and takes the last that it heard from those that do not answer. */
export class AskNodes extends AskingCounter {
  protected override totalOf(nodeId: string): Promise<number> {
    return this.ask(nodeId).catch(() => this.known(nodeId));
  }
}

/** Tells all other nodes of each add, again until they have acknowledged it, and counts each that it hears of once. */
export class BroadcastAdds implements MutantCounter {
  readonly handlers = new Map<string, Handler>([['added', (body) => this.#hear(body)]]);
  readonly #options: MutantOptions;
  readonly #nextNumber: () => number;
  readonly #counted = new Set<unknown>();
  #value = 0;

  constructor(options: MutantOptions) {
    this.#options = options;
    this.#nextNumber = uniqueIntegers(options.random);
  }

  async add(delta: number): Promise<void> {
    const number = this.#nextNumber();
    this.#value += delta;
    for (const id of others(this.#options)) void this.#tell(id, number, delta);
  }

  async read(): Promise<number> {
    return this.#value;
  }

  close(): void {}

  async #tell(nodeId: string, number: number, delta: number): Promise<void> {
    const { call, clock } = this.#options;
    for (;;) {
      const answer = await call(nodeId, { type: 'added', number, delta }).catch(() => undefined);
      if (answer?.['type'] === 'added_ok') return;
      await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
    }
  }

  async #hear({ number, delta }: Body) {
    if (!this.#counted.has(number)) this.#value += Number(delta);
    this.#counted.add(number);
    return { type: 'added_ok' };
  }
}

const others = ({ nodeId, nodeIds }: Pick<Cluster, 'nodeId' | 'nodeIds'>): readonly string[] =>
  nodeIds.filter((id) => id !== nodeId);
