/**
 * What the client needs of the browser or of Node: fetch, time, timers and randomness. The only file here that touches
 * them, so that tests run the rest in virtual time.
 */

/** What the client uses of a response. */
export type HttpResponse = Pick<Response, 'status' | 'headers' | 'body' | 'text'>;

export interface Platform {
  /** `fetch`. */
  request(url: string, init: RequestInit): Promise<HttpResponse>;
  /** Milliseconds since some moment. Never goes back, and goes on while the machine sleeps. */
  nowMs(): number;
  /** Runs a task once, so many milliseconds from now. Returns what cancels it. */
  after(delayMs: number, task: () => void): () => void;
  /** Uniform in [0, 1). */
  random(): number;
  /** 128 random bits, as text. */
  uniqueId(): string;
  /** Runs a task whenever the page is about to go, in a browser. Returns what ends that. */
  onPageHide(task: () => void): () => void;
}

/** By how much the time of day must run ahead of the timer for the machine to have slept. Less may be a correction. */
const SLEEP_MS = 1000;

/** The browser's or Node's. */
export function systemPlatform(): Platform {
  let sleptMs = 0;
  let aheadMs = Date.now() - performance.now();
  return {
    request: (url, init) => fetch(url, init),
    nowMs() {
      const nowMs = performance.now();
      const nowAheadMs = Date.now() - nowMs;
      if (nowAheadMs - aheadMs > SLEEP_MS) sleptMs += nowAheadMs - aheadMs;
      aheadMs = nowAheadMs;
      return nowMs + sleptMs;
    },
    after(delayMs, task) {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
    random: () => Math.random(),
    uniqueId: () => crypto.getRandomValues(new Uint32Array(4)).join('-'),
    onPageHide(task) {
      const page: object & Partial<EventTarget> = globalThis;
      page.addEventListener?.('pagehide', task);
      return () => page.removeEventListener?.('pagehide', task);
    },
  };
}
