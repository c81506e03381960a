import type { GCounter } from '../../crdt/g-counter.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Random } from '../../runtime/random.ts';
import { type IdempotencyLimits, Answers } from '../idempotency.ts';
import { Batch } from './batch.ts';
import type { Counters } from '../counters.ts';
import { type Identity, isBeyond, hasRandomSuffix, randomSuffix, replicaIdOf } from '../../crdt/replica-id.ts';
import { ApiError } from '../api-error.ts';
import {
  type CounterState,
  LOWER_BOUND,
  type Totals,
  changedParts,
  merged,
  nextSuffix,
  nodesOf,
  incremented,
  zero,
} from '../../crdt/counter-state.ts';
import type { Files } from '../../runtime/files.ts';
import { LogWriter } from './log-writer.ts';
import { type Recovered, recover } from './recovery.ts';
import { Snapshotter } from './snapshotter.ts';

export interface DiskStoreOptions {
  readonly files: Files;
  /** The id that the node must have; a new one takes it, and is `node-1` where it is undefined. */
  readonly nodeId: string | undefined;
  readonly limits: StoreLimits;
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds since 1970. */
  readonly wallClockMs: () => number;
  /** Runs a task after the requests that are already here have been handled. */
  readonly afterThisTurn: (task: () => void) => void;
  /** Told what is unusual but right. */
  readonly warn: Log;
  /** Called once, when the store has become read-only. */
  readonly onFailure: (error: unknown) => void;
  /** Called for each batch that has been stored, with how many increments it had and how long it took. */
  readonly onStored: (increments: number, durationMs: number) => void;
}

export interface StoreLimits extends IdempotencyLimits {
  readonly maxCounters: number;
  /** How many totals one counter may have. */
  readonly maxNodes: number;
}

export interface Increment {
  readonly key: string;
  /** A positive safe integer. */
  readonly amount: number;
}

/** What tells a retry from a new request. */
export interface Idempotency {
  readonly id: string;
  /** Of the content: retries have the same. */
  readonly fingerprint: string;
}

/**
 * Named counters that are on the disk before anybody hears of them.
 *
 * Operations are worked out on the newest state and collected in a batch. When the batch before has been stored, this
 * one is written and synced as a whole, takes effect, and is acknowledged. So however slow the disk is, it is asked
 * for one sync per round and not per increment, and nothing that could still be lost is ever read, merged elsewhere
 * or written to the snapshot.
 */
export class DiskStore {
  readonly #options: DiskStoreOptions;
  readonly #counters: Counters;
  readonly #answers: Answers;
  readonly #log: LogWriter;
  readonly #snapshotter: Snapshotter;
  #identity: Identity;
  /** Takes in operations. */
  #gathering: Batch | undefined;
  /** Is being stored. */
  #storing: Batch | undefined;
  #failure: ApiError | undefined;

  /** Recovers the store from its files. Rejects where `recover` does. */
  static async open(options: DiskStoreOptions): Promise<DiskStore> {
    const { files, nodeId, random, warn, afterThisTurn } = options;
    const newSuffix = (): number => randomSuffix(random.next());
    const pause = (): Promise<void> => new Promise(afterThisTurn);
    return new DiskStore(options, await recover(files, { nodeId, newSuffix, warn, pause }));
  }

