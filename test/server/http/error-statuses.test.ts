/** The statuses and headers of errors are part of the API: this list changes only with it. */
import { expect, test } from 'vitest';
import { ApiError, type ErrorCode, type ErrorDetails } from '../../../src/store/api-error.ts';
import { errorReply } from '../../../src/server/http/reply.ts';

test.each<[status: number, codes: ErrorCode[]]>([
  [
    400,
    [
      'bad_request',
      'invalid_amount',
      'invalid_body',
      'invalid_count',
      'invalid_cursor',
      'invalid_floor',
      'invalid_id',
    ],
  ],
  [
    400,
    [
      'invalid_idempotency_key',
      'invalid_increments',
      'invalid_json',
      'invalid_key',
      'invalid_limit',
      'invalid_nodes',
    ],
  ],
  [400, ['invalid_label', 'invalid_order', 'invalid_prefix']],
  [401, ['unauthorized']],
  [403, ['forbidden', 'foreign_origin', 'no_peer', 'not_local']],
  [404, ['not_found', 'unknown_peer']],
  [405, ['method_not_allowed']],
  [408, ['timeout']],
  [409, ['not_a_peer', 'overflow', 'too_many_counters', 'too_many_nodes', 'too_many_peers']],
  [413, ['body_too_large']],
  [415, ['not_json']],
  [417, ['expectation_failed']],
  [422, ['idempotency_key_reused']],
  [429, ['too_many_idempotency_keys']],
  [431, ['head_too_large']],
  [500, ['internal']],
  [503, ['read_only', 'starting', 'too_many_watchers', 'unknown_outcome']],
])('status %i is for %s', (status, codes) => {
  for (const code of codes) expect([code, replyTo(code).status]).toEqual([code, status]);
});

test.each<[code: ErrorCode, details: ErrorDetails, headers: Record<string, string>]>([
  ['starting', {}, { 'retry-after': '1' }],
  ['too_many_idempotency_keys', {}, { 'retry-after': '10' }],
  ['too_many_watchers', {}, { 'retry-after': '10' }],
  ['unauthorized', {}, { 'www-authenticate': 'Bearer' }],
  ['method_not_allowed', { allow: 'GET, HEAD' }, { allow: 'GET, HEAD' }],
  ['overflow', {}, {}],
])('%s with %j has the headers %j', (code, details, headers) => {
  expect(replyTo(code, details).headers).toEqual(headers);
});

test('a peer that hung up before it could be identified has sent a bad request', () => {
  expect(replyTo('no_peer', { hasHungUp: true }).status).toBe(400);
});

const replyTo = (code: ErrorCode, details?: ErrorDetails): ReturnType<typeof errorReply> =>
  errorReply(new ApiError(code, 'a sentence', details));
