import { DiskStore } from '../../src/store/disk/disk-store.ts';
import type { Increment, StoreLimits } from '../../src/store/store.ts';
import { ApiError } from '../../src/store/api-error.ts';
import { nodesOf } from '../../src/crdt/counter-state.ts';
import { replicaIdOf } from '../../src/crdt/replica-id.ts';
import { ProcessClock } from '../../src/workbench/sim/process-clock.ts';
import { streams } from '../../src/workbench/sim/random.ts';
import { VirtualClock } from '../../src/workbench/sim/virtual-clock.ts';
import type { MemoryFiles } from './memory-files.ts';

export interface SimDiskStoreOptions {
  /** Shared by all runs of one server, so that time goes on from one to the next. */
  readonly clock?: VirtualClock;
  readonly nodeId?: string;
  readonly limits?: Partial<StoreLimits>;
  readonly minLogBytes?: number;
  /** Milliseconds since 1970; by default EPOCH_MS when the clock starts. */
  readonly wallClockMs?: () => number;
}

/** When the clocks of these tests start, in milliseconds since 1970. */
export const EPOCH_MS = 1_800_000_000_000;

export const WINDOW_MS = 60_000;

const generous: StoreLimits = {
  maxCounters: 1000,
  maxNodes: 100,
  windowMs: WINDOW_MS,
  maxIdempotencyRecords: 1000,
};

/** Each run of a store draws other random numbers. */
let runs = 0;

/** A store over files in memory, in virtual time: nothing goes on but in `run` and `pass`. */
export class SimDiskStore {
  readonly files: MemoryFiles;
  readonly clock: VirtualClock;
  readonly warnings: string[] = [];
  /** What the store has said that failed. */
  readonly failures: unknown[] = [];
  /** How many increments each stored batch had. */
  readonly batches: number[] = [];
  readonly #lifetime: ProcessClock;
  #store: DiskStore | undefined;

  private constructor(files: MemoryFiles, clock: VirtualClock) {
    this.files = files;
    this.clock = clock;
    this.#lifetime = new ProcessClock(clock);
  }

  /** Opens a store. To be awaited while the clock runs. */
  static async open(
    files: MemoryFiles,
    { clock = new VirtualClock(), nodeId, limits, minLogBytes, wallClockMs }: SimDiskStoreOptions,
  ): Promise<SimDiskStore> {
    const sim = new SimDiskStore(files, clock);
    sim.#store = await DiskStore.open({
      files,
      nodeId,
      limits: { ...generous, ...limits },
      ...(minLogBytes === undefined ? {} : { minLogBytes }),
      clock: sim.#lifetime,
      random: streams(1)(`store ${++runs}`),
      wallClockMs: wallClockMs ?? (() => EPOCH_MS + Math.floor(clock.nowMs())),
      afterThisTurn: (task) => void sim.#lifetime.after(0, task),
      warn: (text) => sim.warnings.push(text),
      onFailure: (error) => sim.failures.push(error),
      onCommit: (increments) => sim.batches.push(increments),
    });
    return sim;
  }

  /** Opens a store and lets time pass until it is open. */
  static begin(files: MemoryFiles, options: SimDiskStoreOptions = {}): Promise<SimDiskStore> {
    const clock = options.clock ?? new VirtualClock();
    return clock.run(SimDiskStore.open(files, { ...options, clock }));
  }

  get store(): DiskStore {
    if (this.#store === undefined) throw new Error('the store is not open');
    return this.#store;
  }

  /** Cancels all timers, as the end of the process would. */
  end(): void {
    this.#lifetime.end();
  }

  /** Lets time pass until `work` is done. */
  run<T>(work: Promise<T>): Promise<T> {
    return this.clock.run(work);
  }

  pass(durationMs: number): Promise<void> {
    return this.run(new Promise((resolve) => this.clock.after(durationMs, resolve)));
  }

  /** Increments a counter, and answers its value then or the code of the refusal. */
  async add(key: string, amount = 1, id?: string): Promise<number | string> {
    const values = await this.addAll([{ key, amount }], id);
    return typeof values === 'string' ? values : (values[0] ?? 'no value');
  }

  /** The same for several at once. */
  addAll(increments: readonly Increment[], id?: string): Promise<readonly number[] | string> {
    const idempotency = id === undefined ? undefined : { id, fingerprint: JSON.stringify(increments) };
    return orRefusal(this.store.increment(increments, idempotency).then(({ values }) => values));
  }

  /** Merges totals, and answers the counter's value then or the code of the refusal. */
  merge(key: string, nodes: Readonly<Record<string, number>>): Promise<number | string> {
    return orRefusal(this.store.merge(key, new Map(Object.entries(nodes))).then(({ value }) => value));
  }

  /** What the disk counts under. */
  get replicaId(): string {
    const { nodeId, suffix } = this.store.identity;
    return replicaIdOf(nodeId, suffix);
  }

  value(key: string): number {
    return this.store.counters.get(key)?.value ?? 0;
  }

  nodes(key: string): Record<string, number> {
    const counter = this.store.counters.get(key);
    return counter === undefined ? {} : Object.fromEntries(nodesOf(this.store.identity, counter));
  }
}

/** What a request comes to, or the code of its refusal. */
export const orRefusal = <T>(request: Promise<T>): Promise<T | string> =>
  request.catch((error: unknown) => {
    if (error instanceof ApiError) return error.code;
    throw error;
  });
