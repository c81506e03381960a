/**
 * The counters with a prefix as they were at one moment, read in the order of their keys while they go on changing: what
 * changes before it has been read is kept as it was. So a reader needs memory for no more than what changes meanwhile.
 */
import { type CounterState, zero } from '../crdt/counter-state.ts';
import type { Counter } from './counters.ts';

/** How many counters are looked up at a time, unless the reader says so. */
const CHUNK_COUNTERS = 256;

export class PastCounters {
  readonly #list: (prefix: string, after?: string) => Iterable<Counter>;
  readonly #prefix: string;
  readonly #onEnd: (past: PastCounters) => void;
  /** What has changed and not been read, as it was; undefined for what there was not. */
  readonly #kept = new Map<string, CounterState | undefined>();
  /** All keys up to this one have been read. */
  #readUpTo = '';

  /** `onEnd` is called when nothing more will be read. */
  constructor(
    list: (prefix: string, after?: string) => Iterable<Counter>,
    prefix: string,
    onEnd: (past: PastCounters) => void,
  ) {
    this.#list = list;
    this.#prefix = prefix;
    this.#onEnd = onEnd;
  }

  /** Must be called before a counter changes, with what it is until then; undefined if it is created. */
  changes(key: string, before: CounterState | undefined): void {
    if (key <= this.#readUpTo || this.#kept.has(key) || !key.startsWith(this.#prefix)) return;
    const { own, suffix, others, lowerBound, value } = before ?? zero;
    this.#kept.set(key, before && { own, suffix, others, lowerBound, value });
  }

  /** The counters, in chunks, each read at once. Time may pass in between. */
  *chunks(chunkCounters = CHUNK_COUNTERS): Generator<[key: string, state: CounterState][]> {
    for (;;) {
      const chunk: [string, CounterState][] = [];
      let count = 0;
      for (const counter of this.#list(this.#prefix, this.#readUpTo)) {
        const { key } = counter;
        const state = this.#kept.has(key) ? this.#kept.get(key) : counter;
        this.#kept.delete(key);
        this.#readUpTo = key;
        if (state !== undefined) chunk.push([key, state]);
        if (++count === chunkCounters) break;
      }
      if (count === 0) return;
      yield chunk;
    }
  }

  /** Nothing more will be read. */
  end(): void {
    this.#onEnd(this);
  }
}
