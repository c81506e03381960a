/**
 * A simulated store: counters over a disk that takes time. Follows the rules of the shipped disk store (nothing takes
 * effect before it is on the disk), with a disk that can fail in the middle of a write.
 */
import { Counters } from '../../store/counters.ts';
import type { Replica } from '../../cluster/replica.ts';
import type { GCounter } from '../../crdt/g-counter.ts';
import { type Identity, firstIdentity, hasRandomSuffix, randomSuffix } from '../../crdt/replica-id.ts';
import {
  type CounterState,
  LOWER_BOUND,
  type Totals,
  merged,
  nextSuffix,
  incremented,
  zero,
} from '../../crdt/counter-state.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';

/** What survives when the process is killed. */
export class Disk {
  identity: Identity;
  readonly states = new Map<string, CounterState>();

  constructor(identity: Identity) {
    this.identity = identity;
  }
}

/** How long one write takes. */
const WRITE_MS = 2;

interface Write {
  readonly states: Map<string, CounterState>;
  identity: Identity | undefined;
  readonly onStored: (() => void)[];
}

const emptyWrite = (): Write => ({ states: new Map(), identity: undefined, onStored: [] });

export class SimulatedStore implements Replica {
  readonly counters: Counters;
  readonly #disk: Disk;
  readonly #clock: Clock;
  protected readonly random: Random;
  #identity: Identity;
  #openBatch = emptyWrite();
  #committingBatch: Write | undefined;

  constructor(disk: Disk, clock: Clock, random: Random) {
    this.#disk = disk;
    this.#clock = clock;
    this.random = random;
    this.#identity = disk.identity;
    this.counters = this.createCounters();
    for (const [key, state] of disk.states) this.counters.set(key, state);
  }

  protected createCounters(): Counters {
    return new Counters();
  }

  get identity(): Identity {
    return this.#identity;
  }

  value(key: string): number {
    return this.counters.get(key)?.value ?? 0;
  }

  /** Adds to a counter. Resolves when that is on the disk. */
  increment(key: string, amount: number): Promise<void> {
    const after = incremented(this.#identity, this.latest(key), amount);
    if (after === undefined) throw new RangeError(`${key} passes 2^53 - 1`);
    return this.put(key, after);
  }

  /** Makes a counter at least `lowerBound`. Resolves when that is on the disk. */
  async raiseTo(key: string, lowerBound: number): Promise<void> {
    if (lowerBound <= this.latest(key).value) await this.#stored(key);
    else await this.merge(new Map([[key, new Map([[LOWER_BOUND, lowerBound]])]]));
  }

  async merge(totals: Totals): Promise<boolean> {
    await Promise.all([...totals].map(([key, shown]) => this.put(key, this.mergedWith(key, shown))));
    return true;
  }

  async useRandomReplicaId(): Promise<void> {
    if (hasRandomSuffix(this.#identity.suffix)) return;
    this.#become(randomSuffix(this.random.next()));
    await this.#write();
  }

  /** Kills the process: the write in progress may or may not reach the disk. */
  kill(random: Random): void {
    if (this.#committingBatch !== undefined && random.next() < 0.5) this.#apply(this.#committingBatch);
  }

  protected latest(key: string): CounterState {
    return (
      this.#openBatch.states.get(key) ??
      this.#committingBatch?.states.get(key) ??
      this.counters.get(key) ??
      zero
    );
  }

  protected mergedWith(key: string, shown: GCounter): CounterState {
    const before = this.latest(key);
    const next = nextSuffix(this.#identity, before, shown, () => randomSuffix(this.random.next()));
    if (next !== undefined) this.#become(next);
    const after = merged(this.#identity, key, before, shown);
    if (after === undefined) throw new RangeError(`${key} passes 2^53 - 1`);
    return after;
  }

  /** Resolves when a state is on the disk and visible to peers. */
  protected put(key: string, state: CounterState): Promise<void> {
    if (state === this.latest(key)) return this.#stored(key);
    this.#openBatch.states.set(key, state);
    return this.#write();
  }

  #become(suffix: number): void {
    // The disk store also records what it had counted under the earlier id; here that is always nothing.
    this.#identity = firstIdentity(this.#identity.nodeId, suffix);
    this.#openBatch.identity = this.#identity;
  }

  /** Resolves when the latest state of a counter is on the disk. */
  #stored(key: string): Promise<void> {
    if (this.#openBatch.states.has(key)) return this.#write();
    const committing = this.#committingBatch?.states.has(key) ? this.#committingBatch : undefined;
    return committing === undefined
      ? Promise.resolve()
      : new Promise((resolve) => void committing.onStored.push(resolve));
  }

  #write(): Promise<void> {
    const stored = new Promise<void>((resolve) => void this.#openBatch.onStored.push(resolve));
    if (this.#committingBatch === undefined) this.#begin();
    return stored;
  }

  #begin(): void {
    const write = this.#openBatch;
    this.#openBatch = emptyWrite();
    this.#committingBatch = write;
    this.#clock.after(WRITE_MS, () => {
      this.#apply(write);
      this.#committingBatch = undefined;
      for (const [key, state] of write.states) this.counters.set(key, state);
      for (const resolve of write.onStored) resolve();
      if (this.#openBatch.onStored.length > 0) this.#begin();
    });
  }

  #apply({ states, identity }: Write): void {
    if (identity !== undefined) this.#disk.identity = identity;
    for (const [key, state] of states) this.#disk.states.set(key, state);
  }
}
