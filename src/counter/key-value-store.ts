/**
 * A key-value store, as the counter needs it. Keys are strings, values any JSON.
 *
 * Every method rejects with an `Error` when no answer came or the store reported a failure of its own; whether a
 * change took effect is then unknown.
 */
export interface KeyValueStore {
  /** The value under `key`, or undefined where there is none. May be stale, if the store is. */
  read(key: string): Promise<unknown>;
  write(key: string, value: unknown): Promise<void>;
  /**
   * Replaces `from` by `to`. A missing key is created with `to`, whatever `from` is, if `createIfNotExists` is
   * true. A stale store may also report a mismatch or a missing key on the ground of a past state.
   */
  compareAndSwap(key: string, from: unknown, to: unknown, createIfNotExists: boolean): Promise<SwapOutcome>;
}

export type SwapOutcome = 'ok' | 'mismatch' | 'missing';
