import type { Clock, Timer } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import { type Partition, randomPartition } from './partition.ts';

export const faults = ['partition'] as const;
export type Fault = (typeof faults)[number];

export interface NemesisOptions {
  readonly faults: ReadonlySet<Fault>;
  /** The mean time between changes: a partition begins, and the same time later ends. */
  readonly intervalMs: number;
  readonly nodeIds: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
}

/** Breaks things from `start` to `heal`, and knows what is broken now. */
export class Nemesis {
  readonly #options: NemesisOptions;
  #partition: Partition | undefined;
  #timer: Timer | undefined;

  constructor(options: NemesisOptions) {
    this.#options = options;
  }

  get partition(): Partition | undefined {
    return this.#partition;
  }

  start(): void {
    const { faults: enabled, intervalMs, nodeIds, clock, random } = this.#options;
    if (!enabled.has('partition')) return;
    this.#timer = clock.after(random.next() * 2 * intervalMs, () => {
      this.#partition = this.#partition === undefined ? randomPartition(random, nodeIds) : undefined;
      this.start();
    });
  }

  heal(): void {
    this.#timer?.cancel();
    this.#partition = undefined;
  }

  isBlocked(src: string, dest: string): boolean {
    return this.#partition?.deafTo.get(dest)?.has(src) ?? false;
  }
}
