/**
 * The counter over a key-value store whose reads may be stale. Each node keeps its own total under `counter-<node id>`,
 * which no other node changes. An *effective write* changes the store, so it acts on the store's latest state and brings
 * this client to it: a compare-and-swap of our total, or a *barrier*, which writes a value never written before. At most
 * one is in flight. Once confirmed, it acknowledges the adds it carries, and begins a *sweep*, which reads the other
 * totals, for the reads that were waiting when it was sent. A swap without an answer is repeated (retrier.ts); `#commit`
 * decides what a refused repetition means. docs/how-it-works.md tells why this is right.
 */
import { type CounterType, mergeTotals } from '../crdt/counter-type.ts';
import type { KeyValueStore } from './key-value-store.ts';
import { uniqueIntegers } from '../runtime/random.ts';
import { TimeoutQueue } from '../runtime/timeout-queue.ts';
import { type Counter, CounterError } from './counter.ts';
import { Abandoned, Retrier, type RetrierOptions } from './retrier.ts';

/** How many requests may be open at once; further ones fail. */
export const MAX_OPEN_REQUESTS = 100_000;
/** How many sweeps may be under way at once; each has one read per other node in flight. */
const MAX_SWEEPS = 16;
/** How long to wait between effective writes while requests wait, as a share of the last one's duration. */
const GATHER_SHARE = 1 / 16;
export const MAX_GATHER_MS = 10;

export interface StoredCounterOptions<Total> extends RetrierOptions {
  /** What is counted: up, or up and down. */
  readonly kind: CounterType<Total>;
  readonly store: KeyValueStore;
  readonly nodeId: string;
  /** All nodes of the cluster, this one included. */
  readonly nodeIds: readonly string[];
  /** How long a request may take before it fails. */
  readonly deadlineMs: number;
}

interface Add {
  readonly kind: 'add';
  readonly delta: number;
  /** Whether it is part of a swap that may take effect. */
  sent: boolean;
  readonly resolve: () => void;
  readonly reject: (error: CounterError) => void;
}

interface Read {
  readonly kind: 'read';
  readonly resolve: (value: number) => void;
  readonly reject: (error: CounterError) => void;
}

export class StoredCounter<Total> implements Counter {
  readonly #options: StoredCounterOptions<Total>;
  readonly #kind: CounterType<Total>;
  readonly #others: readonly string[];
  readonly #nextBarrier: () => number;
  readonly #retrier: Retrier;
  readonly #open: TimeoutQueue<Add | Read>;
  /** Waiting for the next effective write, in order of arrival. */
  #adds = new Set<Add>();
  readonly #reads = new Set<Read>();
  /**
   * Our own total, if the last swap of this incarnation was confirmed; unknown while one is in flight, and before the
   * first. Until then, a swap of an earlier incarnation, or one that was given up, may still land. It cannot land
   * afterwards: totals only grow, so the total that it expects never comes back.
   */
  #total: Total | undefined;
  /** The largest totals that have been read so far. */
  #seen: ReadonlyMap<string, Total> = new Map();
  #sweeps = 0;
  #running = false;

