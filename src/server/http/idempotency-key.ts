/**
 * The header Idempotency-Key: read from a request, with a fingerprint of what the request asks for, so that a retry can
 * be told from another request that reuses its key.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ApiError } from '../../store/api-error.ts';
import type { Idempotency, Increment } from '../../store/store.ts';
import type { Described } from './shape.ts';
import { countOf } from './target.ts';

/**
 * The idempotency key of a request to increment; undefined if it has none. `kind` keeps routes apart whose increments
 * are the same but whose answers differ. Throws an ApiError if the key is invalid.
 */
export function idempotencyFrom(
  request: IncomingMessage,
  kind: 'one' | 'many',
  increments: readonly Increment[],
): Idempotency | undefined {
  const id = request.headers['idempotency-key'];
  if (id === undefined) return undefined;
  // Node joins them to one, which no retry with a single line has.
  if (countOf(request, 'idempotency-key') > 1) {
    throw new ApiError('invalid_idempotency_key', 'there is more than one header Idempotency-Key');
  }
  if (typeof id !== 'string' || !IDEMPOTENCY_KEY.test(id)) {
    throw new ApiError(
      'invalid_idempotency_key',
      'the idempotency key must be 1 to 255 printable ASCII characters',
    );
  }
  const content = JSON.stringify([kind, ...increments.flatMap(({ key, amount }) => [key, amount])]);
  return {
    id,
    fingerprint: createHash('sha256').update(content).digest('base64').slice(0, FINGERPRINT_CHARS),
  };
}

const IDEMPOTENCY_KEY = /^[\x20-\x7e]{1,255}$/;

export const idempotencyKey: Described = {
  schema: { type: 'string', pattern: IDEMPOTENCY_KEY.source },
  errors: ['invalid_idempotency_key', 'idempotency_key_reused', 'too_many_idempotency_keys'],
  isOptional: true,
};

/** 132 bits. */
const FINGERPRINT_CHARS = 22;
