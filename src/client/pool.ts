/**
 * The servers that a client knows, of which it uses one as long as that one is well, and the waiting between attempts, which
 * ends early when the page is about to go.
 */
import { Endpoint } from './endpoint.ts';
import type { Platform } from './platform.ts';

export class Pool {
  readonly endpoints: readonly Endpoint[];
  readonly platform: Platform;
  /** Aborted when the client is closed, for what would go on for ever. */
  readonly closing = new AbortController();
  readonly #sleepers = new Set<() => void>();
  #current = 0;

  constructor(urls: readonly string[], token: string | undefined, platform: Platform) {
    this.endpoints = urls.map((url) => new Endpoint(url, token, platform));
    this.platform = platform;
  }

  /** All of them, beginning with the one in use. */
  get inTurn(): readonly Endpoint[] {
    return [...this.endpoints.slice(this.#current), ...this.endpoints.slice(0, this.#current)];
  }

  /** The first that is well, which from now on is the one in use; undefined if none is. */
  choose(): Endpoint | undefined {
    const found = this.inTurn.find(({ isReady }) => isReady);
    if (found !== undefined) this.#current = this.endpoints.indexOf(found);
    return found;
  }

  /** Resolves after so many milliseconds, or earlier: when a signal is or was aborted, or at `wake`. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = (): void => {
        cancel();
        signal?.removeEventListener('abort', wake);
        this.#sleepers.delete(wake);
        resolve();
      };
      const cancel = this.platform.after(delayMs, wake);
      signal?.addEventListener('abort', wake);
      this.#sleepers.add(wake);
    });
  }

  wake(): void {
    for (const wake of this.#sleepers) wake();
  }
}
