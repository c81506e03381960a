/**
 * The port to the key-value store that the counter needs. Keys are strings, values any JSON.
 *
 * Every method rejects with an `Error` if there is no reply or the store reports a failure of its own; whether a change
 * took effect is then unknown.
 */

export interface KeyValueStore {
  /** Resolves with the value of `key`, or undefined if it has none. It may be stale, if the store is. */
  read(key: string): Promise<unknown>;
  write(key: string, value: unknown): Promise<void>;
  /**
   * Replaces the value `from` by `to`. If `createIfNotExists` is true, a missing key is created with `to`, whatever `from`
   * is. A stale store may also report a mismatch or a missing key because of a past state.
   */
  compareAndSwap(key: string, from: unknown, to: unknown, createIfNotExists: boolean): Promise<SwapOutcome>;
}

export type SwapOutcome = 'ok' | 'mismatch' | 'missing';
