/**
 * What the OpenAPI document says of each route, by the name of the route. The type makes it exhaustive: a route without
 * an entry does not compile.
 */
import * as cluster from './cluster-operations.ts';
import * as counters from './counter-operations.ts';
import type { Operation } from './operation.ts';
import * as server from './server-operations.ts';

export type RouteName = keyof typeof operations;

const operations = {
  page: server.page,
  openapi: server.openApi,
  health: server.health,
  metrics: server.metrics,
  list: counters.list,
  watch: counters.watch,
  increment_many: counters.incrementMany,
  backup: server.backup,
  slots: server.slots,
  count: cluster.count,
  increment_shared: cluster.incrementShared,
  sync_shared: cluster.syncShared,
  peers: cluster.peers,
  register: cluster.register,
  remove_peer: cluster.removePeer,
  discovery: cluster.discovery,
  // For servers only: its messages are sealed, and their format is theirs.
  peer: undefined,
  read: counters.read,
  badge: counters.badge,
  increment: counters.increment,
  merge: counters.merge,
  sync: counters.sync,
};

/** What the document says of a route; undefined if it is for servers only. */
export const operationOf = (name: RouteName): Operation | undefined => operations[name];
