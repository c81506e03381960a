import type { Random } from '../../src/runtime/random.ts';
import { pick } from '../../src/workbench/sim/random.ts';
import { replicaIdOf } from '../../src/crdt/replica-id.ts';
import type { Life } from './disk-store-process.ts';
import { Truth } from './oracle.ts';

interface Request {
  readonly key: string;
  readonly amount: number;
  readonly id: string | undefined;
  answer?: number;
}

/** Clients that outlive the server: they ask at random, ask again where they can, and know what must be true. */
export class Clients {
  /** What was found to be wrong. */
  readonly faults: string[] = [];
  acknowledged = 0;
  readonly #random: Random;
  readonly #truths = new Map(['a', 'b', 'c'].map((key) => [key, new Truth()]));
  readonly #requests: Request[] = [];
  readonly #ballast: string | undefined;
  #merges = 0;

  /** A long key as `ballast` makes the log long in a short time. */
  constructor(random: Random, ballast?: string) {
    this.#random = random;
    this.#ballast = ballast;
  }

  /** Asks for something. The answer may come at any time, or never. */
  act(life: Life): void {
    const draw = this.#random.next();
    const earlier = this.#requests.filter(({ id }) => id !== undefined);
    if (draw < 0.15 && earlier.length > 0) void this.#increment(life, pick(this.#random, earlier));
    else if (draw < 0.25) void this.#merge(life, 'node-2', 1000);
    else if (draw < 0.28) void this.#merge(life, this.#nameOfServer(life), 2 ** 40);
    else if (draw < 0.35) this.#incrementAll(life);
    else if (draw < 0.6 && this.#ballast !== undefined)
      void life.merge(this.#ballast, { 'node-2': ++this.#merges });
    else void this.#increment(life, this.#newRequest());
    this.read(life);
  }

  read(life: Life): void {
    for (const [key, truth] of this.#truths)
      this.faults.push(...truth.read(life.nodes(key)).map((fault) => `${key}: ${fault}`));
  }

  /** Asks again for all that can be asked for again. */
  async settle(life: Life): Promise<void> {
    const retries = this.#requests.filter(({ id }) => id !== undefined);
    await life.run(Promise.all(retries.map((request) => this.#increment(life, request))));
    this.read(life);
    const missing = retries.filter(({ answer }) => answer === undefined);
    if (missing.length > 0) this.faults.push(`there are no answers to ${JSON.stringify(missing)}`);
  }

  #newRequest(): Request {
    const key = pick(this.#random, [...this.#truths.keys()]);
    const amount = this.#truths.get(key)?.ask() ?? 0;
    const id = this.#random.next() < 0.7 ? `id-${this.#requests.length}` : undefined;
    const request: Request = { key, amount, id };
    if (amount > 0) this.#requests.push(request);
    return request;
  }

  async #increment(life: Life, request: Request): Promise<void> {
    const { key, amount, id } = request;
    const truth = this.#truths.get(key);
    if (amount === 0 || truth === undefined) return;
    const answer = await life.add(key, amount, id);
    if (typeof answer === 'number') {
      truth.acknowledge(amount);
      this.acknowledged++;
      if (request.answer !== undefined && request.answer !== answer) {
        this.faults.push(`${JSON.stringify(request)} is answered ${answer}`);
      }
      request.answer = answer;
    } else if (answer === 'read_only' && id === undefined) {
      truth.refuse(amount);
    }
    this.read(life);
  }

  /** Increments all counters in one request, to be counted in all or in none. */
  #incrementAll(life: Life): void {
    const increments = [...this.#truths].map(([key, truth]) => ({ key, amount: truth.ask() }));
    if (increments.some(({ amount }) => amount === 0)) return;
    void life.addAll(increments).then((answer) => {
      if (typeof answer === 'string') return;
      for (const { key, amount } of increments) this.#truths.get(key)?.acknowledge(amount);
    });
  }

  /** Shows a total larger than any before. */
  async #merge(life: Life, name: string, base: number): Promise<void> {
    const key = pick(this.#random, [...this.#truths.keys()]);
    const total = base + ++this.#merges;
    this.#truths.get(key)?.show(name, total);
    const answer = await life.merge(key, { [name]: total });
    if (typeof answer === 'number') this.#truths.get(key)?.acknowledgeShown(name, total);
  }

  /** One of the names that the server knows that it alone has counted under. */
  #nameOfServer(life: Life): string {
    const { nodeId, suffix, counted } = life.store.identity;
    return pick(this.#random, [replicaIdOf(nodeId, suffix), ...counted.keys()]);
  }
}
