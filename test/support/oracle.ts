/**
 * What clients of one server know of a counter, whatever becomes of the server. Each increment adds a power of two of
 * its own, so the sum says which of them have been counted.
 */
export class Oracle {
  /** Acknowledged, or seen by a read. */
  #counted = 0;
  /** Asked for without an answer that settles it. */
  #open = 0;
  #next = 1;
  /** Totals that were merged under the replica ids of others, and under earlier ones that this server does not remember. */
  readonly #foreign = new Map<string, { held: number; readonly shown: Set<number> }>();

  /** The amount of a new increment; 0 where there are no more. */
  ask(): number {
    const amount = this.#next;
    if (amount > 2 ** 30) return 0;
    this.#next *= 2;
    this.#open += amount;
    return amount;
  }

  acknowledge(amount: number): void {
    if ((this.#counted & amount) === 0) this.#counted += amount;
    this.#open &= ~amount;
  }

  /** The server says that it was not counted and never will be. */
  refuse(amount: number): void {
    this.#open &= ~amount;
  }

  show(name: string, total: number): void {
    const foreign = this.#foreign.get(name) ?? { held: 0, shown: new Set() };
    foreign.shown.add(total);
    this.#foreign.set(name, foreign);
  }

  acknowledgeShown(name: string, total: number): void {
    const foreign = this.#foreign.get(name);
    if (foreign !== undefined) foreign.held = Math.max(foreign.held, total);
  }

  /** Takes in what is read of the counter. Answers what is wrong with it. */
  read(nodes: Readonly<Record<string, number>>): string[] {
    const faults: string[] = [];
    let ours = 0;
    for (const [name, total] of Object.entries(nodes)) {
      if (this.#foreign.get(name)?.shown.has(total) !== true) ours += total;
    }
    for (const [name, { held }] of this.#foreign) {
      const total = nodes[name] ?? 0;
      if (total < held) faults.push(`${name} has ${total} and had ${held}`);
      this.acknowledgeShown(name, total);
    }
    const more = ours - this.#counted;
    if (more < 0 || (more & ~this.#open) !== 0) {
      faults.push(`${ours} is counted; certain are ${this.#counted}, open are ${this.#open}`);
    }
    this.#counted = ours;
    this.#open &= ~ours;
    return faults.map((fault) => `${fault}: ${JSON.stringify(nodes)}`);
  }
}
