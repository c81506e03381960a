/**
 * Requests to the server, with the token if there is one. Bodies go through `parseJson`: what `response.json()` makes
 * of escaped names is wrong in some versions of V8.
 */
import { integer, list } from '../../runtime/decode.ts';
import { parseJson } from '../../runtime/json.ts';
import {
  type ClusterReply,
  type CounterPage,
  type SlotsReply,
  clusterReplyFrom,
  counterPageFrom,
  membersOf,
  slotsReplyFrom,
} from './replies.ts';
import { authorization } from './token.ts';
import { urlOf } from './urls.ts';

/** The patience for requests that are repeated anyway. */
const POLL_TIMEOUT_MS = 4000;

/** A request that the server has refused. After any other error the request may or may not have taken effect. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** The status of HTTP. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

export const isUnauthorized = (error: unknown): boolean => error instanceof ApiError && error.status === 401;

/** Whether the store of the server has no such thing. */
export const isNotSupported = (error: unknown): boolean => error instanceof ApiError && error.status === 501;

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** Counters whose keys begin with `prefix`, at most `limit` of them, from `cursor` on or from the first. */
export async function listCounters(
  prefix: string,
  limit: number,
  cursor: string | null,
  signal: AbortSignal,
): Promise<CounterPage> {
  const query = new URLSearchParams({ prefix, limit: `${limit}`, ...(cursor !== null && { cursor }) });
  return counterPageFrom(await request(`counters?${query}`, { signal }));
}

/** Resolves with the new value. Without a reply the request is sent once more; its key keeps it from counting twice. */
export async function increment(key: string, amount: number): Promise<number> {
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': newIdempotencyKey() };
  // A key in a path would be changed on the way: the browser takes the dots of `..` away, some proxies decode slashes.
  const body = JSON.stringify({ increments: [{ key, amount }] });
  const send = (): Promise<unknown> => request('counters/incr', { method: 'POST', headers, body });
  const reply = await send().catch((error: unknown) => {
    if (error instanceof ApiError) throw error;
    return send();
  });
  const [result] = list(membersOf(reply)['results'], 1);
  return integer(membersOf(result)['new_value']);
}

export const describeCluster = async (): Promise<ClusterReply> =>
  clusterReplyFrom(await request('discovery', { signal: AbortSignal.timeout(POLL_TIMEOUT_MS) }));

export const describeSlots = async (): Promise<SlotsReply> =>
  slotsReplyFrom(await request('slots', { signal: AbortSignal.timeout(POLL_TIMEOUT_MS) }));

/** A server that accepts no increments replies too, with status 503. Rejects if there is no reply. */
export async function checkHealth(): Promise<{ status: string; nodeId: string | undefined }> {
  const response = await fetch(urlOf('health'), {
    signal: AbortSignal.timeout(POLL_TIMEOUT_MS),
    cache: 'no-store',
  });
  const { status, node_id: nodeId } = membersOf(parseJson(await response.text()));
  return { status: String(status), nodeId: typeof nodeId === 'string' ? nodeId : undefined };
}

async function request(path: string, options: RequestOptions): Promise<unknown> {
  const headers = { ...options.headers, ...authorization() };
  const response = await fetch(urlOf(path), { ...options, headers, cache: 'no-store' }).catch(
    () => undefined,
  );
  const body = await response
    ?.text()
    .then(parseJson)
    .catch(() => undefined);
  if (response === undefined || body === undefined) throw new Error('no answer from the server');
  if (!response.ok)
    throw new ApiError(messageIn(body) ?? `the server answered ${response.status}`, response.status);
  return body;
}

function messageIn(body: unknown): string | undefined {
  const { message } = membersOf(membersOf(body)['error'] ?? {});
  return typeof message === 'string' ? message : undefined;
}

function newIdempotencyKey(): string {
  // Over plain HTTP from another machine, browsers have no randomUUID.
  if (isSecureContext) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(16)).join('-');
}