  constructor(options: StoredCounterOptions<Total>) {
    this.#options = options;
    this.#kind = options.kind;
    this.#others = options.nodeIds.filter((id) => id !== options.nodeId);
    this.#nextBarrier = uniqueIntegers(options.random);
    this.#retrier = new Retrier(options);
    this.#open = new TimeoutQueue(options.clock, options.deadlineMs, (request) =>
      this.#giveUp(request, `no reply from the store within ${options.deadlineMs} ms`),
    );
  }

  add(delta: number): Promise<void> {
    if (delta === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const add: Add = { kind: 'add', delta, sent: false, resolve, reject };
      if (this.#admit(add)) this.#adds.add(add);
      this.#wake();
    });
  }

  read(): Promise<number> {
    return new Promise((resolve, reject) => {
      const read: Read = { kind: 'read', resolve, reject };
      if (this.#admit(read)) this.#reads.add(read);
      this.#wake();
    });
  }

  close(): void {
    for (const request of this.#open.drain()) this.#giveUp(request, 'the node is stopping');
  }

  #admit(request: Add | Read): boolean {
    if (this.#open.size >= MAX_OPEN_REQUESTS) {
      request.reject(
        new CounterError('temporarily-unavailable', `${MAX_OPEN_REQUESTS} requests are waiting`),
      );
      return false;
    }
    this.#open.add(request);
    return true;
  }

  #giveUp(request: Add | Read, why: string): void {
    if (request.kind === 'add') this.#adds.delete(request);
    else this.#reads.delete(request);
    const kind = request.kind === 'add' && request.sent ? 'timeout' : 'temporarily-unavailable';
    request.reject(new CounterError(kind, why));
  }

  #wake(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    while (this.#adds.size > 0 || (this.#reads.size > 0 && this.#sweeps < MAX_SWEEPS)) {
      const startedMs = this.#options.clock.nowMs();
      await this.#advance();
      await this.#gather(this.#options.clock.nowMs() - startedMs);
    }
    this.#running = false;
  }

  /**
   * Waits a little before the next write. The clients whose requests the last one completed are about to send more,
   * and if the next write left at once, these would just miss it and wait for a whole round trip.
   */
  async #gather(lastWriteMs: number): Promise<void> {
    const gatherMs = Math.min(lastWriteMs * GATHER_SHARE, MAX_GATHER_MS);
    if (gatherMs >= 1 && this.#adds.size + this.#reads.size > 0) await this.#pause(gatherMs);
  }

  #pause(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(durationMs, resolve));
  }

  /** Makes one effective write for all waiting requests, after learning our total if it is unknown. */
  async #advance(): Promise<void> {
    const reads = this.#takeReads();
    let batch: Add[] = [];
    const wanted = (): boolean => this.#adds.size > 0 || this.#anyOpen(batch) || this.#anyOpen(reads);
    try {
      const from = this.#total ?? (this.#adds.size > 0 ? await this.#learn(wanted) : undefined);
      batch = from === undefined ? [] : this.#takeBatch(from);
      if (from !== undefined && batch.length > 0) await this.#commit(from, batch, wanted);
      else if (this.#anyOpen(reads)) await this.#retrier.persist(() => this.#barrier(), wanted);
      void this.#sweep(reads);
    } catch (error) {
      if (error instanceof Abandoned) return;
      if (!(error instanceof CounterError)) throw error;
      this.#fail(batch, new CounterError('timeout', error.message));
      this.#fail([...this.#adds, ...reads], error);
      this.#adds.clear();
    }
  }

  /** Resolves with our total as it is after a barrier. An earlier swap may still change it. */
  async #learn(wanted: () => boolean): Promise<Total> {
    await this.#retrier.persist(() => this.#barrier(), wanted);
    return this.#retrier.persist(() => this.#readOwnTotal(), wanted);
  }

  #takeReads(): Read[] {
    if (this.#sweeps >= MAX_SWEEPS) return [];
    const reads = [...this.#reads];
    this.#reads.clear();
    return reads;
  }

  /** The waiting adds, without those that would take a number in our total past 2^53 − 1, which are refused. */
  #takeBatch(from: Total): Add[] {
    const batch: Add[] = [];
    let to = from;
    for (const add of this.#adds) {
      const raised = this.#kind.increment(to, add.delta);
      if (raised === undefined) {
        this.#fail(
          [add],
          new CounterError('abort', `${JSON.stringify(to)} with ${add.delta} passes 2^53 - 1`),
        );
      } else {
        to = raised;
        batch.push(add);
      }
    }
    this.#adds.clear();
    return batch;
  }

  /**
   * Adds a batch to our total. Its adds are acknowledged, or wait again if the swap has not happened and never will.
   *
   * The same swap is sent again and again until there is a reply, which is safe because `from` never comes back. So a
   * mismatch may be the reply to the repetition of a swap that has happened, and the key decides. Neither `from` nor
   * `to`: ours never will happen. `to`: ours has happened, if `from` came from a confirmed swap. If `from` was only
   * read, a forgotten swap of the same size may have happened instead, and the outcome is unknown.
   */
  async #commit(from: Total, batch: readonly Add[], wanted: () => boolean): Promise<void> {
    const to = batch.reduce((total, add) => this.#kind.increment(total, add.delta) ?? total, from);
    const alone = this.#total !== undefined;
    this.#total = undefined;
    for (const add of batch) add.sent = true;
    const { confirmed, total } = await this.#retrier.persist(() => this.#swap(from, to), wanted);
    if (this.#kind.equals(total, to)) {
      this.#total = to;
      if (confirmed || alone) {
        for (const add of batch) if (this.#open.delete(add)) add.resolve();
      } else {
        const key = counterKey(this.#options.nodeId);
        const why = `${key} became ${JSON.stringify(to)}, by this or by an earlier swap`;
        this.#fail(batch, new CounterError('timeout', why));
      }
      return;
    }
    const again = batch.filter((add) => this.#open.has(add));
    for (const add of again) add.sent = false;
    this.#adds = new Set([...again, ...this.#adds]);
  }

  /** Swaps. Resolves with our total afterwards, and whether the store confirmed that this swap made it so. */
  async #swap(from: Total, to: Total): Promise<{ confirmed: boolean; total: Total }> {
    const { store, nodeId } = this.#options;
    const outcome = await store.compareAndSwap(
      counterKey(nodeId),
      from,
      to,
      this.#kind.equals(from, this.#kind.zero),
    );
    if (outcome === 'ok') return { confirmed: true, total: to };
    await this.#barrier();
    const total = await this.#readOwnTotal();
    if (this.#includes(total, from) && !this.#kind.equals(total, from)) return { confirmed: false, total };
    throw new Error(
      `the store refused to swap ${JSON.stringify(from)} in a key that holds ${JSON.stringify(total)}`,
    );
  }

  /** Resolves `reads` with the sum of all totals, read after an effective write. */
  async #sweep(reads: readonly Read[]): Promise<void> {
    if (reads.length === 0) return;
    this.#sweeps++;
    try {
      const { nodeId } = this.#options;
      const wanted = (): boolean => this.#anyOpen(reads);
      const readTotal = async (id: string): Promise<[string, Total]> => [
        id,
        await this.#retrier.persist(() => this.#readTotal(id), wanted),
      ];
      const totals =
        this.#total === undefined
          ? await Promise.all([nodeId, ...this.#others].map(readTotal))
          : [[nodeId, this.#total] as const, ...(await Promise.all(this.#others.map(readTotal)))];
      this.#seen = mergeTotals(this.#kind, this.#seen, new Map(totals));
      const value = this.#kind.value(this.#seen.values());
      if (value === undefined) throw new CounterError('abort', 'the value passes 2^53 - 1');
      for (const read of reads) if (this.#open.delete(read)) read.resolve(value);
    } catch (error) {
      if (error instanceof CounterError) this.#fail(reads, error);
      else if (!(error instanceof Abandoned)) throw error;
    } finally {
      this.#sweeps--;
      this.#wake();
    }
  }

  /** Each attempt writes another value: writing one that the store already holds would change nothing. */
  #barrier(): Promise<void> {
    return this.#options.store.write(`barrier-${this.#options.nodeId}`, this.#nextBarrier());
  }

  async #readOwnTotal(): Promise<Total> {
    const { nodeId } = this.#options;
    const total = await this.#readTotal(nodeId);
    const seen = this.#seen.get(nodeId) ?? this.#kind.zero;
    if (!this.#includes(total, seen)) {
      throw new Error(`${counterKey(nodeId)} fell from ${JSON.stringify(seen)} to ${JSON.stringify(total)}`);
    }
    return total;
  }

  async #readTotal(nodeId: string): Promise<Total> {
    const found = await this.#options.store.read(counterKey(nodeId));
    if (found === undefined) return this.#kind.zero;
    if (this.#kind.isTotal(found)) return found;
    const shown = JSON.stringify(found).slice(0, 100);
    throw new CounterError('abort', `${counterKey(nodeId)} holds ${shown}, which is not a counter's total`);
  }

  #includes(larger: Total, smaller: Total): boolean {
    return this.#kind.equals(this.#kind.merge(larger, smaller), larger);
  }

  #anyOpen(requests: readonly (Add | Read)[]): boolean {
    return requests.some((request) => this.#open.has(request));
  }

  #fail(requests: readonly (Add | Read)[], error: CounterError): void {
    for (const request of requests) if (this.#open.delete(request)) request.reject(error);
  }
}

const counterKey = (nodeId: string): string => `counter-${nodeId}`;
