/**
 * The one way from a request to the increments of the store: what the token permits is checked here, and the idempotency
 * key is taken along.
 */
import type { Counted, Increment, Store } from '../../store/store.ts';
import { checkIncrements } from './access.ts';
import type { Exchange } from './context.ts';
import { idempotencyFrom } from './idempotency-key.ts';

/**
 * Adds to counters, to all or to none, for a request that answers for `one` of them or for `many`. Throws an ApiError if the
 * token does not permit it or the idempotency key is invalid; rejects as `Store.increment` does.
 */
export function countIncrements(
  store: Store,
  { request, grant }: Exchange,
  kind: 'one' | 'many',
  increments: readonly Increment[],
): Promise<Counted> {
  checkIncrements(grant, increments);
  return store.increment(increments, idempotencyFrom(request, kind, increments));
}
