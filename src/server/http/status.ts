/**
 * The routes about the server itself: the page, the OpenAPI document, health, metrics and backups. The words and figures
 * here are formats: what they are called on the wire is written here and nowhere else.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Cluster } from '../../cluster/cluster.ts';
import { isPeer } from '../../cluster/member.ts';
import { ApiError } from '../../store/api-error.ts';
import type { Store } from '../../store/store.ts';
import type { Context, Exchange, StoreContext } from './context.ts';
import { type Figure, labelsText } from './metrics.ts';
import { type Reply, jsonReply } from './reply.ts';
import { prefixFrom } from './validation.ts';

/** GET / */
export const page = ({ page: body }: Context): Reply => ({
  status: 200,
  type: 'text/html; charset=utf-8',
  body,
  headers: PAGE_HEADERS,
});

/** The policy keeps even a mistake in the page from loading anything from elsewhere. */
const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'referrer-policy': 'no-referrer',
};

/** GET /openapi.json */
export const openApi = (context: Context): Reply => jsonReply(context.openApi());

/** GET /health: 200 if increments are accepted, else 503. */
export async function health({ store }: Context): Promise<Reply> {
  if (store === undefined) return jsonReply('{"status":"starting"}', 503);
  const { isWritable, fault, counters } = await store.health();
  const status = fault?.code ?? (isWritable ? 'ok' : 'read-only');
  const { scope, windowMs } = store.memory;
  const body = {
    status,
    node_id: store.nodeId,
    counters,
    idempotency_scope: scope,
    idempotency_window_s: windowMs / 1000,
    reason: fault?.message,
  };
  return jsonReply(JSON.stringify(body), isWritable ? 200 : 503);
}

/** GET /slots */
export async function slots({ store }: StoreContext): Promise<Reply> {
  if (store.slots === undefined) {
    throw new ApiError('not_supported', 'the counters of this server are on its disk: there are no slots');
  }
  const all = (await store.slots()).map(({ slot, heldBy = null, isRetired }) => ({
    slot,
    state: isRetired ? 'retired' : heldBy === null ? 'free' : 'held',
    held_by: heldBy,
  }));
  return jsonReply(JSON.stringify({ node_id: store.nodeId, slots: all }));
}

/** GET /backup */
export async function backup({ store }: StoreContext, { request, response }: Exchange): Promise<undefined> {
  if (store.backup === undefined) {
    throw new ApiError('not_supported', 'the counters of this server are elsewhere: copy them there');
  }
  response.writeHead(200, BACKUP);
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  // The client has gone, or reads nothing any more: then it has no end of the backup, and knows.
  await pipeline(Readable.from(store.backup()), response).catch(() => {});
}

const BACKUP = {
  'content-type': 'application/octet-stream',
  'content-disposition': 'attachment; filename="g-counter.backup"',
  'cache-control': 'no-store',
};

/** GET /metrics?counters=PREFIX */
export async function metrics(context: StoreContext, { query }: Exchange): Promise<Reply> {
  const { store, cluster, watchers } = context;
  const { isWritable, counters, idempotencyRecords, logBytes, snapshots } = await store.health();
  const body = context.metrics.text([
    { name: 'counters', help: 'Counters there are.', value: counters },
    { name: 'log_bytes', help: 'Size of the log on the disk.', value: logBytes },
    {
      name: 'snapshots_written_total',
      type: 'counter',
      help: 'Snapshots written since the start.',
      value: snapshots,
    },
    { name: 'idempotency_keys', help: 'Idempotency keys that are remembered.', value: idempotencyRecords },
    { name: 'watchers', help: 'Clients that watch for changes.', value: watchers.size },
    {
      name: 'writable',
      help: 'Whether increments are accepted.',
      value: isWritable ? 1 : 0,
    },
    ...(cluster === undefined ? [] : clusterFigures(cluster)),
    ...(await valueFigures(store, new URLSearchParams(query))),
  ]);
  return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body };
}

/** Each value is a time series of its own, which a scraper keeps for long. */
const MAX_VALUES = 1000;

/** The values of the counters that a request asks for. */
async function valueFigures(store: Store, parameters: URLSearchParams): Promise<Figure[]> {
  if (!parameters.has('counters')) return [];
  const prefix = prefixFrom(parameters, 'counters');
  // One more than there can be shows whether any are left off.
  const found = await store.list(prefix, undefined, MAX_VALUES + 1);
  return [
    {
      name: 'value_total',
      type: 'counter',
      help: `Values of counters whose keys begin with what was asked for, the first ${MAX_VALUES} at most.`,
      value: new Map(found.slice(0, MAX_VALUES).map(({ key, value }) => [labelsText({ key }), value])),
    },
    {
      name: 'values_left_off',
      help: 'Whether there are more such counters.',
      value: found.length > MAX_VALUES ? 1 : 0,
    },
  ];
}

function clusterFigures(cluster: Cluster): Figure[] {
  const members = [...cluster.members].filter(({ state }) => state !== 'self' && state !== 'alias');
  const states = new Map<string, number>([
    ['state="alive"', 0],
    ['state="suspect"', 0],
    ['state="unreachable"', 0],
    ['state="removed"', 0],
  ]);
  for (const { state } of members) {
    const label = `state="${state}"`;
    states.set(label, (states.get(label) ?? 0) + 1);
  }
  const lagMs = Math.max(0, ...members.filter(isPeer).map((member) => cluster.lagMs(member)));
  const { sent, received } = cluster.bytes;
  const bytes = new Map([
    ['direction="sent"', sent],
    ['direction="received"', received],
  ]);
  return [
    { name: 'peers', help: 'Servers known, by what is known of them.', value: states },
    { name: 'peer_bytes_total', type: 'counter', help: 'What was said to and by peers.', value: bytes },
    {
      name: 'replication_lag_seconds',
      help: 'Since when a peer lacks changes of this server, for the one that lacks them longest.',
      value: lagMs / 1000,
    },
  ];
}
