import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Clock } from '../../runtime/clock.ts';
import { ApiError } from '../../store/api-error.ts';
import type { Idempotency, Increment, DiskStore } from '../../store/disk/disk-store.ts';
import type { Access } from './access.ts';
import type { Metrics } from './metrics.ts';
import type { Watchers } from './watchers.ts';

/** What the handlers of requests have in common. */
export interface Site {
  /** Undefined while the server is starting. */
  readonly store: DiskStore | undefined;
  /** Undefined while the server is starting. */
  readonly cluster: Cluster | undefined;
  readonly clock: Clock;
  readonly access: Access;
  readonly metrics: Metrics;
  readonly watchers: Watchers;
  /** The document at `/`. */
  readonly page: string;
}

/** A request on its way to the handler of its route. */
export interface Call {
  readonly site: Site;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The last segment of the path where the route ends in a key, still encoded. */
  readonly segment: string;
  /** What follows the question mark. */
  readonly query: string;
}

/** The store. Throws a ApiError while there is none. */
export function storeOf({ store }: Site): DiskStore {
  if (store !== undefined) return store;
  throw new ApiError(503, 'starting', 'the server is starting', { 'retry-after': '1' });
}

/** Answers a request, or takes over its response and answers undefined. Throws a ApiError, or rejects with one. */
export type Handler = (call: Call) => Reply | undefined | Promise<Reply>;

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const jsonReply = (body: string, status = 200): Reply => ({ status, type: 'application/json', body });

export const errorReply = ({ status, code, message, headers }: ApiError): Reply => ({
  ...jsonReply(JSON.stringify({ error: { code, message } }), status),
  headers,
});

/** The Idempotency-Key of a request to increment, with a fingerprint of what it asks for; undefined without a key. */
export function idempotencyFrom(
  { headers }: IncomingMessage,
  kind: string,
  increments: readonly Increment[],
): Idempotency | undefined {
  const id = headers['idempotency-key'];
  if (id === undefined) return undefined;
  if (typeof id !== 'string' || !IDEMPOTENCY_KEY.test(id)) {
    throw new ApiError(
      400,
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
/** 132 bits. */
const FINGERPRINT_CHARS = 22;
