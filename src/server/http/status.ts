import { type Call, type Reply, jsonReply, storeOf } from './call.ts';

/** GET / */
export const page = ({ site }: Call): Reply => ({
  status: 200,
  type: 'text/html; charset=utf-8',
  body: site.page,
  headers: PAGE_HEADERS,
});

/** The policy keeps even a mistake in the page from loading anything from elsewhere. */
const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'referrer-policy': 'no-referrer',
};

/** GET /health: 200 when increments are accepted, else 503. */
export function health({ site }: Call): Reply {
  const { store } = site;
  const status = store === undefined ? 'starting' : store.failure === undefined ? 'ok' : 'read-only';
  const body = { status, node_id: store?.identity.nodeId, counters: store?.counters.size };
  return jsonReply(JSON.stringify(body), status === 'ok' ? 200 : 503);
}

/** GET /metrics */
export function metrics({ site }: Call): Reply {
  const store = storeOf(site);
  const { logBytes, snapshots, answers } = store.statistics;
  const body = site.metrics.text([
    ['counters', 'Counters there are.', store.counters.size],
    ['log_bytes', 'Size of the log on the disk.', logBytes],
    ['snapshots_written', 'Snapshots written since the start.', snapshots],
    ['idempotency_keys', 'Idempotency keys that are remembered.', answers],
    ['watchers', 'Clients that watch for changes.', site.watchers.size],
    ['writable', 'Whether increments are accepted.', store.failure === undefined ? 1 : 0],
  ]);
  return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body };
}
