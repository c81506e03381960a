/**
 * The HTTP server. It listens before there is a store, and until then answers that it is starting. Every request passes
 * the same checks, in the same order: its form, its path, its method, its origin, the token, whether it is local. Every
 * error has the same form. When the server stops, it first answers what is under way.
 */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { Server as TlsServer, createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isLoopback } from '../../cluster/address.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { TlsMaterial } from '../../runtime/tls-material.ts';
import { ApiError } from '../../store/api-error.ts';
import type { Store } from '../../store/store.ts';
import {
  type Access,
  checkHost,
  checkLocal,
  checkOrigin,
  corsHeaders,
  grantOf,
  preflightHeaders,
} from './access.ts';
import { maxMergeBytesOf } from './body.ts';
import { answerClientError } from './client-error.ts';
import { Connections } from './connections.ts';
import type { Context, Handler } from './context.ts';
import type { Metrics } from './metrics.ts';
import { type Reply, errorReply, jsonReply } from './reply.ts';
import { type Contexts, type Route, dispatch, routeOf } from './routes.ts';
import { type Target, authorityOf, targetFrom } from './target.ts';
import { Turns } from './turns.ts';
import { Watchers } from './watchers.ts';

export interface ServerOptions {
  readonly access: Access;
  /** Undefined for plain HTTP. */
  readonly tls?: TlsMaterial | undefined;
  /** The document at `/`. */
  readonly page: string;
  /** Returns the document at `/openapi.json`. */
  readonly openApi: () => string;
  readonly maxConnections: number;
  readonly maxWatchers: number;
  /** How many totals a counter can have. */
  readonly maxNodes: number;
  readonly timeouts: Timeouts;
  /** The boot id of this process: letters and digits. */
  readonly bootId: string;
  readonly clock: Clock;
  /** Runs a task after input that has already arrived has been handled. */
  readonly afterThisTurn: (task: () => void) => void;
  readonly metrics: Metrics;
  /** Called after each response, with its method, path, status and duration. */
  readonly onRequest: (method: string, path: string, status: number, durationMs: number) => void;
  /** Called with errors that should not happen. */
  readonly onError: (error: unknown) => void;
}

export interface Timeouts {
  /** For the head of a request, from the opening of the connection or from its first byte. */
  readonly headMs: number;
  /** For a whole request. */
  readonly requestMs: number;
  /** For the next request on a connection. */
  readonly idleMs: number;
  /** For the next bytes of a request or a response, in either direction. */
  readonly stallMs: number;
  /** For the requests that are under way when the server stops. */
  readonly stopMs: number;
}

/** Peers' certificates are not asked for: browsers would ask their users for one. Peers verify each other as clients. */
const ownCertificate = ({ cert, key }: TlsMaterial): Pick<TlsMaterial, 'cert' | 'key'> => ({ cert, key });

const MAX_HEAD_BYTES = 16_384;
const UNMET = new ApiError('expectation_failed', 'no expectation but 100-continue can be met');
const NO_TUNNEL = new ApiError('method_not_allowed', 'this is no proxy: CONNECT leads nowhere', {
  allow: 'GET, HEAD, POST',
});

export class HttpServer {
  readonly #options: ServerOptions;
  readonly #server: Server;
  readonly #connections: Connections;
  readonly #turns: Turns;
  #contexts: Contexts;
  #isStopping = false;
  /** Whether other machines reach it: what the name of its host leads to is known when it listens. */
  #isReachable = false;

