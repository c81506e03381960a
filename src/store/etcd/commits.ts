/**
 * The writes of a server, one commit at a time. All that arrive while a commit is under way share the next one, up to
 * what a transaction holds. What a lost claim has left undone is done under the next one; only if another server has
 * claimed the slot in between is an outcome unknown, unless an idempotency key tells.
 */
import type { Clock } from '../../runtime/clock.ts';
import { TimeoutQueue } from '../../runtime/timeout-queue.ts';
import { ApiError } from '../api-error.ts';
import { tooManyIdempotencyKeys } from '../store-errors.ts';
import type { Counted, Idempotency, Increment, StoreLimits } from '../store.ts';
import { Admission } from './admission.ts';
import { CLAIM_RESULTS, Claim, type Outcome } from './claim.ts';
import type { CommitObserver } from './commit-observer.ts';
import { CreatedCounters } from './created-counters.ts';
import type { Endpoints } from './endpoints.ts';
import { HEALTH_PATIENCE_MS } from './etcd-health.ts';
import { EtcdError, type OperationResult, type Txn, isIndefinite } from './etcd.ts';
import {
  type CommitContext,
  type Known,
  MAX_COUNTERS_AT_ONCE,
  type Plan,
  groupOf,
  plan,
  tooManyAtOnce,
  tooManyCounters,
  txnOf,
} from './groups.ts';
import { look } from './guarded-look.ts';
import { type GuardedWrite, guardedIncrements } from './guarded.ts';
import { corrected } from './idempotency-record.ts';
import type { Keyspace } from './keys.ts';
import { KnownCounters } from './known-counters.ts';
import { Quiet } from './quiet.ts';
import { RecordLeases } from './record-leases.ts';
import { Settling } from './settling.ts';
import type { Slots } from './slots.ts';
import {
  GuardedTask,
  IncrementTask,
  PATIENCE_MS,
  type Task,
  hasIdempotencyKey,
  rejectWith,
  unavailable,
  unknownOutcome,
} from './task.ts';
import { within } from './within.ts';

export interface CommitsOptions {
  readonly endpoints: Endpoints;
  readonly keys: Keyspace;
  readonly slots: Slots;
  readonly limits: StoreLimits;
  readonly clock: Clock;
  /** Runs a task after the requests that are already here have been handled. */
  readonly afterThisTurn: (task: () => void) => void;
  readonly observer: CommitObserver;
}

const MAX_WAITING = 20_000;
/** The pause between attempts to claim a slot is as long as after so many failures. */
const CLAIM_PAUSE = 5;

export class Commits {
  readonly #options: CommitsOptions;
  readonly #known: KnownCounters;
  readonly #quiet = new Quiet();
  readonly #recordLeases: RecordLeases;
  readonly #settling: Settling;
  readonly #admission: Admission;
  /** The tasks that have not been answered. */
  readonly #timeouts: TimeoutQueue<Task>;
  /** Those that wait for a commit, oldest first. */
  #waiting: Task[] = [];
  #claim: Claim | undefined;
  readonly #created: CreatedCounters;
  #revision = 0;
  #isRunning = false;
  #isClosed = false;
  readonly #onIdle: (() => void)[] = [];

  constructor(options: CommitsOptions) {
    const { endpoints, keys, clock, limits } = options;
    this.#options = options;
    this.#known = new KnownCounters(endpoints, keys);
    this.#created = new CreatedCounters(endpoints, keys);
    this.#recordLeases = new RecordLeases(endpoints, clock, limits);
    this.#timeouts = new TimeoutQueue(clock, PATIENCE_MS, (task) => task.expire());
    const onSettled = (task: Task): void => void this.#timeouts.delete(task);
    const recordLeases = this.#recordLeases;
    this.#settling = new Settling({ endpoints, keys, clock, recordLeases, onSettled });
    this.#admission = new Admission({ endpoints, keys, recordLeases, settling: this.#settling });
  }

