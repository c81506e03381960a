/**
 * A counter shared by several nodes, as its users see it, and the errors that they can get.
 */

export interface Counter {
  /**
   * Adds `delta`, a safe integer; whether it may be negative depends on the type of counter. Resolves once the add is
   * certain to be part of every read that begins afterwards, on any node. Rejects with a CounterError.
   */
  add(delta: number): Promise<void>;
  /**
   * Resolves with the value. It includes every add acknowledged before the call and none that was never invoked; if
   * the counter only grows, it is never less than what a read that ended before the call returned. Rejects with a
   * CounterError.
   */
  read(): Promise<number>;
  /** Rejects all open requests at once. No call may follow. */
  close(): void;
}

/**
 * Why a request failed, in the terms of Maelstrom's error table:
 * - `temporarily-unavailable` (definite): it was given up before anything was sent that could make it happen;
 * - `abort` (definite): it is impossible, now and later;
 * - `timeout` (indefinite): it may have happened, or may yet happen.
 */
export type CounterErrorKind = 'temporarily-unavailable' | 'abort' | 'timeout';

export class CounterError extends Error {
  readonly kind: CounterErrorKind;

  constructor(kind: CounterErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
