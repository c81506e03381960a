/**
 * How many counters there are: etcd would have to count all entries. Instead, whoever creates a counter counts it under
 * its slot, in the transaction that creates it.
 */
import { integer, decodeJson } from '../../runtime/decode.ts';
import type { Endpoints } from './endpoints.ts';
import { EtcdError, type OperationResult } from './etcd.ts';
import type { Keyspace } from './keys.ts';

export class CreatedCounters {
  readonly #endpoints: Endpoints;
  readonly #keys: Keyspace;
  readonly #bySlot = new Map<string, number>();

  constructor(endpoints: Endpoints, keys: Keyspace) {
    this.#endpoints = endpoints;
    this.#keys = keys;
  }

  /** How many counters there are, as far as this server has seen. */
  get all(): number {
    let sum = 0;
    for (const count of this.#bySlot.values()) sum += count;
    return sum;
  }

  /** How many the holders of a slot have created. For the slot that is held, that is exact. */
  of(slot: string): number {
    return this.#bySlot.get(slot) ?? 0;
  }

  set(slot: string, count: number): void {
    this.#bySlot.set(slot, count);
  }

  /**
   * How many there are in etcd; if it does not tell by `untilMs`, as far as this server has seen. What is known stays as it
   * is, since a commit may be under way that changes it.
   */
  async count(untilMs: number): Promise<number> {
    try {
      const { results } = await this.#endpoints.ranges([this.#keys.all('created')], untilMs);
      return (results[0]?.found ?? []).reduce((sum, { value }) => sum + integer(decodeJson(value)), 0);
    } catch (error) {
      if (error instanceof EtcdError) return this.all;
      throw error;
    }
  }

  /** Asks etcd. Rejects with an EtcdError when `untilMs` has come. */
  async load(untilMs: number): Promise<void> {
    const { results } = await this.#endpoints.ranges([this.#keys.all('created')], untilMs);
    this.learn(results[0]);
  }

  /** Takes over what a range over all slots has found. */
  learn(result: OperationResult | undefined): void {
    for (const { key, value } of result?.found ?? []) {
      this.#bySlot.set(this.#keys.lastPart(key), integer(decodeJson(value)));
    }
  }
}