  /** How many counters there are; if etcd does not tell in time, as far as this server has seen. */
  counters(): Promise<number> {
    const { clock } = this.#options;
    return within(clock, HEALTH_PATIENCE_MS, this.#created.count(clock.nowMs()), () => this.#created.all);
  }

  /** How many idempotency records of this server may be in their window. */
  get idempotencyRecords(): number {
    return this.#recordLeases.records;
  }

  /** How many requests have not been answered. */
  get waiting(): number {
    return this.#timeouts.size;
  }

  /** The revision of the latest commit that was done. */
  get revision(): number {
    return this.#revision;
  }

  /** Adds to counters as `Store.increment` does. */
  increment(increments: readonly Increment[], idempotency: Idempotency | undefined): Promise<Counted> {
    const task = new IncrementTask(increments, idempotency);
    if (task.counters.length > MAX_COUNTERS_AT_ONCE) task.reject(tooManyAtOnce(task.counters.length));
    else this.#add(task);
    return task.done;
  }

  /** Does a guarded write. Rejects with an ApiError. */
  guarded(write: GuardedWrite): Promise<void> {
    const task = new GuardedTask(write);
    this.#add(task);
    return task.done;
  }

  /** Claims a slot if none is held, and commits what waits. */
  wake(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    const { afterThisTurn, observer } = this.#options;
    afterThisTurn(() => void this.#run().catch((error: unknown) => observer.failed(error)));
  }

  /** Takes nothing more. Resolves when nothing is under way; at the latest after a request's patience. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (!this.#isRunning) return;
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.after(PATIENCE_MS, resolve);
      this.#onIdle.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #add(task: Task): void {
    if (this.#isClosed) task.reject(unavailable('the server is stopping'));
    else if (this.#timeouts.size >= MAX_WAITING) {
      task.reject(
        new ApiError('too_many_requests', 'as many requests wait for etcd as can; try again later'),
      );
    } else {
      this.#waiting.push(task);
      this.#timeouts.add(task);
      this.wake();
    }
  }

  async #run(): Promise<void> {
    for (;;) {
      const claim = await this.#held();
      this.#waiting = this.#waiting.filter(({ isSettled }) => !isSettled);
      const [first] = this.#waiting;
      if (first === undefined || claim === undefined) break;
      await this.#commit(first, claim);
    }
    this.#isRunning = false;
    for (const onIdle of this.#onIdle.splice(0)) onIdle();
  }

  /** Commits the first task, with others if it can be. */
  async #commit(first: Task, claim: Claim): Promise<void> {
    const isAlone = first instanceof GuardedTask || first.isGuarded;
    const group = isAlone ? [] : groupOf(this.#waiting.filter((task) => task instanceof IncrementTask));
    const tasks = new Set<Task>(isAlone ? [first] : group);
    const rest = this.#waiting.filter((task) => !tasks.has(task));
    this.#waiting = [];
    try {
      if (isAlone) await this.#commitGuarded(first, claim);
      else await this.#commitGroup(group, claim);
    } catch (error) {
      if (error instanceof EtcdError && error.code === 'not_found') this.#recordLeases.drop();
      else {
        const failed = [...tasks].filter((task) => !task.isSettling && !task.isSettled);
        await this.#admission.fail(failed, error, this.#options.clock.nowMs() + PATIENCE_MS);
      }
    }
    for (const task of tasks) if (task.isSettled) this.#timeouts.delete(task);
    // What is left is done again, before what came later.
    const left = [...tasks].filter(({ isSettled, isSettling }) => !isSettled && !isSettling);
    this.#waiting = [...left, ...rest, ...this.#waiting];
  }

  /** The present claim. Claims a slot if there is none; undefined when the server stops and nothing waits. */
  async #held(): Promise<Claim | undefined> {
    const { slots, endpoints, keys, clock, observer } = this.#options;
    for (let failures = 0; ; failures++) {
      if (slots.holding !== undefined && this.#claim?.holding === slots.holding) return this.#claim;
      if (this.#claim !== undefined) observer.lost(this.#claim.slot);
      this.#claim = undefined;
      if (this.#isClosed && this.#timeouts.size === 0) return undefined;
      if (failures > 0) await endpoints.pause(CLAIM_PAUSE);
      try {
        const holding = slots.holding ?? (await slots.claim());
        if (holding === undefined) continue;
        this.#known.clear();
        this.#quiet.end();
        await this.#created.load(clock.nowMs() + PATIENCE_MS);
        this.#claim = new Claim(holding, endpoints, keys);
        observer.claimed(holding.slot);
      } catch (error) {
        if (!(error instanceof EtcdError)) throw error;
        observer.claimFailed(error);
        if (!isIndefinite(error)) for (const task of this.#waiting) rejectWith(task, error);
      }
    }
  }

  #context({ slot }: Claim, recordLease: string): CommitContext {
    return { keys: this.#options.keys, slot, recordLease, created: this.#created.of(slot) };
  }

  get #room(): number {
    return this.#options.limits.maxCounters - this.#created.all;
  }

  readonly #knownCounter = (counter: string): Known => this.#known.get(counter);

  async #commitGroup(tasks: readonly IncrementTask[], claim: Claim): Promise<void> {
    const untilMs = this.#options.clock.nowMs() + PATIENCE_MS;
    const counters = new Set(tasks.flatMap((task) => task.counters));
    await this.#known.load(counters, claim.slot, untilMs);
    const admitted = await this.#admission.withRoom(tasks, untilMs);
    const recordLease = admitted.some(hasIdempotencyKey) ? await this.#recordLeases.present(untilMs) : '';
    // Those whose time has come meanwhile were told that they do not count.
    const left = admitted.filter(({ isSettled }) => !isSettled);
    const planned = plan(left, this.#knownCounter, this.#room);
    if (planned.tasks.length > 0) await this.#commitPlan(planned, claim, recordLease, untilMs);
    for (const task of planned.refused) await this.#admission.refuse(task, tooManyCounters(), untilMs);
  }

  async #commitPlan(planned: Plan, claim: Claim, recordLease: string, untilMs: number): Promise<void> {
    const { clock, observer, keys } = this.#options;
    const startMs = clock.nowMs();
    const txn = txnOf(this.#context(claim, recordLease), planned, this.#knownCounter, this.#quiet);
    const sent = planned.tasks.map(({ task }) => task);
    const outcome = await this.#send(claim, sent, txn);
    if (outcome.is === 'done' || outcome.is === 'found done') {
      // Whatever fails from here on, the next commit has to count on from these totals.
      for (const [counter, own] of planned.owns) this.#known.count(counter, own);
      this.#created.set(claim.slot, this.#created.of(claim.slot) + planned.created);
    }
    switch (outcome.is) {
      case 'done': {
        const { results, revision } = outcome.result;
        const [isQuiet, ...entries] = results.slice(...txn.reads);
        if (planned.created > 0) this.#created.learn(results[txn.reads[1]]);
        this.#quiet.committed(revision, txn.assumesQuiet || isQuiet?.txn?.succeeded === true);
        const more = this.#learn(planned, claim, entries, revision);
        this.#settling.answer(planned.tasks, claim.slot, more, revision);
        const increments = planned.tasks.reduce((sum, { task }) => sum + task.increments.length, 0);
        observer.committed(increments, clock.nowMs() - startMs);
        break;
      }
      case 'found done':
        await this.#answerFound(planned, claim, outcome.revision, untilMs);
        break;
      case 'refused': {
        const found = outcome.result.results.slice(CLAIM_RESULTS).flatMap((result) => result.found);
        const records = new Map(found.map((record) => [record.key, record]));
        if (found.length === 0) {
          // Others have committed: what is known of these counters may be wrong.
          this.#quiet.end();
          for (const counter of planned.owns.keys()) this.#known.forget(counter);
        }
        for (const { task } of planned.tasks) {
          const record = records.get(keys.idempotencyRecord(task.idempotency?.id ?? ''));
          if (record !== undefined) this.#settling.settle(task, record);
        }
        break;
      }
      case 'lost':
      case 'unknown':
        break;
    }
  }

  /** Sends a commit, and notes what becomes of it for the claim and for tasks that are not done. */
  async #send(claim: Claim, tasks: readonly Task[], txn: Txn): Promise<Outcome> {
    const { slots, observer } = this.#options;
    for (const task of tasks) task.isSent = true;
    const outcome = await claim.commit(txn).catch((error: unknown) => {
      for (const task of tasks) task.isSent = false;
      throw error;
    });
    if (outcome.is === 'done' || outcome.is === 'found done') {
      this.#revision = outcome.is === 'done' ? outcome.result.revision : outcome.revision;
      this.#recordLeases.put(tasks.filter(hasIdempotencyKey).length);
      if (outcome.is === 'found done') observer.recovered();
    } else {
      for (const task of tasks) {
        if (outcome.is !== 'unknown') task.isSent = false;
        else if (!hasIdempotencyKey(task)) task.reject(unknownOutcome());
      }
      if (outcome.is !== 'refused' && slots.holding === claim.holding) slots.lost();
    }
    return outcome;
  }

  /** Takes over the entries of the counters of a plan, as far as they were read. Returns what others have counted more than was known, if any. */
  #learn(
    { owns }: Plan,
    { slot }: Claim,
    entries: readonly OperationResult[],
    revision: number,
  ): ReadonlyMap<string, number> {
    const more = new Map<string, number>();
    for (const [index, counter] of [...owns.keys()].entries()) {
      const entry = entries[index];
      if (entry === undefined) continue;
      const before = this.#known.get(counter).others;
      const { others } = this.#known.learn(counter, entry.found, slot, revision);
      if (others !== before) more.set(counter, others - before);
    }
    return more;
  }

  /** Answers the tasks of a commit that was done at a revision, but whose answer was lost. */
  async #answerFound(planned: Plan, claim: Claim, revision: number, untilMs: number): Promise<void> {
    const { endpoints, keys } = this.#options;
    if (planned.created > 0) await this.#created.load(untilMs);
    const ranges = [...planned.owns.keys()].map(keys.entriesOf);
    try {
      const { results } = await endpoints.ranges(
        ranges.map((range) => ({ ...range, revision })),
        untilMs,
      );
      this.#settling.answer(
        planned.tasks,
        claim.slot,
        this.#learn(planned, claim, results, revision),
        revision,
      );
      return;
    } catch (error) {
      if (!(error instanceof EtcdError) || error.code !== 'compacted') throw error;
    }
    // Later values have to do, except for those that others may have been told from the records.
    const latest = await endpoints.ranges(ranges, untilMs);
    const more = this.#learn(planned, claim, latest.results, latest.revision);
    for (const { task, values } of planned.tasks) {
      if (task.idempotency === undefined) task.answer(claim.slot, corrected(task.increments, values, more));
    }
  }

