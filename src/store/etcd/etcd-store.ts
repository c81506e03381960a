/**
 * The etcd engine: named counters whose acknowledged increments are on a majority of etcd's members, shared by any number
 * of servers that keep nothing themselves. Each server counts under a slot that it holds, and a value is the sum over the
 * slots. Reads are linearizable: they include everything that any server has acknowledged before they began.
 */
import { LOWER_BOUND } from '../../crdt/counter-state.ts';
import type { GCounter } from '../../crdt/g-counter.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Random } from '../../runtime/random.ts';
import { largestAmong } from '../largest.ts';
import type {
  Changes,
  Counted,
  Fault,
  Health,
  Idempotency,
  IdempotencyMemory,
  Increment,
  NamedCounter,
  Slot,
  Store,
  StoreLimits,
} from '../store.ts';
import { EtcdChanges } from './changes.ts';
import { Commits } from './commits.ts';
import { Endpoints } from './endpoints.ts';
import { EtcdHealth } from './etcd-health.ts';
import { type Endpoint, type Etcd, EtcdError, isIndefinite } from './etcd.ts';
import { MAX_TOTALS_AT_ONCE, checkMerge, guardedMerge, guardedRaise } from './guarded.ts';
import { Keyspace } from './keys.ts';
import { Reads } from './reads.ts';
import { RequestsUnderWay } from './requests-under-way.ts';
import { Slots } from './slots.ts';
import { PATIENCE_MS, apiErrorOf } from './task.ts';

export interface EtcdStoreOptions {
  readonly etcd: Etcd;
  readonly endpoints: readonly Endpoint[];
  /** What all keys of the store begin with; empty or ending in `/`. */
  readonly prefix: string;
  /** How long an endpoint may take to answer before the next one is asked. */
  readonly timeoutMs: number;
  /** The slot to count under, which must contain no `~`; undefined for the lowest that is free. */
  readonly nodeId: string | undefined;
  /** Where this server is, such as HOST:PORT: shown to people who ask for the slots. */
  readonly at: string;
  readonly limits: StoreLimits;
  readonly clock: Clock;
  readonly random: Random;
  /** Runs a task after the requests that are already here have been handled. */
  readonly afterThisTurn: (task: () => void) => void;
  readonly info: Log;
  readonly warn: Log;
  /** Called after each commit, with how many increments it contained and how long it took. */
  readonly onCommit: (increments: number, durationMs: number) => void;
  /** Called with an error that should not happen. The store then commits nothing more. */
  readonly onFailure: (error: unknown) => void;
  /** Called after each transaction of reads, with how long it took. */
  readonly onRead: (durationMs: number) => void;
}

/** What operators want to know besides the health. */
export interface EtcdStatistics {
  /** The slot that is held; undefined while there is none. */
  readonly slot: string | undefined;
  /** What is left of its lease, in milliseconds. */
  readonly leaseLeftMs: number;
  /** How often a claim was lost. */
  readonly claimsLost: number;
  /** How often a commit turned out to be done whose answer was lost. */
  readonly answersRecovered: number;
  /** How many writes have not been answered. */
  readonly waiting: number;
}

export class EtcdStore implements Store {
  readonly largest: Store['largest'];
  readonly #options: EtcdStoreOptions;
  readonly #slots: Slots;
  readonly #commits: Commits;
  readonly #underWay = new RequestsUnderWay();
  readonly #reads: Reads;
  readonly #changes: EtcdChanges;
  readonly #health: EtcdHealth;
  #nodeId: string;
  #saidOfClaims = '';
  #claimsLost = 0;
  #answersRecovered = 0;

  /** Resolves when a slot is held. Says what it waits for. */
  static open(options: EtcdStoreOptions): Promise<EtcdStore> {
    return new Promise((resolve) => {
      const store: EtcdStore = new EtcdStore(options, () => resolve(store));
      store.#commits.wake();
    });
  }

