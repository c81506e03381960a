/**
 * Servers as the client sees them, in virtual time: they count by idempotency key as the real ones do, and each request meets
 * the fate that a test has for it.
 */
import type { HttpResponse, Platform } from '../../src/client/platform.ts';
import { parseJson } from '../../src/runtime/json.ts';
import { streams } from '../../src/workbench/sim/random.ts';
import type { VirtualClock } from '../../src/workbench/sim/virtual-clock.ts';
import { listFrom, numberFrom, objectFrom, textFrom } from './json.ts';

/**
 * What becomes of a request: it is answered; it is done and its answer is lost; it never arrives; it is done and never
 * answered; or it is answered like this.
 */
export type Fate = 'whole' | 'no answer' | 'no request' | 'silence' | Refusal;

export interface Refusal {
  readonly status: number;
  /** None for what no such server sends. */
  readonly code?: string;
  readonly retryAfterS?: number;
}

/** A request to increment. */
export interface Asked {
  readonly atMs: number;
  readonly id: string;
  readonly keys: readonly string[];
  readonly isKeptAlive: boolean;
}

export interface FakeSettings {
  readonly scope?: 'server' | 'store';
  readonly windowS?: number;
  /** Those with the same store count together. */
  readonly store?: FakeStore;
}

/** Counters, and the answers under idempotency keys. */
export class FakeStore {
  readonly values = new Map<string, number>();
  readonly answers = new Map<string, { readonly atMs: number; readonly text: string }>();
}

export class FakeServer {
  readonly url: string;
  readonly store: FakeStore;
  /** All requests to increment, done or not. */
  readonly asked: Asked[] = [];
  /** Health is as this says: another one can mean that the server is away, too. */
  health: Fate = 'whole';
  /** Of the next requests to increment; those after them are answered. */
  readonly fates: Fate[] = [];
  readonly #clock: VirtualClock;
  readonly #settings: FakeSettings;

  constructor(name: string, clock: VirtualClock, settings: FakeSettings = {}) {
    this.url = `http://${name}`;
    this.store = settings.store ?? new FakeStore();
    this.#clock = clock;
    this.#settings = settings;
  }

  value(key: string): number {
    return this.store.values.get(key) ?? 0;
  }

  async take(path: string, init: RequestInit): Promise<HttpResponse> {
    const fate = path === '/health' ? this.health : this.#fateOf(init);
    await this.#pass(1);
    if (fate === 'no request') throw new TypeError('nothing listens');
    if (typeof fate === 'object') return refused(fate);
    const text = path === '/health' ? this.#healthText() : this.#increment(init);
    if (fate === 'no answer') throw new TypeError('the connection broke');
    if (fate === 'silence') await aborted(init.signal);
    return response(200, text);
  }

  #fateOf(init: RequestInit): Fate {
    const { id, increments } = requestFrom(init);
    const keys = increments.map(({ key }) => key);
    this.asked.push({ atMs: this.#clock.nowMs(), id, keys, isKeptAlive: init.keepalive ?? false });
    return this.fates.shift() ?? 'whole';
  }

  #healthText(): string {
    const { scope = 'server', windowS = 600 } = this.#settings;
    return JSON.stringify({ status: 'ok', idempotency_scope: scope, idempotency_window_s: windowS });
  }

  #increment(init: RequestInit): string {
    const { id, increments } = requestFrom(init);
    const { values, answers } = this.store;
    const atMs = this.#clock.nowMs();
    const earlier = answers.get(id);
    const windowMs = 1000 * (this.#settings.windowS ?? 600);
    if (earlier !== undefined && atMs - earlier.atMs < windowMs) return earlier.text;
    const results = increments.map(({ key, amount }) => {
      values.set(key, this.value(key) + amount);
      return { key, node_id: 'node-1', new_value: this.value(key) };
    });
    const text = JSON.stringify({ results });
    answers.set(id, { atMs, text });
    return text;
  }

  #pass(durationMs: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(durationMs, resolve));
  }
}

/** The platform of a client that reaches these servers. */
export class FakePlatform implements Platform {
  /** Called when the page goes. */
  pageHide: () => void = () => {};
  readonly #clock: VirtualClock;
  readonly #servers: readonly FakeServer[];
  readonly #random = streams(1)('client');

  constructor(clock: VirtualClock, servers: readonly FakeServer[]) {
    this.#clock = clock;
    this.#servers = servers;
  }

  async request(url: string, init: RequestInit): Promise<HttpResponse> {
    const server = this.#servers.find((each) => url.startsWith(`${each.url}/`));
    if (server === undefined) throw new TypeError(`there is nothing at ${url}`);
    return server.take(url.slice(server.url.length), init);
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = this.#clock.after(delayMs, task);
    return () => timer.cancel();
  }

  random(): number {
    return this.#random.next();
  }

  uniqueId(): string {
    return 'client';
  }

  onPageHide(task: () => void): () => void {
    this.pageHide = task;
    return () => (this.pageHide = () => {});
  }
}

interface IncrementRequest {
  readonly id: string;
  readonly increments: readonly { readonly key: string; readonly amount: number }[];
}

function requestFrom({ headers, body }: RequestInit): IncrementRequest {
  const increments = listFrom(objectFrom(parseJson(textFrom(body)))['increments']).map((each) => {
    const { key, amount } = objectFrom(each);
    return { key: textFrom(key), amount: numberFrom(amount) };
  });
  return { id: new Headers(headers).get('idempotency-key') ?? '', increments };
}

function refused({ status, code, retryAfterS }: Refusal): HttpResponse {
  const text = code === undefined ? 'no' : JSON.stringify({ error: { code, message: 'no' } });
  return response(status, text, retryAfterS === undefined ? {} : { 'retry-after': `${retryAfterS}` });
}

const response = (status: number, text: string, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers: new Headers(headers),
  body: null,
  text: async () => text,
});

/** Rejects when the client gives up. */
const aborted = (signal: AbortSignal | null | undefined): Promise<never> =>
  new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new TypeError('aborted')));
  });
