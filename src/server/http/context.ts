/**
 * What handlers get: the context that all requests share, and the exchange, which is one request with its response. The
 * context says in its type what is there: a handler that needs the store cannot be called before the server has one.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Store } from '../../store/store.ts';
import type { Access } from './access.ts';
import type { Metrics } from './metrics.ts';
import type { Reply } from './reply.ts';
import type { Grant } from './tokens.ts';
import type { Watchers } from './watchers.ts';

/** What handlers have in common. */
export interface Context {
  /** Undefined while the server is starting. */
  readonly store: Store | undefined;
  /** Undefined while the server is starting, and for stores whose servers have no peers. */
  readonly cluster: Cluster | undefined;
  readonly clock: Clock;
  readonly access: Access;
  readonly metrics: Metrics;
  readonly watchers: Watchers;
  /** The longest body of a merge. */
  readonly maxMergeBytes: number;
  /** The document at `/`. */
  readonly page: string;
  /** Returns the document at `/openapi.json`. */
  readonly openApi: () => string;
}

/** The context of routes that use the store. */
export interface StoreContext extends Context {
  readonly store: Store;
}

/** The context of routes about the cluster. */
export interface ClusterContext extends StoreContext {
  readonly cluster: Cluster;
}

/** A request on its way to the handler of its route, with its response. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The last segment of the path if the route ends in a key, still encoded. */
  readonly segment: string;
  /** What follows the question mark. */
  readonly query: string;
  /** What its token permits. */
  readonly grant: Grant;
}

/**
 * Handles a request. Returns the reply, or undefined after taking over the response. Throws an ApiError, or rejects with
 * one.
 */
export type Handler<Needed> = (
  context: Needed,
  exchange: Exchange,
) => Reply | undefined | Promise<Reply | undefined>;