  constructor(options: ServerOptions) {
    this.#options = options;
    const { timeouts } = options;
    this.#connections = new Connections(options.afterThisTurn);
    this.#turns = new Turns(options.afterThisTurn);
    const settings = {
      maxHeaderSize: MAX_HEAD_BYTES,
      headersTimeout: timeouts.headMs,
      requestTimeout: timeouts.requestMs,
      keepAliveTimeout: timeouts.idleMs,
      connectionsCheckingInterval: Math.min(1000, timeouts.headMs),
      // Node itself would refuse without an error in the body.
      requireHostHeader: false,
    };
    const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#take(request, response).catch(options.onError);
    const { tls } = options;
    this.#server =
      tls === undefined
        ? createServer(settings, onRequest)
        : createTlsServer(
            { ...settings, ...ownCertificate(tls), handshakeTimeout: timeouts.headMs },
            onRequest,
          );
    this.#server.maxConnections = options.maxConnections;
    // Of a connection on which nothing moves: otherwise a client that never reads its response would keep it for ever.
    this.#server.timeout = timeouts.stallMs;
    this.#server.on('connection', (socket: Socket) => {
      if (tls === undefined) this.#connections.add(socket);
      else this.#connections.shakesHands(socket);
    });
    this.#server.on('secureConnection', (socket: Socket) => this.#connections.add(socket));
    this.#server.on('clientError', (error, socket) => answerClientError(error, socket, this.#connections));
    this.#server.on('connect', (_: IncomingMessage, socket: Duplex) =>
      answerClientError(NO_TUNNEL, socket, this.#connections),
    );
    this.#server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
      this.#connections.began(request, response);
      this.#send(request, response, errorReply(UNMET));
    });
    const { access, metrics, page, openApi, clock, maxWatchers, maxNodes, bootId } = options;
    const watchers = new Watchers({ clock, maxWatchers, bootId });
    const maxMergeBytes = maxMergeBytesOf(maxNodes);
    const shared = { clock, access, metrics, watchers, maxMergeBytes, page, openApi };
    const context = { store: undefined, cluster: undefined, ...shared };
    this.#contexts = { nothing: context, store: undefined, cluster: undefined };
  }

  /** Resolves with the port that the server listens on. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        const address = this.#server.address();
        if (typeof address !== 'object' || address === null) return resolve(port);
        this.#isReachable = !isLoopback(address.address);
        resolve(address.port);
      });
    });
  }

  /** Shows this certificate on new connections from now on. Only for a server that has had one from the start. */
  useTls(tls: TlsMaterial): void {
    if (this.#server instanceof TlsServer) this.#server.setSecureContext(ownCertificate(tls));
  }

  /** Serves the store from now on. Without a cluster, the routes about it are refused. */
  serve(store: Store, cluster?: Cluster): void {
    const context = { ...this.#contexts.nothing, store, cluster };
    this.#contexts = {
      nothing: context,
      store: context,
      cluster: cluster === undefined ? undefined : { ...context, cluster },
    };
  }

  /** Stops accepting connections. Resolves when what was under way has been answered or given up. */
  close(): Promise<void> {
    this.#isStopping = true;
    const { clock, timeouts } = this.#options;
    const patience = clock.after(timeouts.stopMs, () => this.#server.closeAllConnections());
    return new Promise((resolve) => {
      this.#server.close(() => {
        patience.cancel();
        resolve();
      });
      this.#contexts.nothing.watchers.close();
      this.#connections.closeUnused();
    });
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock, metrics, onRequest } = this.#options;
    const startMs = clock.nowMs();
    this.#connections.began(request, response);
    const { method = '', url = '' } = request;
    const target = targetFrom(url);
    const { path } = target;
    const found = routeOf(path);
    let reply: Reply | undefined;
    try {
      reply = await this.#answer(request, response, target, found);
    } catch (error) {
      reply = this.#replyTo(error, request);
    }
    if (reply !== undefined && !response.headersSent) this.#send(request, response, reply);
    if (!response.headersSent) return;
    // A stream ends with its connection, so no other request on it will ever be answered.
    if (!response.writableEnded) this.#connections.ignoreRest(request.socket);
    const durationMs = clock.nowMs() - startMs;
    metrics.request(found?.route.name ?? 'none', method, response.statusCode, durationMs);
    onRequest(method, path, response.statusCode, durationMs);
  }

  /** Checks a request and passes it to its handler. Returns, throws and rejects as handlers do. */
  #answer(
    request: IncomingMessage,
    response: ServerResponse,
    target: Target,
    found: { route: Route; segment: string } | undefined,
  ): ReturnType<Handler<Context>> {
    const { access } = this.#options;
    const { path, query } = target;
    const authority = authorityOf(request, target);
    checkHost(access, authority, this.#isReachable);
    if (found === undefined) throw new ApiError('not_found', `there is nothing at ${path}`);
    const { route, segment } = found;
    const { method = '' } = request;
    if (method === 'OPTIONS' && access.allowedOrigins.length > 0) {
      checkOrigin(access, request, authority);
      return { ...jsonReply('', 204), headers: preflightHeaders(route.method) };
    }
    if (method !== route.method && !(method === 'HEAD' && route.method === 'GET')) {
      const allow = route.method === 'GET' ? 'GET, HEAD' : route.method;
      throw new ApiError('method_not_allowed', `${path} takes ${allow}`, { allow });
    }
    if (route.method === 'POST') checkOrigin(access, request, authority);
    const grant = route.isGuarded ? grantOf(access, request) : 'everything';
    if (grant !== 'everything' && !route.isIncrement) {
      throw new ApiError('forbidden', 'this token permits to increment some counters, and nothing else');
    }
    if (route.isLocal) checkLocal(access, request, authority);
    const exchange = { request, response, segment, query, grant };
    if (!route.isCostly) return dispatch(route, this.#contexts, exchange);
    return this.#turns.next().then(() => {
      return request.socket.destroyed ? undefined : dispatch(route, this.#contexts, exchange);
    });
  }

  #replyTo(error: unknown, request: IncomingMessage): Reply | undefined {
    if (error instanceof ApiError) return errorReply(error);
    // The client has gone away: there is nobody to answer.
    if (request.destroyed && !request.complete) return undefined;
    this.#options.onError(error);
    return errorReply(new ApiError('internal', 'the server has made a mistake'));
  }

  #send(request: IncomingMessage, response: ServerResponse, { status, type, body, headers }: Reply): void {
    const all: Record<string, string | number> = { 'content-type': type };
    if (request.method !== 'POST') all['cache-control'] = 'no-store';
    if (status !== 204 && status !== 304) all['content-length'] = Buffer.byteLength(body);
    const cors = corsHeaders(this.#options.access, request);
    Object.assign(all, headers, cors);
    if (headers?.['vary'] && cors['vary']) all['vary'] = `${headers['vary']}, ${cors['vary']}`;
    // The rest of a body that is too long is not read.
    const isTooLong = status === 413 && !request.complete;
    if (isTooLong || this.#isStopping) all['connection'] = 'close';
    response.writeHead(status, all);
    response.end(body);
  }
}
