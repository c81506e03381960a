/**
 * The one error of the API: a request that is refused, with a code for programs and a sentence for people. Nothing has
 * changed, except after `unknown_outcome`. Knows nothing of HTTP: src/server/http maps codes to statuses.
 */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

export type ErrorCode = StoreErrorCode | ClusterErrorCode | RequestErrorCode;

/** What a caller needs besides the code to report an error. */
export interface ErrorDetails {
  /** With `method_not_allowed`: the methods that the path takes. */
  readonly allow?: string;
  /** With `no_peer`: whether the peer hung up before its address was read. */
  readonly hasHungUp?: boolean;
}

/** Errors of the store of named counters. */
export type StoreErrorCode =
  | 'idempotency_key_reused'
  | 'invalid_nodes'
  /** The engine behind the store has no space left; reads go on. */
  | 'no_space'
  /** The store cannot do this, whatever it is asked with. */
  | 'not_supported'
  | 'overflow'
  /** The store no longer writes; reads go on. */
  | 'read_only'
  /** The store cannot be used yet. */
  | 'starting'
  /** More counters in one request than the store can increment at once. */
  | 'too_many_at_once'
  | 'too_many_counters'
  | 'too_many_idempotency_keys'
  | 'too_many_nodes'
  /** More requests wait for the engine behind the store than can. */
  | 'too_many_requests'
  /** The engine behind the store does not answer. */
  | 'unavailable'
  /** The write may or may not take effect. */
  | 'unknown_outcome';

/** Errors of requests about the cluster and of its peers. */
export type ClusterErrorCode = 'no_peer' | 'not_a_peer' | 'too_many_peers' | 'unknown_peer';

/** Errors in a request itself. */
export type RequestErrorCode =
  | 'bad_request'
  | 'body_too_large'
  | 'expectation_failed'
  /** The token is known, and does not permit this. */
  | 'forbidden'
  | 'foreign_origin'
  | 'head_too_large'
  | 'internal'
  | 'invalid_amount'
  | 'invalid_body'
  | 'invalid_count'
  | 'invalid_cursor'
  | 'invalid_floor'
  | 'invalid_id'
  | 'invalid_idempotency_key'
  | 'invalid_increments'
  | 'invalid_json'
  | 'invalid_key'
  | 'invalid_label'
  | 'invalid_limit'
  | 'invalid_order'
  | 'invalid_prefix'
  | 'method_not_allowed'
  | 'not_found'
  | 'not_json'
  | 'not_local'
  | 'timeout'
  | 'too_many_watchers'
  | 'unauthorized'
  | 'unknown_host'
  | 'unsupported_encoding'
  | 'unsupported_transfer'
  | 'unsupported_version';
