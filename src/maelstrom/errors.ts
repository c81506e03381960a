/**
 * Maelstrom's error codes ("Errors" in its protocol documentation). After a definite error, the operation has not happened
 * and never will; after any other, it may have. Codes from 1000 on are for applications, and indefinite.
 */

export const errorCodes = {
  timeout: { code: 0, definite: false },
  'node-not-found': { code: 1, definite: true },
  'not-supported': { code: 10, definite: true },
  'temporarily-unavailable': { code: 11, definite: true },
  'malformed-request': { code: 12, definite: true },
  crash: { code: 13, definite: false },
  abort: { code: 14, definite: true },
  'key-does-not-exist': { code: 20, definite: true },
  'key-already-exists': { code: 21, definite: true },
  'precondition-failed': { code: 22, definite: true },
  'txn-conflict': { code: 30, definite: true },
} as const;

export type ErrorName = keyof typeof errorCodes;

const definiteCodes = new Set<unknown>(
  Object.values(errorCodes)
    .filter((error) => error.definite)
    .map((error) => error.code),
);

/** Whether an operation that failed with this code has certainly not happened and never will. */
export const isDefinite = (code: unknown): boolean => definiteCodes.has(code);

/** A failed request, to be reported to its sender. */
export class RequestError extends Error {
  readonly code: number;

  constructor(name: ErrorName, text: string) {
    super(text);
    this.code = errorCodes[name].code;
  }
}
