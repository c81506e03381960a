/**
 * The client of a server of counters, for browsers and Node: `g-counter/client`. Each increment counts once, whatever is lost
 * or comes twice on the way, and resolves when it is durable.
 */
import { CounterError } from './counter-error.ts';
import { type Counter, counterFrom } from './json.ts';
import { systemPlatform } from './platform.ts';
import { Pool } from './pool.ts';
import { pages, readJson } from './reader.ts';
import { Sender } from './sender.ts';
import { watchCounters } from './watch.ts';

export { type Counter, CounterError };

export interface ClientOptions {
  /**
   * The servers, such as `http://127.0.0.1:8080`: one, those of a cluster, or those on one etcd. The first that is well is used.
   * In a page they may be relative to it. Servers that keep their counters on disk must be named one by one, not behind one
   * address.
   */
  readonly endpoints: readonly string[];
  /** What the servers want as `Authorization: Bearer TOKEN`. */
  readonly token?: string;
  /** How many increments may wait for their outcome; further ones are refused with `too_many_waiting`. 100,000 by default. */
  readonly maxWaiting?: number;
  /** In place of the global `fetch`, to ask in another way. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export class CounterClient {
  readonly #pool: Pool;
  readonly #sender: Sender;

  /** Throws a TypeError if an endpoint is no URL, or if there is none. Connects to nothing yet. */
  constructor({ endpoints, token, maxWaiting = 100_000, fetch }: ClientOptions) {
    if (endpoints.length === 0) throw new TypeError('there must be an endpoint');
    const { location }: object & { readonly location?: { readonly href: string } } = globalThis;
    const urls = endpoints.map((endpoint) => new URL(endpoint, location?.href).href);
    const platform = systemPlatform();
    this.#pool = new Pool(urls, token, fetch === undefined ? platform : { ...platform, request: fetch });
    this.#sender = new Sender(this.#pool, maxWaiting);
  }

  /**
   * Adds to a counter. Resolves, when that is durable, with the value of the counter after the batch that carried it. Waits as
   * long as no server takes it: a signal bounds that.
   *
   * Rejects with a CounterError. After the code `unknown` the increment may count: it was aborted after it was sent, or its
   * outcome did not become known as long as the server remembered it. After every other code it does not count. If it is
   * aborted before it was sent, it rejects with the signal's reason, and does not count.
   *
   * @param key 1 to 256 bytes of UTF-8, without control characters
   * @param amount a whole number from 1 to 2^53 − 1
   */
  increment(key: string, amount = 1, { signal }: CallOptions = {}): Promise<number> {
    return this.#sender.increment(key, amount, signal);
  }

  /**
   * Resolves with the value of a counter: 0 if nobody has incremented it. Rejects with a CounterError, `unavailable` if no
   * server answers for some seconds, or with the signal's reason.
   */
  async read(key: string, { signal }: CallOptions = {}): Promise<number> {
    const path = `/counter/${encodeURIComponent(key)}`;
    return counterFrom(await readJson(this.#pool, path, signal)).value;
  }

  /** Yields the counters whose keys begin with a prefix, in the order of their keys. Throws as `read` rejects. */
  list(prefix = '', { signal }: CallOptions = {}): AsyncGenerator<Counter, void, void> {
    return pages(this.#pool, prefix, signal);
  }

  /**
   * Yields the counters whose keys begin with a prefix, and each again when it changes, until the loop is left or the client is
   * closed. A counter that changes often, or faster than it is read, is yielded as it is then; the last value always comes.
   * It may come twice, and in a cluster an earlier one may come again when another server is asked. Throws a CounterError if a
   * server refuses, or the signal's reason; other failures end nothing.
   */
  watch(prefix = '', { signal }: CallOptions = {}): AsyncGenerator<Counter, void, void> {
    return watchCounters(this.#pool, prefix, signal);
  }

  /**
   * Sends what waits, and refuses further increments with `closed`. Resolves when the outcome of every increment is known. Ends
   * what watches. When a page is left, what waits is sent without this.
   */
  close(): Promise<void> {
    this.#pool.closing.abort();
    return this.#sender.flush();
  }
}
