/**
 * Nodes that talk to each other: a read asks all others for their totals and waits for all of them. Right under every
 * fault; a read fails while a node is down or cut off. The planted bugs over it are in what nodes say to each other.
 */
import { CounterError } from '../../src/counter/counter.ts';
import type { Body, OutgoingBody } from '../../src/maelstrom/message.ts';
import type { Handler } from '../../src/maelstrom/node.ts';
import type { MutantCounter, MutantKind, MutantOptions } from './plain.ts';
import { PATIENCE_MS, RetryingCounter } from './retrying.ts';

const RETRY_MS = 100;

export class AskingCounter extends RetryingCounter implements MutantCounter {
  readonly handlers = new Map<string, Handler>([
    ['total', async ({ asker }) => ({ type: 'total_ok', ...(await this.tell(String(asker))) })],
  ]);
  readonly #call: MutantOptions['call'];
  /** The largest total of each node that is known to be in the store. */
  readonly #known = new Map<string, number>();
  #waiting = 0;
  #nextSwap: Promise<void> | undefined;

  constructor(options: MutantOptions) {
    super(options);
    this.#call = options.call;
  }

  /** Adds that wait share a swap. Adding 0 would swap a total for itself, which a state that is long gone confirms. */
  override add(delta: number): Promise<void> {
    if (delta === 0) return Promise.resolve();
    this.#waiting += delta;
    this.#nextSwap ??= this.enqueue(() => {
      const sum = this.#waiting;
      this.#waiting = 0;
      this.#nextSwap = undefined;
      return this.raise(sum);
    });
    return this.inTime(this.#nextSwap);
  }

  override read(): Promise<number> {
    const deadlineMs = this.clock.nowMs() + PATIENCE_MS;
    const totals = this.nodeIds.map((id) =>
      id === this.nodeId ? this.ownTotal() : this.totalOf(id, deadlineMs),
    );
    return this.inTime(Promise.all(totals).then((all) => all.reduce((sum, total) => sum + total, 0)));
  }

  protected override async raise(delta: number): Promise<void> {
    await super.raise(delta);
    this.learnt(this.nodeId, this.total ?? 0);
  }

  protected async ownTotal(): Promise<number> {
    return this.#known.get(this.nodeId) ?? this.learnt(this.nodeId, await this.learn());
  }

  /** What this node tells one that asks. */
  protected async tell(_asker: string): Promise<Omit<OutgoingBody, 'type'>> {
    return { total: await this.ownTotal() };
  }

  /** Returns the total of a node after its answer. */
  protected hear(nodeId: string, { total }: Body): number {
    return this.learnt(nodeId, Number(total));
  }

  /** Asks until there is an answer. */
  protected async totalOf(nodeId: string, deadlineMs: number): Promise<number> {
    while (this.clock.nowMs() < deadlineMs) {
      const total = await this.ask(nodeId).catch(() => undefined);
      if (total !== undefined) return total;
      await new Promise<void>((resolve) => this.clock.after(RETRY_MS, resolve));
    }
    throw new CounterError('temporarily-unavailable', `${nodeId} does not answer`);
  }

  protected async ask(nodeId: string): Promise<number> {
    const answer = await this.#call(nodeId, { type: 'total', asker: this.nodeId });
    if (answer['type'] !== 'total_ok') throw new Error(`${nodeId} answered ${JSON.stringify(answer)}`);
    return this.hear(nodeId, answer);
  }

  /** The largest total of a node that has been learnt, 0 if none has. */
  protected known(nodeId: string): number {
    return this.#known.get(nodeId) ?? 0;
  }

  protected learnt(nodeId: string, total: number): number {
    const largest = Math.max(total, this.known(nodeId));
    this.#known.set(nodeId, largest);
    return largest;
  }
}

/** Tells each node what has been added since it last asked, once, as if every answer arrived. */
class TellIncrements extends AskingCounter {
  readonly #told = new Map<string, number>();

  protected override async tell(asker: string): Promise<Omit<OutgoingBody, 'type'>> {
    const total = await this.ownTotal();
    const increment = total - (this.#told.get(asker) ?? 0);
    this.#told.set(asker, total);
    return { increment };
  }

  protected override hear(nodeId: string, { increment }: Body): number {
    return this.learnt(nodeId, this.known(nodeId) + Number(increment));
  }
}

/** Numbers its answers from 1 in every incarnation, and takes one with a number that it has seen for an old one. */
class NumberAnswers extends AskingCounter {
  #answers = 0;
  readonly #latest = new Map<string, number>();

  protected override async tell(asker: string): Promise<Omit<OutgoingBody, 'type'>> {
    return { ...(await super.tell(asker)), number: ++this.#answers };
  }

  protected override hear(nodeId: string, answer: Body): number {
    const number = Number(answer['number']);
    if (number <= (this.#latest.get(nodeId) ?? 0)) return this.known(nodeId);
    this.#latest.set(nodeId, number);
    return super.hear(nodeId, answer);
  }
}

export const askingMutants: Readonly<Record<string, MutantKind>> = {
  'tell-increments': TellIncrements,
  'number-answers': NumberAnswers,
};
