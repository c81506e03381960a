/**
 * The routes of named counters: increment, read, merge, list and watch. They use the store through its port only.
 */
import type { Counted, NamedCounter, Store } from '../../store/store.ts';
import { corsHeaders } from './access.ts';
import { readFields, readJson } from './body.ts';
import type { Exchange, StoreContext } from './context.ts';
import { counterJson, partsJson } from './counter-json.ts';
import { countIncrements } from './increments.ts';
import { countedReply, valueReply } from './negotiation.ts';
import { type Reply, jsonReply } from './reply.ts';
import {
  amountFromBody,
  cursorFrom,
  incrementsFromBody,
  keyFromPath,
  limitFrom,
  orderFrom,
  partsFromBody,
  prefixFrom,
} from './validation.ts';

/** POST /counter/incr/KEY {"amount"}, also as a form */
export async function increment({ store }: StoreContext, exchange: Exchange): Promise<Reply> {
  const { request, segment } = exchange;
  const key = keyFromPath(segment);
  const amount = amountFromBody(await readFields(request));
  const counted = await countIncrements(store, exchange, 'one', [{ key, amount }]);
  const json = incrementJson(counted, key, 0);
  const reply = countedReply(request, counted.values[0] ?? 0, json, `../../badge/${segment}.svg`);
  return { ...reply, headers: { ...reply.headers, ...scopeHeader(store) } };
}

/** POST /counters/incr {"increments": [{"key", "amount"}]} */
export async function incrementMany({ store }: StoreContext, exchange: Exchange): Promise<Reply> {
  const increments = incrementsFromBody(await readJson(exchange.request));
  const counted = await countIncrements(store, exchange, 'many', increments);
  const results = increments.map(({ key }, index) => incrementJson(counted, key, index));
  return { ...jsonReply(`{"results":[${results.join(',')}]}`), headers: scopeHeader(store) };
}

/** GET /counter/KEY */
export async function read({ store }: StoreContext, { request, segment }: Exchange): Promise<Reply> {
  const counter = await store.read(keyFromPath(segment));
  return valueReply(request, counter.value, counterJson(counter));
}

/** POST /counter/merge/KEY {"nodes", "floor", "key"}: what /counter/sync/KEY gives, as it stands. */
export async function merge(
  { store, maxMergeBytes }: StoreContext,
  { request, segment }: Exchange,
): Promise<Reply> {
  const key = keyFromPath(segment);
  const parts = partsFromBody(await readJson(request, maxMergeBytes), key);
  return jsonReply(counterJson(await store.merge(key, parts)));
}

/** GET /counter/sync/KEY */
export async function sync({ store }: StoreContext, { segment }: Exchange): Promise<Reply> {
  const counter = await store.read(keyFromPath(segment));
  return jsonReply(`{"key":${JSON.stringify(counter.key)},${partsJson(counter)}}`);
}

/** GET /counters?prefix=&order=&cursor=&limit= */
export async function list({ store }: StoreContext, { query }: Exchange): Promise<Reply> {
  const parameters = new URLSearchParams(query);
  const prefix = prefixFrom(parameters);
  const limit = limitFrom(parameters);
  if (orderFrom(parameters) === 'value') return pageReply(await store.largest(prefix, limit), limit, false);
  const after = cursorFrom(parameters);
  // One more than the page holds shows whether there is another page.
  return pageReply(await store.list(prefix, after, limit + 1), limit, true);
}

/** A page of so many counters, or fewer if they are long. It has a cursor if there are more and another page can follow. */
function pageReply(found: readonly NamedCounter[], limit: number, canFollow: boolean): Reply {
  const counters: string[] = [];
  let chars = 0;
  let lastKey = '';
  let isCut = false;
  for (const counter of found) {
    isCut = counters.length === limit || chars > MAX_PAGE_CHARS;
    if (isCut) break;
    const text = counterJson(counter);
    chars += text.length;
    counters.push(text);
    lastKey = counter.key;
  }
  const next = isCut && canFollow ? `"${Buffer.from(lastKey).toString('base64url')}"` : 'null';
  return jsonReply(`{"counters":[${counters.join(',')}],"next_cursor":${next}}`);
}

/** GET /counters/watch?prefix= */
export async function watch(
  { store, access, watchers }: StoreContext,
  { request, response, query }: Exchange,
): Promise<undefined> {
  const prefix = prefixFrom(new URLSearchParams(query));
  const headers = { ...EVENT_STREAM, ...corsHeaders(access, request) };
  if (request.method === 'HEAD') {
    response.writeHead(200, headers).end();
    return;
  }
  const { 'last-event-id': id } = request.headers;
  const lastEventId = typeof id === 'string' ? id : undefined;
  await watchers.add(response, store, { prefix, lastEventId, headers });
}

const EVENT_STREAM = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // Otherwise Nginx buffers events until it has enough of them.
  'x-accel-buffering': 'no',
};

/** Counters of many nodes make a page shorter than its limit. */
const MAX_PAGE_CHARS = 2 ** 20;

/** Which servers know the idempotency key of an increment that was counted. */
const scopeHeader = ({ memory }: Store): Record<string, string> => ({ 'idempotency-scope': memory.scope });

const incrementJson = ({ nodeId, values }: Counted, key: string, index: number): string =>
  `{"key":${JSON.stringify(key)},"node_id":${JSON.stringify(nodeId)},"new_value":${values[index] ?? 0}}`;
