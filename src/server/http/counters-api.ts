import type { Counter } from '../../store/counters.ts';
import type { Identity } from '../../crdt/replica-id.ts';
import { ApiError } from '../../store/api-error.ts';
import { zero } from '../../crdt/counter-state.ts';
import { corsHeaders } from './access.ts';
import { readJson } from './body.ts';
import type { Exchange, StoreContext } from './context.ts';
import { counterJson, partsJson } from './counter-json.ts';
import { idempotencyFrom } from './idempotency-key.ts';
import { type Reply, jsonReply } from './reply.ts';
import { amountFromBody, incrementsFromBody, keyFromPath, partsFromBody, prefixFrom } from './validation.ts';

/** POST /counter/incr/KEY {"amount"} */
export async function increment({ store }: StoreContext, { request, segment }: Exchange): Promise<Reply> {
  const key = keyFromPath(segment);
  const increments = [{ key, amount: amountFromBody(await readJson(request)) }];
  const [value = 0] = await store.increment(increments, idempotencyFrom(request, 'one', increments));
  return jsonReply(incrementJson(store.identity, key, value));
}

/** POST /counters/incr {"increments": [{"key", "amount"}]} */
export async function incrementMany({ store }: StoreContext, { request }: Exchange): Promise<Reply> {
  const increments = incrementsFromBody(await readJson(request));
  const values = await store.increment(increments, idempotencyFrom(request, 'many', increments));
  const results = increments.map(({ key }, index) => incrementJson(store.identity, key, values[index] ?? 0));
  return jsonReply(`{"results":[${results.join(',')}]}`);
}

/** GET /counter/KEY */
export function read({ store }: StoreContext, { segment }: Exchange): Reply {
  const key = keyFromPath(segment);
  return jsonReply(counterJson(store.identity, key, store.counters.get(key) ?? zero));
}

/** POST /counter/merge/KEY {"nodes", "floor"} */
export async function merge({ store }: StoreContext, { request, segment }: Exchange): Promise<Reply> {
  const key = keyFromPath(segment);
  const state = await store.merge(key, partsFromBody(await readJson(request)));
  return jsonReply(counterJson(store.identity, key, state));
}

/** GET /counter/sync/KEY */
export function sync({ store }: StoreContext, { segment }: Exchange): Reply {
  const key = keyFromPath(segment);
  const parts = partsJson(store.identity, store.counters.get(key) ?? zero);
  return jsonReply(`{"key":${JSON.stringify(key)},${parts}}`);
}

/** GET /counters?prefix=&cursor=&limit= */
export function list({ store }: StoreContext, { query }: Exchange): Reply {
  const parameters = new URLSearchParams(query);
  const prefix = prefixFrom(parameters);
  const limit = limitFrom(parameters.get('limit'));
  const counters: string[] = [];
  let chars = 0;
  let last: Counter | undefined;
  let isCut = false;
  for (const counter of store.counters.list(prefix, cursorFrom(parameters.get('cursor')))) {
    isCut = counters.length === limit || chars > MAX_PAGE_CHARS;
    if (isCut) break;
    const text = counterJson(store.identity, counter.key, counter);
    chars += text.length;
    counters.push(text);
    last = counter;
  }
  const next = isCut && last !== undefined ? Buffer.from(last.key).toString('base64url') : undefined;
  return jsonReply(
    `{"counters":[${counters.join(',')}],"next_cursor":${next === undefined ? 'null' : `"${next}"`}}`,
  );
}

/** GET /counters/watch?prefix= */
export function watch(
  { store, access, watchers }: StoreContext,
  { request, response, query }: Exchange,
): undefined {
  const prefix = prefixFrom(new URLSearchParams(query));
  const headers = { ...EVENT_STREAM, ...corsHeaders(access, request) };
  if (request.method === 'HEAD') {
    response.writeHead(200, headers).end();
    return undefined;
  }
  const { 'last-event-id': id } = request.headers;
  watchers.add(response, store, {
    prefix,
    lastEventId: typeof id === 'string' ? id : undefined,
    headers,
  });
  return undefined;
}

const EVENT_STREAM = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // Nginx would otherwise collect events until it has enough of them.
  'x-accel-buffering': 'no',
};

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1000;
/** Counters of many nodes make a page shorter than its limit. */
const MAX_PAGE_CHARS = 2 ** 20;

function limitFrom(text: string | null): number {
  const limit = text === null ? DEFAULT_PAGE : Number(text);
  if (/^\d*$/.test(text ?? '') && limit >= 1 && limit <= MAX_PAGE) return limit;
  throw new ApiError('invalid_limit', `the limit must be a whole number from 1 to ${MAX_PAGE}`);
}

/** The key that a page ended with. */
function cursorFrom(text: string | null): string | undefined {
  if (text === null) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  if (text !== '' && bytes.toString('base64url') === text) return bytes.toString();
  throw new ApiError('invalid_cursor', 'the cursor must be the "next_cursor" of another page');
}

const incrementJson = ({ nodeId }: Identity, key: string, value: number): string =>
  `{"key":${JSON.stringify(key)},"node_id":${JSON.stringify(nodeId)},"new_value":${value}}`;