  async #commitGuarded(task: Task, claim: Claim): Promise<void> {
    const { clock, endpoints, keys } = this.#options;
    const untilMs = clock.nowMs() + PATIENCE_MS;
    const hasRoom = !hasIdempotencyKey(task) || this.#recordLeases.room > 0;
    const recordLease = hasIdempotencyKey(task) && hasRoom ? await this.#recordLeases.present(untilMs) : '';
    const write = task instanceof GuardedTask ? task.write : guardedIncrements(task);
    const { revision, record, ...seen } = await look(endpoints, keys, write, untilMs);
    if (task.isSettled) return;
    if (task instanceof IncrementTask) {
      if (record !== undefined) return this.#settling.settle(task, record);
      if (!hasRoom) return task.reject(tooManyIdempotencyKeys());
    }
    const view = { ...this.#context(claim, recordLease), ...seen, room: this.#room };
    const { compare, puts, created } = write.plan(view);
    for (const counter of write.counters) this.#known.forget(counter);
    if (puts.length > 0) {
      const guards = write.counters.map((counter) => {
        const { range: key, rangeEnd } = keys.entriesOf(counter);
        return { key, rangeEnd, notPutAfter: revision };
      });
      const txn = { compare: [...compare, ...guards], success: puts, failure: [] };
      const { is } = await this.#send(claim, [task], txn);
      if (is !== 'done' && is !== 'found done') return;
      this.#created.set(claim.slot, view.created + created);
    }
    write.done?.();
    if (task instanceof GuardedTask) task.resolve();
  }
}