  private constructor(options: EtcdStoreOptions, onClaimed: () => void) {
    const { etcd, clock, random, afterThisTurn, info, warn, limits, timeoutMs, nodeId, prefix } = options;
    this.#options = options;
    this.#nodeId = nodeId ?? '';
    const endpoints = new Endpoints({ etcd, endpoints: options.endpoints, timeoutMs, clock, random });
    const keys = new Keyspace(prefix);
    this.#slots = new Slots({
      endpoints,
      keys,
      slot: nodeId,
      at: options.at,
      clock,
      random,
      warn,
      onLost: () => {
        this.#slots.lost();
        this.#commits.wake();
      },
    });
    this.#commits = new Commits({
      endpoints,
      keys,
      slots: this.#slots,
      limits,
      clock,
      afterThisTurn,
      observer: {
        committed: options.onCommit,
        failed: options.onFailure,
        claimFailed: (error) => {
          // As long as etcd does not answer, each attempt may fail in other words.
          const why = isIndefinite(error) ? 'no answer' : error.message;
          if (why !== this.#saidOfClaims) warn(`no slot can be claimed, trying again: ${error.message}`);
          this.#saidOfClaims = why;
        },
        claimed: (slot) => {
          info(`counting under ${slot}`);
          this.#saidOfClaims = '';
          this.#nodeId = slot;
          onClaimed();
        },
        lost: (slot) => {
          this.#claimsLost++;
          warn(`the claim of ${slot} is lost: what was not committed is committed under the next claim`);
        },
        recovered: () => this.#answersRecovered++,
      },
    });
    this.#reads = new Reads({ endpoints, keys, clock, afterThisTurn, onRead: options.onRead });
    this.largest = largestAmong((of) => this.#reads.all(of));
    this.#changes = new EtcdChanges(endpoints, keys, clock);
    this.#health = new EtcdHealth(endpoints, clock);
  }

  get nodeId(): string {
    return this.#nodeId;
  }

  get memory(): IdempotencyMemory {
    return { scope: 'store', windowMs: this.#options.limits.windowMs };
  }

  get statistics(): EtcdStatistics {
    return {
      slot: this.#slots.holding?.slot,
      leaseLeftMs: this.#slots.leaseLeftMs,
      claimsLost: this.#claimsLost,
      answersRecovered: this.#answersRecovered,
      waiting: this.#commits.waiting,
    };
  }

  increment(increments: readonly Increment[], idempotency?: Idempotency): Promise<Counted> {
    const ask = (): Promise<Counted> => this.#commits.increment(increments, idempotency);
    return idempotency === undefined ? ask() : this.#underWay.share(idempotency, ask);
  }

  async merge(key: string, parts: GCounter): Promise<NamedCounter> {
    const { limits } = this.#options;
    const before = await this.read(key);
    const larger = [...parts].filter(
      ([name, total]) => name !== LOWER_BOUND && total > (before.nodes.get(name) ?? 0),
    );
    checkMerge(key, before, new Map(larger), limits);
    for (let from = 0; from < larger.length; from += MAX_TOTALS_AT_ONCE) {
      const some = new Map(larger.slice(from, from + MAX_TOTALS_AT_ONCE));
      await this.#commits.guarded(guardedMerge(key, some, limits));
    }
    const lowerBound = parts.get(LOWER_BOUND) ?? 0;
    if (lowerBound > 0) await this.raiseTo(key, lowerBound);
    return larger.length === 0 && lowerBound <= before.value ? before : this.read(key);
  }

  async raiseTo(key: string, lowerBound: number): Promise<number> {
    const { value } = await this.read(key);
    if (lowerBound <= value) return value;
    let after = value;
    await this.#commits.guarded(guardedRaise(key, lowerBound, (raised) => (after = raised)));
    return after;
  }

  read(key: string): Promise<NamedCounter> {
    return this.#reads.read(key);
  }

  list(prefix: string, after: string | undefined, limit: number): Promise<readonly NamedCounter[]> {
    return this.#reads.list(prefix, after, limit);
  }

  async changesAfter(position: number | undefined, prefix: string, limit: number): Promise<Changes> {
    const changed = await this.#changes.after(position, prefix, limit, this.#commits.revision).catch(refused);
    if (changed.keys === undefined) return { counters: undefined, position: changed.position };
    const counters = changed.keys.map(async ([key, changedAt]) => {
      const { value, nodes, lowerBound } = await this.read(key);
      return { key, value, nodes, lowerBound, changedAt };
    });
    return { counters: await Promise.all(counters), position: changed.position };
  }

  async slots(): Promise<readonly Slot[]> {
    return this.#slots.list(this.#options.clock.nowMs() + PATIENCE_MS).catch(refused);
  }

  async health(): Promise<Health> {
    const noSlot: Fault = { code: 'no-slot', message: 'this server holds no slot to count under' };
    const [ofEtcd, counters] = await Promise.all([this.#health.fault(), this.#commits.counters()]);
    const fault = ofEtcd ?? (this.#slots.holding === undefined ? noSlot : undefined);
    return {
      isWritable: fault === undefined,
      fault,
      counters,
      idempotencyRecords: this.#commits.idempotencyRecords,
      logBytes: 0,
      snapshots: 0,
    };
  }

  /** Commits what waits, and frees the slot. The store must not be used from here on. */
  async close(): Promise<void> {
    this.#changes.close();
    await this.#commits.close();
    await this.#slots.release();
  }
}

function refused(error: unknown): never {
  throw error instanceof EtcdError ? apiErrorOf(error) : error;
}
