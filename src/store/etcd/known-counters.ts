/**
 * What this server knows of the counters that it increments: so many of them, the least recently used make room. The
 * total of its own slot is right as long as it holds the slot, since nobody else raises it.
 */
import type { Endpoints } from './endpoints.ts';
import { entriesFrom } from './entries.ts';
import { type Known, knownFrom } from './groups.ts';
import { type KeyValue, MAX_OPERATIONS } from './etcd.ts';
import type { Keyspace } from './keys.ts';

/** About 100 bytes each. */
const MAX_KNOWN = 200_000;

export class KnownCounters {
  readonly #endpoints: Endpoints;
  readonly #keys: Keyspace;
  readonly #byKey = new Map<string, Known>();

  constructor(endpoints: Endpoints, keys: Keyspace) {
    this.#endpoints = endpoints;
    this.#keys = keys;
  }

  /** A counter that was loaded and not forgotten since. */
  get(counter: string): Known {
    const known = this.#byKey.get(counter);
    if (known === undefined) throw new Error(`${counter} has not been loaded`);
    return known;
  }

  /** Sees to it that some counters are known. Rejects with an EtcdError when `untilMs` has come. */
  async load(counters: Iterable<string>, slot: string, untilMs: number): Promise<void> {
    const unknown: string[] = [];
    for (const counter of counters) {
      const known = this.#byKey.get(counter);
      if (known === undefined) unknown.push(counter);
      else this.#set(counter, known);
    }
    for (let from = 0; from < unknown.length; from += MAX_OPERATIONS) {
      const some = unknown.slice(from, from + MAX_OPERATIONS);
      const { results, revision } = await this.#endpoints.ranges(some.map(this.#keys.entriesOf), untilMs);
      for (const [index, counter] of some.entries())
        this.learn(counter, results[index]?.found ?? [], slot, revision);
    }
  }

  /** Takes over what the entries of a counter were at a revision. */
  learn(counter: string, found: readonly KeyValue[], slot: string, revision: number): Known {
    const known = knownFrom(entriesFrom(this.#keys, found), slot, revision);
    this.#set(counter, known);
    if (this.#byKey.size > MAX_KNOWN) {
      for (const oldest of this.#byKey.keys()) {
        this.#byKey.delete(oldest);
        break;
      }
    }
    return known;
  }

  /** Takes over what this server has counted itself. */
  count(counter: string, own: number): void {
    this.#set(counter, { ...this.get(counter), own, isNew: false });
  }

  forget(counter: string): void {
    this.#byKey.delete(counter);
  }

  /** Forgets all, when the slot is another. */
  clear(): void {
    this.#byKey.clear();
  }

  #set(counter: string, known: Known): void {
    this.#byKey.delete(counter);
    this.#byKey.set(counter, known);
  }
}