  private constructor(options: DiskStoreOptions, recovered: Recovered) {
    this.#options = options;
    this.#counters = recovered.counters;
    this.#identity = recovered.log.identity;
    this.#answers = new Answers(options.limits);
    for (const [id, answer] of recovered.answers) this.#answers.set(id, answer);
    this.#log = new LogWriter(options.files, recovered.log);
    this.#snapshotter = new Snapshotter({
      files: options.files,
      log: this.#log,
      counters: this.#counters,
      answers: this.#answers,
      nodeId: this.#identity.nodeId,
      clock: options.clock,
      wallClockMs: options.wallClockMs,
      snapshotBytes: recovered.snapshotBytes,
      onFailure: (error) => this.#fail(error),
    });
    if (recovered.behind) this.#snapshotter.changed();
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** What is stored. */
  get counters(): Counters {
    return this.#counters;
  }

  /** Set when the disk has failed: the store then answers reads, and nothing else. */
  get failure(): ApiError | undefined {
    return this.#failure;
  }

  get statistics(): { logBytes: number; snapshots: number; answers: number } {
    return {
      logBytes: this.#log.bytes,
      snapshots: this.#snapshotter.written,
      answers: this.#answers.size,
    };
  }

  /**
   * Adds to counters, to all or to none. Resolves with the value of each after its increment, in their order, when
   * all is stored. Rejects with a ApiError. A request that has been answered gets the same answer again, and adds
   * nothing.
   */
  async increment(increments: readonly Increment[], idempotency?: Idempotency): Promise<readonly number[]> {
    const earlier = idempotency === undefined ? undefined : this.#earlierAnswer(idempotency);
    if (earlier !== undefined) return earlier;
    const { byKey, values } = this.#raise(increments);
    const batch = this.#gather();
    const name = replicaIdOf(this.#identity.nodeId, this.#identity.suffix);
    for (const [key, state] of byKey) {
      batch.set(
        key,
        state,
        state.lowerBound === 0
          ? [[name, state.own]]
          : [
              [LOWER_BOUND, state.lowerBound],
              [name, state.own],
            ],
      );
    }
    batch.increments += increments.length;
    if (idempotency !== undefined) {
      const { id, fingerprint } = idempotency;
      batch.answers.set(id, { fingerprint, values, timeMs: this.#options.wallClockMs() });
    }
    await batch.stored;
    return values;
  }

  /**
   * Merges parts into a counter. Resolves with what it then is, when that is stored. Rejects with a ApiError.
   */
  async merge(key: string, shown: GCounter): Promise<CounterState> {
    for (const name of shown.keys()) {
      if (!isBeyond(this.#identity.nodeId, name)) continue;
      throw new ApiError('invalid_nodes', `this node never gets to suffix '${name}'`);
    }
    const after = this.#merge(key, shown, this.#options.limits.maxNodes);
    await this.#batchOf(key)?.stored;
    return after;
  }

  /**
   * Merges what it can of parts of several counters. Resolves, when that is stored, with why others were refused. What
   * a peer has counted under any number of names has been acknowledged there, so no limit keeps it out.
   */
  async mergeAll(totals: Totals): Promise<ApiError[]> {
    const refusals: ApiError[] = [];
    const batches = new Set<Batch>();
    for (const [key, shown] of totals) {
      const known = [...shown].filter(([name]) => !isBeyond(this.#identity.nodeId, name));
      try {
        this.#merge(key, known.length === shown.size ? shown : new Map(known), Infinity);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        refusals.push(error);
      }
      const batch = this.#batchOf(key);
      if (batch !== undefined) batches.add(batch);
    }
    for (const { stored } of batches) await stored;
    return refusals;
  }

  /** Makes the value of a counter at least `lowerBound`. Resolves with its value, when that is stored; rejects with a ApiError. */
  async raiseTo(key: string, lowerBound: number): Promise<number> {
    const value = this.#latest(key)?.value ?? 0;
    if (lowerBound > value) return (await this.merge(key, new Map([[LOWER_BOUND, lowerBound]]))).value;
    await this.#batchOf(key)?.stored;
    return value;
  }

  /** From now on counts under a name that no other disk has. Resolves when that is stored; rejects with a ApiError. */
  async useRandomReplicaId(): Promise<void> {
    if (hasRandomSuffix(this.#identity.suffix)) return;
    const batch = this.#gather();
    this.#become(this.#identityAt(this.#newSuffix()), batch);
    await batch.stored;
  }

  /** Stores what is under way and writes the snapshot. Nothing may be asked of the store from here on. */
  async close(): Promise<void> {
    while (this.#gathering !== undefined || this.#storing !== undefined) {
      await (this.#storing ?? this.#gathering)?.stored.catch(() => {});
    }
    if (this.#failure !== undefined) return;
    await this.#snapshotter.close();
    await this.#log.close().catch((error: unknown) => this.#fail(error));
  }

  /** Puts what a counter becomes by a merge into the batch, if it changes. Throws a ApiError. */
  #merge(key: string, shown: GCounter, maxNodes: number): CounterState {
    const known = this.#latest(key);
    const before = known ?? zero;
    const next = nextSuffix(this.#identity, before, shown, this.#newSuffix);
    const identity = next === undefined ? this.#identity : this.#identityAt(next);
    const after = merged(identity, key, before, shown);
    if (after === undefined) throw overflow(key);
    const changes = changedParts(identity, before, after);
    if (changes.size === 0) return after;
    const nodes = nodesOf(identity, after).size;
    if (nodes > maxNodes && nodes > nodesOf(identity, before).size) {
      throw new ApiError('too_many_nodes', `a counter can have totals of ${maxNodes} nodes`);
    }
    if (known === undefined) this.#refuseCounters(1);
    const batch = this.#gather();
    if (next !== undefined) {
      const [past, present] = [this.#identity, identity].map((each) => replicaIdOf(each.nodeId, each.suffix));
      this.#options.warn(`others hold a larger total for ${past} than this disk: counting on as ${present}`);
      this.#become(identity, batch);
    }
    batch.set(key, after, changes);
    return after;
  }

  readonly #newSuffix = (): number => randomSuffix(this.#options.random.next());

  #become(identity: Identity, batch: Batch): void {
    this.#identity = identity;
    batch.identity = identity;
  }

  /** The counters after all increments, and the value of each after its own. Throws a ApiError if one cannot be done. */
  #raise(increments: readonly Increment[]): { byKey: Map<string, CounterState>; values: number[] } {
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
    if (added > 0) this.#refuseCounters(added);
    return { byKey, values };
  }

  /** The batch that has the latest change of a counter, while it is not stored. */
  #batchOf(key: string): Batch | undefined {
    if (this.#gathering?.states.has(key)) return this.#gathering;
    return this.#storing?.states.has(key) ? this.#storing : undefined;
  }

  /** The counters that change in what is not yet stored. */
  #waitingKeys(): string[] {
    return [this.#storing, this.#gathering].flatMap((batch) => [...(batch?.states.keys() ?? [])]);
  }

  #latest(key: string): CounterState | undefined {
    return this.#gathering?.states.get(key) ?? this.#storing?.states.get(key) ?? this.#counters.get(key);
  }

  #earlierAnswer({ id, fingerprint }: Idempotency): Promise<readonly number[]> | undefined {
    const batch = [this.#gathering, this.#storing].find((candidate) => candidate?.answers.has(id));
    const nowMs = this.#options.wallClockMs();
    const answer = batch?.answers.get(id) ?? this.#answers.get(id, nowMs);
    if (answer === undefined) {
      const waiting = (this.#gathering?.answers.size ?? 0) + (this.#storing?.answers.size ?? 0);
      if (this.#answers.hasRoomFor(waiting + 1, nowMs)) return undefined;
      throw new ApiError(
        'too_many_idempotency_keys',
        'as many idempotency keys are remembered as can be; try again later, or without one',
      );
    }
    if (answer.fingerprint !== fingerprint) {
      throw new ApiError(
        'idempotency_key_reused',
        'this idempotency key came with another request before',
      );
    }
    return (batch?.stored ?? Promise.resolve()).then(() => answer.values);
  }

  #refuseCounters(added: number): void {
    const { maxCounters } = this.#options.limits;
    const waiting = (this.#storing?.states.size ?? 0) + (this.#gathering?.states.size ?? 0);
    if (this.#counters.size + waiting + added <= maxCounters) return;
    const unknown = new Set(this.#waitingKeys().filter((key) => this.#counters.get(key) === undefined));
    if (this.#counters.size + unknown.size + added > maxCounters) {
      throw new ApiError('too_many_counters', `there can be ${maxCounters} counters`);
    }
  }

  /** The identity of a later suffix. Looks at every counter: this happens once in the life of a disk, if at all. */
  #identityAt(suffix: number): Identity {
    const { nodeId, suffix: present, counted } = this.#identity;
    const ours = new Map<string, number>();
    for (const key of new Set([...this.#counters.keys(), ...this.#waitingKeys()])) {
      const state = this.#latest(key);
      if (state?.suffix === present && state.own > 0) ours.set(key, state.own);
    }
    if (ours.size === 0) return { nodeId, suffix, counted };
    return { nodeId, suffix, counted: new Map([...counted, [replicaIdOf(nodeId, present), ours]]) };
  }

  #gather(): Batch {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#gathering === undefined) {
      this.#gathering = new Batch();
      if (this.#storing === undefined) this.#options.afterThisTurn(() => void this.#store());
    }
    return this.#gathering;
  }

  /** Stores batch after batch, until none has been gathered while the last was being stored. */
  async #store(): Promise<void> {
    while (this.#gathering !== undefined) {
      const batch = this.#gathering;
      this.#gathering = undefined;
      this.#storing = batch;
      const startMs = this.#options.clock.nowMs();
      try {
        await this.#log.append(batch);
      } catch (error) {
        this.#storing = undefined;
        batch.reject(
          new ApiError(
            'unknown_outcome',
            'the disk failed while this was being stored: whether it counts shows after a restart',
          ),
        );
        this.#fail(error);
        return;
      }
      for (const [key, state] of batch.states) this.#counters.set(key, state);
      for (const [id, answer] of batch.answers) this.#answers.set(id, answer);
      this.#storing = undefined;
      batch.resolve();
      this.#snapshotter.changed();
      this.#options.onStored(batch.increments, this.#options.clock.nowMs() - startMs);
    }
  }

  /** After a failed write or sync nobody knows what of it is on the disk, and only a restart can look. */
  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = new ApiError('read_only', 'the disk has failed: nothing is stored until a restart');
    this.#gathering?.reject(this.#failure);
    this.#gathering = undefined;
    this.#snapshotter.stop();
    this.#options.onFailure(error);
  }
}

const overflow = (key: string): ApiError =>
  new ApiError('overflow', `the value of ${JSON.stringify(key)} would pass 2^53 - 1`);
