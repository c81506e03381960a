/**
 * A server as the client knows it: how to ask it, how it is doing, and what it has said about its idempotency keys: whether it
 * alone knows them or all servers on the same store do, and for how long.
 */
import type { Batch } from './batch.ts';
import { CounterError } from './counter-error.ts';
import { membersOf } from './json.ts';
import type { HttpResponse, Platform } from './platform.ts';

/** What an answer says about the request. */
export type Answer = {
  /** 0 if there was none. */
  readonly status: number;
  readonly json: unknown;
  readonly retryAfterMs: number;
} & (
  | { readonly is: 'done'; readonly error?: undefined }
  /**
   * Refused, as the same request always would be, and nothing has changed; busy, which is the same for now; or open: it may
   * have been done.
   */
  | { readonly is: 'refused' | 'busy' | 'open'; readonly error: CounterError }
);

/** What `fetch` is told of a request. */
export type Request = Pick<RequestInit, 'method' | 'body' | 'keepalive' | 'signal'> & {
  readonly headers?: Readonly<Record<string, string>>;
};

/** For an answer. A server on etcd gives up after 10 s itself. */
const TIMEOUT_MS = 15_000;
const BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 5000;

/** The wait after so many failures in a row, counted from 1: it doubles, and is drawn from its upper half. */
export const backoffMs = (platform: Platform, failures: number): number =>
  Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** Math.min(failures - 1, 10)) * (0.5 + platform.random() / 2);

export class Endpoint {
  /** How many batches were sent to it whose outcome is not known yet. */
  batches = 0;
  /** In a row. */
  failures = 0;
  /** When it may be asked again after a failure. */
  retryAtMs = 0;
  /** Whether all servers on its store know its idempotency keys. */
  isShared = false;
  /** For how long it knows them; undefined if it has not said so yet. */
  windowMs: number | undefined;
  /** Why it does not even tell how it is, if it will not. */
  refusal: CounterError | undefined;
  isBeingChecked = false;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #platform: Platform;

  constructor(url: string, token: string | undefined, platform: Platform) {
    this.#url = url.replace(/\/+$/, '');
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#platform = platform;
  }

  /** Whether increments that were never sent may be sent to it. */
  get isReady(): boolean {
    return this.windowMs !== undefined && this.failures === 0;
  }

  /** How long to wait for an answer to a batch: so that there is time for a few attempts while it is remembered. */
  get #batchTimeoutMs(): number {
    return Math.min(TIMEOUT_MS, (this.windowMs || Infinity) / 4);
  }

  /** Sends a batch once. Never rejects. */
  async send(batch: Batch, keepalive: boolean): Promise<Answer> {
    const { body, id } = batch;
    const timeoutMs = this.#batchTimeoutMs;
    // Nothing is promised if the window is not known. A server that is asked later may remember for longer.
    batch.untilMs = Math.min(batch.untilMs, this.#platform.nowMs() + (this.windowMs ?? 0) - timeoutMs);
    const headers = { 'content-type': 'application/json', 'idempotency-key': id };
    const request = { method: 'POST', headers, body, keepalive };
    const answer = await this.ask('/counters/incr', request, timeoutMs);
    this.#note(answer, answer.is === 'done' || answer.is === 'refused');
    return answer;
  }

  /** Asks how it is, and what it says about idempotency keys. Never rejects. */
  async check(): Promise<void> {
    this.isBeingChecked = true;
    const answer = await this.ask('/health');
    this.refusal = answer.is === 'refused' ? answer.error : undefined;
    if (answer.is === 'done') {
      const { idempotency_scope: scope, idempotency_window_s: windowS } = membersOf(answer.json);
      this.isShared = scope === 'store';
      // An older server does not tell, and NaN is in no window: then nothing is repeated.
      this.windowMs = 1000 * Number(windowS);
    }
    this.#note(answer, answer.is === 'done');
    this.isBeingChecked = false;
  }

  /** Asks once. Never rejects. */
  async ask(path: string, request: Request = {}, timeoutMs = TIMEOUT_MS): Promise<Answer> {
    const { signal } = request;
    const giveUp = new AbortController();
    const abort = (): void => giveUp.abort();
    const cancel = this.#platform.after(timeoutMs, abort);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    try {
      const response = await this.open(path, { ...request, signal: giveUp.signal });
      return answerFrom(response, await response.text());
    } catch (cause) {
      const error = new CounterError('unavailable', `${this.#url} does not answer`, { cause });
      return { is: 'open', status: 0, json: undefined, error, retryAfterMs: 0 };
    } finally {
      signal?.removeEventListener('abort', abort);
      cancel();
    }
  }

  /** The response to a request, whatever its status. Rejects if there is none. */
  open(path: string, request: Request): Promise<HttpResponse> {
    return this.#platform.request(this.#url + path, {
      // Elsewhere there may be a server that does not know the idempotency key.
      redirect: 'manual',
      ...request,
      headers: { ...this.#headers, ...request.headers },
    });
  }

  #note({ retryAfterMs }: Answer, isWell: boolean): void {
    this.failures = isWell ? 0 : this.failures + 1;
    const waitMs = Math.max(retryAfterMs, backoffMs(this.#platform, this.failures));
    this.retryAtMs = this.#platform.nowMs() + waitMs;
  }
}

/** What a response says. Only JSON with the status 200 says that something was done. */
export function answerFrom({ status, headers }: HttpResponse, text: string): Answer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {}
  const retryAfterMs = 1000 * Number(headers.get('retry-after')) || 0;
  if (status === 200 && json !== undefined) return { is: 'done', status, json, retryAfterMs };
  const { code, message } = membersOf(membersOf(json)['error']);
  const isTold = typeof code === 'string';
  const error = new CounterError(
    isTold ? code : `http_${status}`,
    typeof message === 'string' ? message : 'not an answer of a counter server',
  );
  return { is: verdict(status, isTold ? code : ''), status, json, error, retryAfterMs };
}

/** What a status says, and the code of the API with it, if there is one. */
function verdict(status: number, code: string): 'refused' | 'busy' | 'open' {
  if (status === 200) return 'open';
  const isForNow = status >= 500 ? status !== 501 && status !== 505 : status === 408 || status === 429;
  if (!isForNow) return 'refused';
  // What has no code may be from a proxy, which sends it whatever has become of the request.
  if (code === '' ? status !== 429 : code === 'unknown_outcome' || code === 'internal') return 'open';
  return 'busy';
}
