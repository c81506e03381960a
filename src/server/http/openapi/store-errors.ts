/**
 * The codes of the errors with which each method of the store port rejects, whatever engine is behind it, besides those
 * about the request itself.
 */
import type { StoreErrorCode } from '../../../store/api-error.ts';

/** Every engine may be on something that does not answer, or has too much to do. */
const busy = ['too_many_requests', 'unavailable'] as const;
const write = ['too_many_counters', 'read_only', 'unknown_outcome', 'no_space', ...busy] as const;

export const storeErrors = {
  increment: ['overflow', 'too_many_at_once', ...write],
  merge: ['overflow', 'too_many_nodes', ...write],
  raiseTo: write,
  read: busy,
  list: ['unavailable'],
  largest: busy,
  changesAfter: busy,
  slots: ['unavailable'],
} as const satisfies Readonly<Record<string, readonly StoreErrorCode[]>>;
