/** What was thrown, as an Error: nothing keeps others from throwing something else. */
export const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown));
