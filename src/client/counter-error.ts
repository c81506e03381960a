/**
 * The error that the client rejects with: a code for programs and a sentence for people. Unless the code is `unknown`, what
 * was asked for has not been counted and never will be.
 */

export class CounterError extends Error {
  override readonly name = 'CounterError';
  /**
   * One of the error codes of the server, such as `overflow` or `unauthorized`; `http_` with the status for an answer that is
   * not from such a server; or one of the client's own: `unknown`, `unavailable`, `too_many_waiting`, `closed` and
   * `invalid_amount`.
   */
  readonly code: string;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
