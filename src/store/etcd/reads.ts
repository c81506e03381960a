/**
 * Linearizable reads. Those that wait while a transaction of reads is under way share the next one, and those of the same
 * counter share its range: a read is part of a transaction that was sent after it came.
 */
import type { Clock } from '../../runtime/clock.ts';
import { DecodeError } from '../../runtime/decode.ts';
import { ApiError } from '../api-error.ts';
import type { NamedCounter } from '../store.ts';
import { allCounters } from './all-counters.ts';
import type { Endpoints } from './endpoints.ts';
import { counterFrom } from './entries.ts';
import { EtcdError, MAX_OPERATIONS, type KeyValue, type Range } from './etcd.ts';
import type { Keyspace } from './keys.ts';
import { PATIENCE_MS, apiErrorOf } from './task.ts';

/** How many different counters can wait to be read. */
const MAX_WAITING = 20_000;
/** How many entries are asked for at a time. */
const PAGE = 1000;
/** The same when all are wanted: about 10 ms of work, while each page costs etcd a walk through all that follow. */
const LARGE_PAGE = 5000;

export interface ReadsOptions {
  readonly endpoints: Endpoints;
  readonly keys: Keyspace;
  readonly clock: Clock;
  /** Runs a task after the requests that are already here have been handled. */
  readonly afterThisTurn: (task: () => void) => void;
  /** Called after each transaction of reads, with how long it took. */
  readonly onRead: (durationMs: number) => void;
}

export class Reads {
  readonly #endpoints: Endpoints;
  readonly #keys: Keyspace;
  readonly #clock: Clock;
  readonly #afterThisTurn: (task: () => void) => void;
  readonly #onRead: (durationMs: number) => void;
  #waiting = new Map<string, Waiting>();
  #isReading = false;

  constructor({ endpoints, keys, clock, afterThisTurn, onRead }: ReadsOptions) {
    this.#endpoints = endpoints;
    this.#keys = keys;
    this.#clock = clock;
    this.#afterThisTurn = afterThisTurn;
    this.#onRead = onRead;
  }

  /** The counter with this key. Rejects with an ApiError. */
  read(key: string): Promise<NamedCounter> {
    const before = this.#waiting.get(key);
    if (before !== undefined) return before.counter;
    if (this.#waiting.size >= MAX_WAITING) {
      const message = 'as many reads wait for etcd as can; try again later';
      return Promise.reject(new ApiError('too_many_requests', message));
    }
    const waiting = new Waiting();
    this.#waiting.set(key, waiting);
    if (!this.#isReading) {
      this.#isReading = true;
      this.#afterThisTurn(() => void this.#run());
    }
    return waiting.counter;
  }

  /**
   * The first `limit` counters whose keys begin with `prefix`, from the key after `after` on, all as they are at one
   * revision. Rejects with an ApiError.
   */
  async list(prefix: string, after: string | undefined, limit: number): Promise<NamedCounter[]> {
    const untilMs = this.#clock.nowMs() + PATIENCE_MS;
    const { range, rangeEnd } = this.#keys.entriesFrom(prefix, after);
    const byCounter = new Map<string, KeyValue[]>();
    let next: Range = { range, rangeEnd, limit: PAGE };
    try {
      for (;;) {
        const { results, revision } = await this.#endpoints.ranges([next], untilMs);
        const { found, more } = results[0] ?? { found: [], more: false };
        for (const entry of found) {
          const { counter } = this.#keys.parseEntry(entry.key);
          const entries = byCounter.get(counter);
          if (entries === undefined) byCounter.set(counter, [entry]);
          else entries.push(entry);
        }
        const last = found.at(-1);
        // Of the last counter, there may be more entries.
        if (!more || last === undefined || byCounter.size > limit) break;
        next = { range: `${last.key}\0`, rangeEnd, limit: PAGE, revision: next.revision ?? revision };
      }
      return [...byCounter].slice(0, limit).map(([key, entries]) => counterFrom(this.#keys, key, entries));
    } catch (error) {
      throw asApiError(error);
    }
  }

  /** All counters with a prefix, page by page, as they are at one revision. Throws an ApiError. */
  async *all(prefix: string): AsyncGenerator<NamedCounter[], void, void> {
    const untilMs = (): number => this.#clock.nowMs() + PATIENCE_MS;
    try {
      yield* allCounters(this.#endpoints, this.#keys, untilMs, { prefix, page: LARGE_PAGE });
    } catch (error) {
      throw asApiError(error);
    }
  }

  async #run(): Promise<void> {
    while (this.#waiting.size > 0) {
      const some = [...this.#waiting].slice(0, MAX_OPERATIONS);
      for (const [key] of some) this.#waiting.delete(key);
      const ranges = some.map(([key]) => this.#keys.entriesOf(key));
      const startMs = this.#clock.nowMs();
      try {
        const { results } = await this.#endpoints.ranges(ranges, startMs + PATIENCE_MS);
        this.#onRead(this.#clock.nowMs() - startMs);
        for (const [index, [key, waiting]] of some.entries()) {
          waiting.resolve(counterFrom(this.#keys, key, results[index]?.found ?? []));
        }
      } catch (error) {
        for (const [, waiting] of some) waiting.reject(asApiError(error));
      }
    }
    this.#isReading = false;
  }
}

class Waiting {
  resolve: (counter: NamedCounter) => void = () => {};
  reject: (error: unknown) => void = () => {};
  readonly counter = new Promise<NamedCounter>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });
}

const asApiError = (error: unknown): unknown =>
  error instanceof EtcdError || error instanceof DecodeError ? apiErrorOf(error) : error;
