/**
 * What was thrown, as an Error: JavaScript lets any value be thrown.
 */

/** Returns an Error as it is, and anything else wrapped in one. */
export const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown));
