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

/** What a disk keeps when the process that writes to it is killed. */
export class Disk {
  identity: Identity;
  readonly states = new Map<string, CounterState>();

  constructor(identity: Identity) {
    this.identity = identity;
  }
}

/** How long a write takes. */
const WRITE_MS = 2;

interface Write {
  readonly states: Map<string, CounterState>;
  identity: Identity | undefined;
  readonly onStored: (() => void)[];
}

const emptyWrite = (): Write => ({ states: new Map(), identity: undefined, onStored: [] });

/**
 * Counters over a disk that takes its time: the same rules as those of the server's store (nothing takes effect before
 * it is on the disk), and the same states, with a disk that can be taken away in the midst of a write.
 */
export class SimulatedStore implements Replica {
  readonly counters: Counters;
  readonly #disk: Disk;
  readonly #clock: Clock;
  protected readonly random: Random;
  #identity: Identity;
  #gathering = emptyWrite();
  #writing: Write | undefined;

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

  /** The process is killed: what is being written may or may not get to the disk. */
  kill(random: Random): void {
    if (this.#writing !== undefined && random.next() < 0.5) this.#apply(this.#writing);
  }

  protected latest(key: string): CounterState {
    return (
      this.#gathering.states.get(key) ?? this.#writing?.states.get(key) ?? this.counters.get(key) ?? zero
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

  /** Resolves when a state is on the disk, and others may see it. */
  protected put(key: string, state: CounterState): Promise<void> {
    if (state === this.latest(key)) return this.#stored(key);
    this.#gathering.states.set(key, state);
    return this.#write();
  }

  #become(suffix: number): void {
    // A store that leaves a life of its own notes what it had counted there; here that only happens before it counts.
    this.#identity = firstIdentity(this.#identity.nodeId, suffix);
    this.#gathering.identity = this.#identity;
  }

  /** Resolves when the latest state of a counter is on the disk. */
  #stored(key: string): Promise<void> {
    if (this.#gathering.states.has(key)) return this.#write();
    const writing = this.#writing?.states.has(key) ? this.#writing : undefined;
    return writing === undefined
      ? Promise.resolve()
      : new Promise((resolve) => void writing.onStored.push(resolve));
  }

  #write(): Promise<void> {
    const stored = new Promise<void>((resolve) => void this.#gathering.onStored.push(resolve));
    if (this.#writing === undefined) this.#begin();
    return stored;
  }

  #begin(): void {
    const write = this.#gathering;
    this.#gathering = emptyWrite();
    this.#writing = write;
    this.#clock.after(WRITE_MS, () => {
      this.#apply(write);
      this.#writing = undefined;
      for (const [key, state] of write.states) this.counters.set(key, state);
      for (const resolve of write.onStored) resolve();
      if (this.#gathering.onStored.length > 0) this.#begin();
    });
  }

  #apply({ states, identity }: Write): void {
    if (identity !== undefined) this.#disk.identity = identity;
    for (const [key, state] of states) this.#disk.states.set(key, state);
  }
}
