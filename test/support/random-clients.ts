import type { Random } from '../../src/runtime/random.ts';
import { pick } from '../../src/workbench/sim/random.ts';
import { replicaIdOf } from '../../src/crdt/replica-id.ts';
import type { SimDiskStore } from './sim-disk-store.ts';
import { Oracle } from './oracle.ts';

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
  readonly #oracles = new Map(['a', 'b', 'c'].map((key) => [key, new Oracle()]));
  readonly #requests: Request[] = [];
  readonly #ballast: string | undefined;
  #merges = 0;

  /** A long key as `ballast` makes the log long in a short time. */
  constructor(random: Random, ballast?: string) {
    this.#random = random;
    this.#ballast = ballast;
  }

  /** Asks for something. The answer may come at any time, or never. */
  act(sim: SimDiskStore): void {
    const draw = this.#random.next();
    const earlier = this.#requests.filter(({ id }) => id !== undefined);
    if (draw < 0.15 && earlier.length > 0) void this.#increment(sim, pick(this.#random, earlier));
    else if (draw < 0.25) void this.#merge(sim, 'node-2', 1000);
    else if (draw < 0.28) void this.#merge(sim, this.#nameOfServer(sim), 2 ** 40);
    else if (draw < 0.35) this.#incrementAll(sim);
    else if (draw < 0.6 && this.#ballast !== undefined)
      void sim.merge(this.#ballast, { 'node-2': ++this.#merges });
    else void this.#increment(sim, this.#newRequest());
    this.read(sim);
  }

  read(sim: SimDiskStore): void {
    for (const [key, oracle] of this.#oracles)
      this.faults.push(...oracle.read(sim.nodes(key)).map((fault) => `${key}: ${fault}`));
  }

  /** Asks again for all that can be asked for again. */
  async settle(sim: SimDiskStore): Promise<void> {
    const retries = this.#requests.filter(({ id }) => id !== undefined);
    await sim.run(Promise.all(retries.map((request) => this.#increment(sim, request))));
    this.read(sim);
    const missing = retries.filter(({ answer }) => answer === undefined);
    if (missing.length > 0) this.faults.push(`there are no answers to ${JSON.stringify(missing)}`);
  }

  #newRequest(): Request {
    const key = pick(this.#random, [...this.#oracles.keys()]);
    const amount = this.#oracles.get(key)?.ask() ?? 0;
    const id = this.#random.next() < 0.7 ? `id-${this.#requests.length}` : undefined;
    const request: Request = { key, amount, id };
    if (amount > 0) this.#requests.push(request);
    return request;
  }

  async #increment(sim: SimDiskStore, request: Request): Promise<void> {
    const { key, amount, id } = request;
    const oracle = this.#oracles.get(key);
    if (amount === 0 || oracle === undefined) return;
    const answer = await sim.add(key, amount, id);
    if (typeof answer === 'number') {
      oracle.acknowledge(amount);
      this.acknowledged++;
      if (request.answer !== undefined && request.answer !== answer) {
        this.faults.push(`${JSON.stringify(request)} is answered ${answer}`);
      }
      request.answer = answer;
    } else if (answer === 'read_only' && id === undefined) {
      oracle.refuse(amount);
    }
    this.read(sim);
  }

  /** Increments all counters in one request, to be counted in all or in none. */
  #incrementAll(sim: SimDiskStore): void {
    const increments = [...this.#oracles].map(([key, oracle]) => ({ key, amount: oracle.ask() }));
    if (increments.some(({ amount }) => amount === 0)) return;
    void sim.addAll(increments).then((answer) => {
      if (typeof answer === 'string') return;
      for (const { key, amount } of increments) this.#oracles.get(key)?.acknowledge(amount);
    });
  }

  /** Shows a total larger than any before. */
  async #merge(sim: SimDiskStore, name: string, base: number): Promise<void> {
    const key = pick(this.#random, [...this.#oracles.keys()]);
    const total = base + ++this.#merges;
    this.#oracles.get(key)?.show(name, total);
    const answer = await sim.merge(key, { [name]: total });
    if (typeof answer === 'number') this.#oracles.get(key)?.acknowledgeShown(name, total);
  }

  /** One of the names that the server knows that it alone has counted under. */
  #nameOfServer(sim: SimDiskStore): string {
    const { nodeId, suffix, counted } = sim.store.identity;
    return pick(this.#random, [replicaIdOf(nodeId, suffix), ...counted.keys()]);
  }
}
