import type { Store } from '../store.ts';
import { type Reply, jsonReply } from './call.ts';
import type { Metrics } from './metrics.ts';

/** GET /health: 200 when increments are accepted, else 503. */
export function healthReply(store: Store | undefined, isStopping: boolean): Reply {
  const status = isStopping
    ? 'stopping'
    : store === undefined
      ? 'starting'
      : store.failure === undefined
        ? 'ok'
        : 'read-only';
  const body = { status, node_id: store?.identity.nodeId, counters: store?.counters.size };
  return jsonReply(JSON.stringify(body), status === 'ok' ? 200 : 503);
}

/** GET /metrics */
export function metricsReply(metrics: Metrics, store: Store, watchers: number): Reply {
  const { logBytes, snapshots, answers } = store.statistics;
  const body = metrics.text([
    ['counters', 'Counters there are.', store.counters.size],
    ['log_bytes', 'Size of the log on the disk.', logBytes],
    ['snapshots_written', 'Snapshots written since the start.', snapshots],
    ['idempotency_keys', 'Idempotency keys that are remembered.', answers],
    ['watchers', 'Clients that watch for changes.', watchers],
    ['writable', 'Whether increments are accepted.', store.failure === undefined ? 1 : 0],
  ]);
  return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body };
}
