/**
 * The disk engine: named counters that are on the disk before they are acknowledged or shown. Operations are worked out
 * on the newest state, committed in groups to the write-ahead log, and only then take effect, so nothing that could
 * still be lost is read, merged elsewhere or written to the snapshot.
 *
 * HTTP handlers use it through the port; the cluster uses its synchronous view: `counters` with an observer, `identity`,
 * `mergeAll` and `useRandomReplicaId`.
 */
import {
  type CounterState,
  LOWER_BOUND,
  type Totals,
  changedParts,
  incremented,
  merged,
  nodesOf,
  showsMore,
  zero,
} from '../../crdt/counter-state.ts';
import type { GCounter } from '../../crdt/g-counter.ts';
import { type Identity, hasRandomSuffix, randomSuffix, replicaIdOf } from '../../crdt/replica-id.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Files } from '../../runtime/files.ts';
import type { Log } from '../../runtime/log.ts';
import type { Random } from '../../runtime/random.ts';
import { ApiError } from '../api-error.ts';
import type { Counters } from '../counters.ts';
import { type IdempotencyRecords, valuesAfterEach, valuesToKeep } from '../idempotency.ts';
import { largestAmong, slicesOf } from '../largest.ts';
import { changesAfter, listPage, namedCounter } from '../named-counter.ts';
import { idempotencyKeyReused, overflow, tooManyIdempotencyKeys, tooManyNodes } from '../store-errors.ts';
import type {
  Changes,
  Counted,
  Health,
  Idempotency,
  Increment,
  NamedCounter,
  Store,
  StoreLimits,
} from '../store.ts';
import { backupOf } from './backup.ts';
import type { Batch } from './batch.ts';
import { GroupCommit } from './group-commit.ts';
import { type Recovered, recover } from './recovery.ts';
import { MIN_LOG_BYTES, Snapshotter } from './snapshotter.ts';
import { WriteAheadLog } from './write-ahead-log.ts';

export interface DiskStoreOptions {
  readonly files: Files;
  /** The node id that the data directory must have; a new directory takes it, or `node-1` if it is undefined. */
  readonly nodeId: string | undefined;
  readonly limits: StoreLimits;
  /** The log is not cut before it is this long. */
  readonly minLogBytes?: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds since 1970. */
  readonly wallClockMs: () => number;
  /** Runs a task after the requests that are already here have been handled. */
  readonly afterThisTurn: (task: () => void) => void;
  /** Logs what is unusual but right. */
  readonly warn: Log;
  /** Called once, when the store becomes read-only. */
  readonly onFailure: (error: unknown) => void;
  /** Called after each commit, with how many increments it contained and how long it took. */
  readonly onCommit: (increments: number, durationMs: number) => void;
}

export class DiskStore implements Store {
  readonly memory: Store['memory'];
  readonly largest: Store['largest'];
  readonly #options: DiskStoreOptions;
  readonly #counters: Counters;
  readonly #idempotencyRecords: IdempotencyRecords;
  /** The time by the clock of the log when it was opened, less the time by the clock of the process. */
  readonly #logAheadMs: number;
  readonly #log: WriteAheadLog;
  readonly #snapshotter: Snapshotter;
  readonly #groupCommit: GroupCommit;
  #identity: Identity;
  /** The segment that has the committing batch, or the one before. */
  #segment = 0;
  /** Resolves when the identity is on the disk. */
  #identityCommitted: Promise<void> = Promise.resolve();

  /** Recovers the store from its files. Rejects as `recover` does. */
  static async open(options: DiskStoreOptions): Promise<DiskStore> {
    const { files, nodeId, limits, random, warn, afterThisTurn } = options;
    const newSuffix = (): number => randomSuffix(random.next());
    const pause = (): Promise<void> => new Promise(afterThisTurn);
    return new DiskStore(
      options,
      await recover(files, { nodeId, limits, wallClockMs: options.wallClockMs(), newSuffix, warn, pause }),
    );
  }

