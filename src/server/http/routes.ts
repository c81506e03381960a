import { PEER_PATH } from '../../cluster/net/http-transport.ts';
import type { Handler } from './call.ts';
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
import { health, metrics, page } from './status.ts';

/** What a path stands for. */
export interface Route {
  /** Its name in the metrics. */
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** Whether the token is needed, where one is set. */
  readonly isGuarded: boolean;
  /** Whether it is only taken from this machine, where none is set. */
  readonly isLocal?: boolean;
  readonly handle: Handler;
}

const fixed: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/', { name: 'page', method: 'GET', isGuarded: false, handle: page }],
  ['/health', { name: 'health', method: 'GET', isGuarded: false, handle: health }],
  ['/metrics', { name: 'metrics', method: 'GET', isGuarded: false, handle: metrics }],
  ['/counters', { name: 'list', method: 'GET', isGuarded: false, handle: list }],
  ['/counters/watch', { name: 'watch', method: 'GET', isGuarded: false, handle: watch }],
  ['/count', { name: 'count', method: 'GET', isGuarded: false, handle: count }],
  ['/increment', { name: 'increment_shared', method: 'POST', isGuarded: true, handle: incrementShared }],
  ['/sync', { name: 'sync_shared', method: 'POST', isGuarded: true, handle: syncShared }],
  ['/peers', { name: 'peers', method: 'GET', isGuarded: false, handle: peers }],
  ['/register', { name: 'register', method: 'POST', isGuarded: true, isLocal: true, handle: register }],
  [
    '/remove-peer',
    { name: 'remove_peer', method: 'POST', isGuarded: true, isLocal: true, handle: removePeer },
  ],
  ['/discovery', { name: 'discovery', method: 'GET', isGuarded: false, handle: discovery }],
  // Peers show that they belong here in what they say.
  [PEER_PATH, { name: 'peer', method: 'POST', isGuarded: false, handle: peer }],
  ['/counters/incr', { name: 'increment_many', method: 'POST', isGuarded: true, handle: incrementMany }],
]);

const ofKey: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['', { name: 'read', method: 'GET', isGuarded: false, handle: read }],
  ['incr', { name: 'increment', method: 'POST', isGuarded: true, handle: increment }],
  ['merge', { name: 'merge', method: 'POST', isGuarded: true, handle: merge }],
  ['sync', { name: 'sync', method: 'GET', isGuarded: true, handle: sync }],
]);

const PREFIX = '/counter/';

/**
 * The route of a path, and the key at its end, still encoded. A key is one segment: slashes in it are encoded. So
 * `/counter/incr` is the counter `incr`.
 */
export function routeOf(path: string): { route: Route; segment: string } | undefined {
  if (!path.startsWith(PREFIX)) {
    const route = fixed.get(path);
    return route && { route, segment: '' };
  }
  const slash = path.indexOf('/', PREFIX.length);
  const verb = slash === -1 ? '' : path.slice(PREFIX.length, slash);
  const segment = path.slice(slash === -1 ? PREFIX.length : slash + 1);
  const route = slash === PREFIX.length || segment.includes('/') ? undefined : ofKey.get(verb);
  return route && { route, segment };
}
