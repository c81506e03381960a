import { type CounterState, zero } from '../crdt/counter-state.ts';
import { ChangeRing } from '../runtime/change-ring.ts';
import { SortedKeys } from './sorted-keys.ts';

/** A counter as everybody may see it: nothing in it can be lost any more. */
export interface Counter extends CounterState {
  readonly key: string;
  /** The position of its latest change among all changes of this server's life, from 1. */
  readonly changedAt: number;
}

/** Who is told of changes before they take effect. */
export interface Observer {
  added(counter: Counter): void;
  changes(counter: Counter, before: CounterState, after: CounterState): void;
}

/** How many changes are remembered for those who lost their connection for a moment. */
export const RECENT = 65_536;

/** All counters as they are on the disk, and in what order they changed last. */
export class Counters {
  readonly #byKey = new Map<string, Published>();
  readonly #keys = new SortedKeys();
  readonly #changes = new ChangeRing<Counter>(RECENT);
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
    let counter = this.#byKey.get(key);
    if (counter === undefined) {
      counter = new Published(key);
      this.#byKey.set(key, counter);
      this.#keys.add(key);
      this.#observer?.added(counter);
    }
    this.#observer?.changes(counter, counter, state);
    this.#changes.push(counter);
    counter.become(state, this.#changes.position);
  }

  /** Tells of all counters there are, as if they had just come to be what they are, and from now on of each change. */
  observe(observer: Observer): void {
    for (const counter of this.#byKey.values()) {
      observer.added(counter);
      observer.changes(counter, zero, counter);
    }
    this.#observer = observer;
  }

  /** The counters whose keys begin with `prefix`, in the order of the keys, after the key `after` where one is given. */
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

class Published implements Counter {
  own = zero.own;
  suffix = zero.suffix;
  others = zero.others;
  lowerBound = zero.lowerBound;
  value = zero.value;
  changedAt = 0;
  readonly key: string;

  constructor(key: string) {
    this.key = key;
  }

  become({ own, suffix, others, lowerBound, value }: CounterState, position: number): void {
    this.own = own;
    this.suffix = suffix;
    this.others = others;
    this.lowerBound = lowerBound;
    this.value = value;
    this.changedAt = position;
  }
}