  private constructor(options: DiskStoreOptions, recovered: Recovered) {
    this.#options = options;
    this.memory = { scope: 'server', windowMs: options.limits.windowMs };
    this.#counters = recovered.counters;
    const pause = (): Promise<void> => new Promise(options.afterThisTurn);
    this.largest = largestAmong((prefix) => slicesOf(this.nodeId, this.#counters, prefix, pause));
    this.#identity = recovered.log.identity;
    this.#idempotencyRecords = recovered.idempotencyRecords;
    this.#logAheadMs = recovered.nowMs - options.clock.nowMs();
    const minLogBytes = options.minLogBytes ?? MIN_LOG_BYTES;
    this.#log = new WriteAheadLog(options.files, recovered.log, 2 * minLogBytes);
    this.#snapshotter = new Snapshotter({
      files: options.files,
      log: this.#log,
      counters: this.#counters,
      idempotencyRecords: this.#idempotencyRecords,
      nodeId: this.nodeId,
      clock: options.clock,
      nowMs: () => this.#nowMs(),
      snapshotBytes: recovered.snapshotBytes,
      minLogBytes,
      warn: options.warn,
      onFailure: (error) => this.#fail(error),
    });
    this.#groupCommit = new GroupCommit({
      clock: options.clock,
      afterThisTurn: options.afterThisTurn,
      write: (batch) => {
        // It may begin a segment; to take a record for older than it is does no harm.
        this.#segment = this.#log.newest;
        return this.#log.append(batch);
      },
      publish: (batch) => this.#publish(batch),
      onCommit: ({ increments }, durationMs) => {
        this.#snapshotter.changed();
        options.onCommit(increments, durationMs);
      },
      onFailure: (error) => this.#fail(error),
    });
    if (recovered.behind) this.#snapshotter.changed();
  }

  get nodeId(): string {
    return this.#identity.nodeId;
  }

  /** What this disk counts under now. */
  get identity(): Identity {
    return this.#identity;
  }

  /** The counters as they are on the disk. */
  get counters(): Counters {
    return this.#counters;
  }

  /** Set when the disk has failed: the store then serves reads and nothing else. */
  get failure(): ApiError | undefined {
    return this.#groupCommit.failure;
  }

  get statistics(): Health {
    return {
      isWritable: this.failure === undefined,
      counters: this.#counters.size,
      idempotencyRecords: this.#idempotencyRecords.size,
      logBytes: this.#log.bytes,
      snapshots: this.#snapshotter.written,
    };
  }

  async increment(increments: readonly Increment[], idempotency?: Idempotency): Promise<Counted> {
    const { nodeId } = this;
    const earlier = idempotency === undefined ? undefined : this.#earlierValues(idempotency, increments);
    if (earlier !== undefined) return { nodeId, values: await earlier };
    const { byKey, values } = this.#incremented(increments);
    const batch = this.#groupCommit.openBatch();
    const replicaId = replicaIdOf(this.#identity.nodeId, this.#identity.suffix);
    for (const [key, state] of byKey) {
      batch.set(
        key,
        state,
        state.lowerBound === 0
          ? [[replicaId, state.own]]
          : [
              [LOWER_BOUND, state.lowerBound],
              [replicaId, state.own],
            ],
      );
    }
    batch.increments += increments.length;
    if (idempotency !== undefined) {
      const { id, fingerprint } = idempotency;
      const kept = valuesToKeep(increments, values);
      batch.remember(id, { fingerprint, values: kept, timeMs: this.#nowMs() });
    }
    await batch.committed;
    return { nodeId, values };
  }

  async merge(key: string, parts: GCounter): Promise<NamedCounter> {
    const after = this.#merge(key, parts, this.#options.limits.maxNodes);
    await this.#groupCommit.batchOf(key)?.committed;
    return namedCounter(this.nodeId, key, after);
  }

  /**
   * Merges what can be merged of parts of several counters. Resolves, when that is on the disk, with the errors of the
   * rest. What a peer has counted, under however many replica ids, has been acknowledged there, so the limits on
   * replica ids do not apply.
   */
  async mergeAll(totals: Totals): Promise<ApiError[]> {
    const errors: ApiError[] = [];
    const batches = new Set<Batch>();
    for (const [key, parts] of totals) {
      try {
        this.#merge(key, parts, Infinity);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        errors.push(error);
      }
      const batch = this.#groupCommit.batchOf(key);
      if (batch !== undefined) batches.add(batch);
    }
    for (const { committed } of batches) await committed;
    return errors;
  }

  async raiseTo(key: string, lowerBound: number): Promise<number> {
    const value = this.#latest(key)?.value ?? 0;
    if (lowerBound > value) return (await this.merge(key, new Map([[LOWER_BOUND, lowerBound]]))).value;
    await this.#groupCommit.batchOf(key)?.committed;
    return value;
  }

  read(key: string): Promise<NamedCounter> {
    return Promise.resolve(namedCounter(this.nodeId, key, this.#counters.get(key) ?? zero));
  }

  list(prefix: string, after: string | undefined, limit: number): Promise<readonly NamedCounter[]> {
    return Promise.resolve(listPage(this.nodeId, this.#counters, prefix, after, limit));
  }

  changesAfter(position: number | undefined, prefix: string, limit: number): Promise<Changes> {
    return Promise.resolve(changesAfter(this.nodeId, this.#counters, position, prefix, limit));
  }

  backup(): AsyncGenerator<Buffer, void, void> {
    const [idempotencyRecords, nowMs] = [this.#idempotencyRecords, (): number => this.#nowMs()];
    const { identity, counters } = this;
    return backupOf({ identity, counters, idempotencyRecords, nowMs }, this.#options.clock);
  }

  health(): Promise<Health> {
    return Promise.resolve(this.statistics);
  }

  /**
   * Changes to a random replica id, which no other disk has, unless it has one. Resolves when that is on the disk;
   * rejects with an ApiError.
   */
  async useRandomReplicaId(): Promise<void> {
    if (!hasRandomSuffix(this.#identity.suffix)) {
      this.#become(this.#nextIdentity(), this.#groupCommit.openBatch());
    }
    await this.#identityCommitted;
  }

  /** Commits what is under way and writes the snapshot. The store must not be used from here on. */
  async close(): Promise<void> {
    await this.#groupCommit.idle();
    if (this.failure !== undefined) return;
    await this.#snapshotter.close();
    try {
      // The next start goes on with the ages of the idempotency records from here.
      if (this.#idempotencyRecords.size > 0) await this.#log.append({ timeMs: this.#nowMs() });
      await this.#log.close();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Adds to the open batch what a counter becomes by a merge, if that changes it. Throws an ApiError. */
  #merge(key: string, parts: GCounter, maxNodes: number): CounterState {
    const known = this.#latest(key);
    const before = known ?? zero;
    const isForgetful = showsMore(this.#identity, before, parts);
    const identity = isForgetful ? this.#nextIdentity() : this.#identity;
    const after = merged(identity, key, before, parts);
    if (after === undefined) throw overflow(key);
    const changes = changedParts(identity, before, after);
    if (changes.size === 0) return after;
    const nodes = nodesOf(identity, after).size;
    if (nodes > maxNodes && nodes > nodesOf(identity, before).size) {
      throw tooManyNodes(maxNodes);
    }
    if (known === undefined) this.#checkRoomFor(1);
    const batch = this.#groupCommit.openBatch();
    if (isForgetful) {
      const [past, present] = [this.#identity, identity].map((each) => replicaIdOf(each.nodeId, each.suffix));
      this.#options.warn(`others hold a larger total for ${past} than this disk: continuing as ${present}`);
      this.#become(identity, batch);
    }
    batch.set(key, after, changes);
    return after;
  }

  #become(identity: Identity, batch: Batch): void {
    this.#identity = identity;
    batch.identity = identity;
    this.#identityCommitted = batch.committed;
  }

  /** The counters after all increments, and the value of each after its own. Throws an ApiError if one cannot be done. */
  #incremented(increments: readonly Increment[]): { byKey: Map<string, CounterState>; values: number[] } {
    const byKey = new Map<string, CounterState>();
    const values: number[] = [];
    let added = 0;
    for (const { key, amount } of increments) {
      const before = byKey.get(key) ?? this.#latest(key);
      if (before === undefined) added++;
      const after = incremented(this.#identity, before ?? zero, amount);
      if (after === undefined) throw overflow(key);
      byKey.set(key, after);
      values.push(after.value);
    }
    if (added > 0) this.#checkRoomFor(added);
    return { byKey, values };
  }

  /** A counter with what is on its way to the disk. */
  #latest(key: string): CounterState | undefined {
    return this.#groupCommit.pendingState(key) ?? this.#counters.get(key);
  }

  /** The values of an earlier request with this idempotency key, when they are on the disk. Throws an ApiError. */
  #earlierValues(
    { id, fingerprint }: Idempotency,
    increments: readonly Increment[],
  ): Promise<readonly number[]> | undefined {
    const { pendingIdempotencyRecords, pendingIdempotencyBytes } = this.#groupCommit;
    const pending = this.#groupCommit.pendingIdempotencyRecord(id);
    const nowMs = this.#nowMs();
    const record = pending?.record ?? this.#idempotencyRecords.get(id, nowMs);
    if (record === undefined) {
      const more = pendingIdempotencyRecords + 1;
      if (this.#idempotencyRecords.hasRoomFor(more, nowMs, pendingIdempotencyBytes)) return undefined;
      throw tooManyIdempotencyKeys();
    }
    if (record.fingerprint !== fingerprint) throw idempotencyKeyReused();
    const committed = pending?.batch.committed ?? Promise.resolve();
    return committed.then(() => valuesAfterEach(increments, record.values));
  }

  /** Throws an ApiError if there would be too many counters with `added` more. */
  #checkRoomFor(added: number): void {
    const { maxCounters } = this.#options.limits;
    // Counters that are pending and known count twice here: a bound that is quick to compute, and mostly enough.
    if (this.#counters.size + this.#groupCommit.pendingCounters + added <= maxCounters) return;
    const pendingKeys = this.#groupCommit.pendingKeys();
    const unknown = new Set(pendingKeys.filter((key) => this.#counters.get(key) === undefined));
    if (this.#counters.size + unknown.size + added > maxCounters) {
      throw new ApiError('too_many_counters', `there can be ${maxCounters} counters`);
    }
  }

  /** The identity with a new random suffix. Looks at every counter, but a disk changes its suffix once, if ever. */
  #nextIdentity(): Identity {
    const { nodeId, suffix: present, counted } = this.#identity;
    const suffix = randomSuffix(this.#options.random.next());
    const ours = new Map<string, number>();
    for (const key of new Set([...this.#counters.keys(), ...this.#groupCommit.pendingKeys()])) {
      const state = this.#latest(key);
      if (state?.suffix === present && state.own > 0) ours.set(key, state.own);
    }
    if (ours.size === 0) return { nodeId, suffix, counted };
    return { nodeId, suffix, counted: new Map([...counted, [replicaIdOf(nodeId, present), ours]]) };
  }

  /** Makes a batch visible that is on the disk. */
  #publish({ states, idempotencyRecords }: Batch): void {
    for (const [key, state] of states) this.#counters.set(key, state);
    for (const [id, record] of idempotencyRecords) this.#idempotencyRecords.set(id, record, this.#segment);
  }

  /**
   * The time by the clock of the log, which the ages of idempotency records are told by. It goes on only while the server
   * runs, and nobody can set it.
   */
  #nowMs(): number {
    return Math.floor(this.#logAheadMs + this.#options.clock.nowMs());
  }

  /** After a failed write or sync it is unknown what of it is on the disk, and only a restart can tell. */
  #fail(error: unknown): void {
    if (this.failure !== undefined) return;
    this.#groupCommit.fail(
      new ApiError('read_only', 'the disk has failed: nothing is stored until a restart'),
    );
    this.#snapshotter.stop();
    this.#options.onFailure(error);
  }
}
