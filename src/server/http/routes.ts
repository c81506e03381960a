/**
 * The routes: which path and method leads to which handler, who may use it, and what must have started for it.
 */
import { PEER_PATH } from '../../cluster/net/http-transport.ts';
import { ApiError } from '../../store/api-error.ts';
import type { ClusterContext, Context, Exchange, Handler, StoreContext } from './context.ts';
import { increment, incrementMany, list, merge, read, sync, watch } from './counters-api.ts';
import {
  count,
  discovery,
  incrementShared,
  peer,
  peers,
  register,
  removePeer,
  syncShared,
} from './cluster-api.ts';
import { badge } from './badge.ts';
import type { RouteName } from './openapi/operations.ts';
import { backup, health, metrics, openApi, page, slots } from './status.ts';

export type Route = Endpoint & (OpenRoute | StoreRoute | ClusterRoute);

interface Endpoint {
  /** Its name in the metrics and in the OpenAPI document. */
  readonly name: RouteName;
  readonly method: 'GET' | 'POST';
  /** Whether a token is needed, if one is set. */
  readonly isGuarded: boolean;
  /** Whether a restricted token will do. The handler checks what it permits. */
  readonly isIncrement?: boolean;
  /** Whether only requests from this machine are accepted, if no token is set. */
  readonly isLocal?: boolean;
  /** Whether a request can take milliseconds: such ones take turns. */
  readonly isCostly?: boolean;
}

/** Works while the server is starting. */
interface OpenRoute {
  readonly needs: 'nothing';
  readonly handle: Handler<Context>;
}

interface StoreRoute {
  readonly needs: 'store';
  readonly handle: Handler<StoreContext>;
}

interface ClusterRoute {
  readonly needs: 'cluster';
  readonly handle: Handler<ClusterContext>;
}

/** The context of each kind of route, as far as the server has started. */
export interface Contexts {
  readonly nothing: Context;
  readonly store: StoreContext | undefined;
  readonly cluster: ClusterContext | undefined;
}

/** Calls the handler of a route. Throws an ApiError if what it needs has not started. */
export function dispatch(route: Route, contexts: Contexts, exchange: Exchange): ReturnType<Handler<Context>> {
  switch (route.needs) {
    case 'nothing':
      return route.handle(contexts.nothing, exchange);
    case 'store':
      return route.handle(contexts.store ?? isStarting(), exchange);
    case 'cluster':
      return route.handle(contexts.cluster ?? hasNoPeers(contexts), exchange);
  }
}

function hasNoPeers({ store }: Contexts): never {
  if (store === undefined) isStarting();
  throw new ApiError('not_supported', 'the counters of this server are in etcd: it has no peers; see /slots');
}

function isStarting(): never {
  throw new ApiError('starting', 'the server is starting');
}

const get = { method: 'GET', isGuarded: false } as const;
const costlyGet = { ...get, isCostly: true } as const;
const guardedGet = { method: 'GET', isGuarded: true } as const;
const post = { method: 'POST', isGuarded: false } as const;
const guardedPost = { method: 'POST', isGuarded: true } as const;
const incrementPost = { ...guardedPost, isIncrement: true } as const;
const localGet = { method: 'GET', isGuarded: true, isLocal: true } as const;
const localPost = { method: 'POST', isGuarded: true, isLocal: true } as const;

const fixed: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/', { name: 'page', ...get, needs: 'nothing', handle: page }],
  ['/openapi.json', { name: 'openapi', ...get, needs: 'nothing', handle: openApi }],
  ['/health', { name: 'health', ...get, needs: 'nothing', handle: health }],
  ['/metrics', { name: 'metrics', ...costlyGet, needs: 'store', handle: metrics }],
  ['/counters', { name: 'list', ...costlyGet, needs: 'store', handle: list }],
  ['/counters/watch', { name: 'watch', ...costlyGet, needs: 'store', handle: watch }],
  ['/counters/incr', { name: 'increment_many', ...incrementPost, needs: 'store', handle: incrementMany }],
  ['/backup', { name: 'backup', ...localGet, needs: 'store', handle: backup }],
  ['/slots', { name: 'slots', ...get, needs: 'store', handle: slots }],
  ['/count', { name: 'count', ...get, needs: 'store', handle: count }],
  ['/increment', { name: 'increment_shared', ...incrementPost, needs: 'store', handle: incrementShared }],
  ['/sync', { name: 'sync_shared', ...guardedPost, needs: 'store', handle: syncShared }],
  ['/peers', { name: 'peers', ...get, needs: 'cluster', handle: peers }],
  ['/register', { name: 'register', ...localPost, needs: 'cluster', handle: register }],
  ['/remove-peer', { name: 'remove_peer', ...localPost, needs: 'cluster', handle: removePeer }],
  ['/discovery', { name: 'discovery', ...get, needs: 'cluster', handle: discovery }],
  // The messages of peers carry an HMAC.
  [PEER_PATH, { name: 'peer', ...post, needs: 'cluster', handle: peer }],
]);

const ofKey: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['', { name: 'read', ...get, needs: 'store', handle: read }],
  ['incr', { name: 'increment', ...incrementPost, needs: 'store', handle: increment }],
  ['merge', { name: 'merge', ...guardedPost, needs: 'store', handle: merge }],
  ['sync', { name: 'sync', ...guardedGet, needs: 'store', handle: sync }],
]);

const PREFIX = '/counter/';

const badgeRoute: Route = { name: 'badge', ...get, needs: 'store', handle: badge };
const BADGE = /^\/badge\/([^/]*)\.svg$/;

/** All routes, with their paths, in which `{key}` stands for the key. */
export const routes: readonly { readonly path: string; readonly route: Route }[] = [
  ...[...fixed].map(([path, route]) => ({ path, route })),
  ...[...ofKey].map(([verb, route]) => ({ path: `${PREFIX}${verb === '' ? '' : `${verb}/`}{key}`, route })),
  { path: '/badge/{key}.svg', route: badgeRoute },
];

/**
 * The route of a path, and the key in it, still encoded; undefined if there is none. A key is one segment: slashes
 * in it are encoded. So `/counter/incr` is the counter `incr`.
 */
export function routeOf(path: string): { route: Route; segment: string } | undefined {
  if (!path.startsWith(PREFIX)) {
    const route = fixed.get(path);
    if (route !== undefined) return { route, segment: '' };
    const [, segment] = BADGE.exec(path) ?? [];
    return segment === undefined ? undefined : { route: badgeRoute, segment };
  }
  const slash = path.indexOf('/', PREFIX.length);
  const verb = slash === -1 ? '' : path.slice(PREFIX.length, slash);
  const segment = path.slice(slash === -1 ? PREFIX.length : slash + 1);
  const route = slash === PREFIX.length || segment.includes('/') ? undefined : ofKey.get(verb);
  return route && { route, segment };
}
