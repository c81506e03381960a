/** A grow-only counter shared by several nodes. */
export interface Counter {
  /**
   * Adds `delta`, an integer from 0 to 2^53 − 1. Resolves once the addition is certain to be part of every read
   * that begins afterwards, anywhere. Rejects with a CounterError.
   */
  add(delta: number): Promise<void>;
  /**
   * The value: it includes every add acknowledged before the call and none that was never invoked, and is never
   * less than what a read that has ended returned. Rejects with a CounterError.
   */
  read(): Promise<number>;
  /** Rejects whatever is still open, at once. No call may follow. */
  close(): void;
}

/**
 * Why a request failed, in the words of Maelstrom's error table:
 * - `temporarily-unavailable` (definite): it was given up before anything was sent that could make it happen;
 * - `abort` (definite): it cannot be done, now or later;
 * - `timeout` (indefinite): it may have happened, or may still happen.
 */
export type CounterErrorKind = 'temporarily-unavailable' | 'abort' | 'timeout';

export class CounterError extends Error {
  readonly kind: CounterErrorKind;

  constructor(kind: CounterErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
