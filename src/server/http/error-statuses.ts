/**
 * The one table from error codes to HTTP: which status each code is answered with, and which headers go with it. The
 * type makes it exhaustive: a code without an entry does not compile.
 */
import type { ApiError, ErrorCode, ErrorDetails } from '../../store/api-error.ts';

export interface ErrorStatus {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** The status and headers that an error is answered with. */
export const errorStatusOf = ({ code, details }: ApiError): ErrorStatus => errorStatuses[code](details);

const errorStatuses: Readonly<Record<ErrorCode, (details: ErrorDetails) => ErrorStatus>> = {
  // What comes next on the connection may be no request either.
  bad_request: always(400, { connection: 'close' }),
  body_too_large: always(413),
  expectation_failed: always(417),
  forbidden: always(403),
  foreign_origin: always(403),
  head_too_large: always(431),
  idempotency_key_reused: always(422),
  internal: always(500),
  invalid_amount: always(400),
  invalid_body: always(400),
  invalid_count: always(400),
  invalid_cursor: always(400),
  invalid_floor: always(400),
  invalid_id: always(400),
  invalid_idempotency_key: always(400),
  invalid_increments: always(400),
  invalid_json: always(400),
  invalid_key: always(400),
  invalid_label: always(400),
  invalid_limit: always(400),
  invalid_nodes: always(400),
  invalid_order: always(400),
  invalid_prefix: always(400),
  method_not_allowed: ({ allow = '' }) => ({ status: 405, headers: { allow } }),
  no_peer: ({ hasHungUp = false }) => ({ status: hasHungUp ? 400 : 403, headers: {} }),
  not_a_peer: always(409),
  no_space: always(503, { 'retry-after': '10' }),
  not_found: always(404),
  not_json: always(415),
  not_supported: always(501),
  not_local: always(403),
  overflow: always(409),
  read_only: always(503),
  starting: always(503, { 'retry-after': '1' }),
  timeout: always(408),
  too_many_at_once: always(413),
  too_many_counters: always(409),
  too_many_idempotency_keys: always(429, { 'retry-after': '10' }),
  too_many_nodes: always(409),
  too_many_peers: always(409),
  too_many_requests: always(429, { 'retry-after': '1' }),
  too_many_watchers: always(503, { 'retry-after': '10' }),
  unavailable: always(503, { 'retry-after': '1' }),
  unauthorized: always(401, { 'www-authenticate': 'Bearer' }),
  unknown_host: always(421),
  unknown_outcome: always(503),
  unknown_peer: always(404),
  unsupported_encoding: always(415, { 'accept-encoding': 'identity' }),
  unsupported_transfer: always(501),
  unsupported_version: always(505),
};

function always(status: number, headers: ErrorStatus['headers'] = {}): () => ErrorStatus {
  const answer = { status, headers };
  return () => answer;
}
