/**
 * A key-value store in this process's memory: linearizable, and gone with the process. With it, a node works without a network.
 */
import { isDeepStrictEqual } from 'node:util';
import type { KeyValueStore, SwapOutcome } from './key-value-store.ts';

export class MemoryKeyValueStore implements KeyValueStore {
  readonly #values = new Map<string, unknown>();

  async read(key: string): Promise<unknown> {
    return this.#values.get(key);
  }

  async write(key: string, value: unknown): Promise<void> {
    this.#values.set(key, value);
  }

  async compareAndSwap(
    key: string,
    from: unknown,
    to: unknown,
    createIfNotExists: boolean,
  ): Promise<SwapOutcome> {
    if (!this.#values.has(key)) {
      if (!createIfNotExists) return 'missing';
    } else if (!isDeepStrictEqual(this.#values.get(key), from)) {
      return 'mismatch';
    }
    this.#values.set(key, to);
    return 'ok';
  }
}
