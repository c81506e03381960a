/**
 * The counters of a store that are on the disk: by key, in the order of their keys, and in the order of their latest
 * changes. An observer can follow every change synchronously, which the cluster needs.
 */
import { type CounterState, zero } from '../crdt/counter-state.ts';
import type { GCounter } from '../crdt/g-counter.ts';
import { ChangeRing } from '../runtime/change-ring.ts';
import { PastCounters } from './past-counters.ts';
import { SortedKeys } from './sorted-keys.ts';

/** A counter as it may be shown: all of it is on the disk. */
export interface Counter extends CounterState {
  readonly key: string;
  /** The position of its latest change among all changes since the process started, counted from 1. */
  readonly changedAt: number;
}

/** Is called for each change just before it takes effect; `before` is undefined for a counter that is created. */
export type Observer = (counter: Counter, before: CounterState | undefined, after: CounterState) => void;

/** How many changes are kept for watchers that lost their connection for a moment. */
export const RECENT = 65_536;

export class Counters {
  readonly #byKey = new Map<string, Published>();
  readonly #keys = new SortedKeys();
  readonly #changes = new ChangeRing<Counter>(RECENT);
  /** Those who read the counters as they were at some moment. */
  readonly #pasts = new Set<PastCounters>();
  #observer: Observer | undefined;

  get size(): number {
    return this.#byKey.size;
  }

  /** The position of the latest change. */
  get position(): number {
    return this.#changes.position;
  }

  get(key: string): Counter | undefined {
    return this.#byKey.get(key);
  }

  keys(): Iterable<string> {
    return this.#byKey.keys();
  }

  set(key: string, state: CounterState): void {
    const known = this.#byKey.get(key);
    for (const past of this.#pasts) past.changes(key, known);
    const counter = known ?? new Published(key);
    if (known === undefined) {
      this.#byKey.set(key, counter);
      this.#keys.add(key);
    }
    this.#observer?.(counter, known, state);
    this.#changes.push(counter);
    counter.become(state, this.#changes.position);
  }

  /** Reports all present counters as if they had just been created, and each change from now on. */
  observe(observer: Observer): void {
    for (const counter of this.#byKey.values()) observer(counter, undefined, counter);
    this.#observer = observer;
  }

  /** The counters whose keys begin with `prefix` as they are now, to be read while they change. */
  asOfNow(prefix = ''): PastCounters {
    const list = (of: string, after?: string): Iterable<Counter> => this.list(of, after);
    const past = new PastCounters(list, prefix, (ended) => this.#pasts.delete(ended));
    this.#pasts.add(past);
    return past;
  }

  /** The counters whose keys begin with `prefix`, in the order of the keys; only those after the key `after` if given. */
  *list(prefix: string, after?: string): Generator<Counter> {
    for (const key of this.#keys.from(after !== undefined && after > prefix ? after : prefix)) {
      if (!key.startsWith(prefix)) return;
      const counter = this.#byKey.get(key);
      if (counter !== undefined && key !== after) yield counter;
    }
  }

  /** Whether it is known what changed after `position`. */
  remembers(position: number): boolean {
    return this.#changes.remembers(position);
  }

  /** Each counter that changed after `position`, once, in the order of the latest changes. Needs a remembered position. */
  *changedAfter(position: number): Generator<Counter> {
    for (let at = position + 1; at <= this.#changes.position; at++) {
      const counter = this.#changes.at(at);
      if (counter?.changedAt === at) yield counter;
    }
  }
}

/** Most counters have no part but their own total, and share what they have besides. */
class Published implements Counter {
  own = 0;
  changedAt = 0;
  readonly key: string;
  #rest = NO_REST;

  constructor(key: string) {
    this.key = key;
  }

  get suffix(): number {
    return this.#rest.suffix;
  }

  get others(): GCounter {
    return this.#rest.others;
  }

  get lowerBound(): number {
    return this.#rest.lowerBound;
  }

  get value(): number {
    return this.#rest.value ?? this.own;
  }

  become({ own, suffix, others, lowerBound, value }: CounterState, position: number): void {
    this.own = own;
    this.changedAt = position;
    const isPlain = others.size === 0 && lowerBound === 0;
    this.#rest = isPlain ? plain(suffix) : { suffix, others, lowerBound, value };
  }
}

/** What a counter has besides its own total. */
interface Rest {
  readonly suffix: number;
  readonly others: GCounter;
  readonly lowerBound: number;
  /** Undefined if it is the own total. */
  readonly value: number | undefined;
}

const NO_REST: Rest = { suffix: zero.suffix, others: zero.others, lowerBound: 0, value: undefined };
let latestPlain = NO_REST;

/** That of counters without other parts. A server hardly ever has more than one suffix. */
function plain(suffix: number): Rest {
  if (latestPlain.suffix !== suffix) latestPlain = { ...NO_REST, suffix };
  return latestPlain;
}
