import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { Counter, Counters } from '../counters.ts';
import { Refusal } from '../refusal.ts';

export interface WatchersOptions {
  readonly clock: Clock;
  readonly maxWatchers: number;
  /** Tells this life of the server from others, whose positions mean nothing here. Has no `-`. */
  readonly life: string;
  /** A counter as it is told. */
  readonly encode: (counter: Counter) => string;
}

/** How often changes are told. What changes more often is told as it is then. */
const TICK_MS = 100;
/** Through what looks at connections, one on which nothing is ever said looks dead. */
const HEARTBEAT_MS = 15_000;
/** A client that has taken in nothing for so long is gone. */
const STALL_MS = 60_000;
/** What is told at a time. The rest waits for the next tick, and for the client to have read. */
const MAX_CHUNK_CHARS = 262_144;

/** What a client wants to be told. */
export interface Watch {
  /** Of the keys. */
  readonly prefix: string;
  /** The id of the last event that it got, on another connection. */
  readonly lastEventId: string | undefined;
  /** To send with the response. */
  readonly headers: Readonly<Record<string, string>>;
}

interface Watcher {
  readonly response: ServerResponse;
  readonly prefix: string;
  /** The position of the latest change that it knows; undefined where it must begin anew. */
  position: number | undefined;
  /** When it last took in what it was told. */
  drainedMs: number;
  toldMs: number;
}

/**
 * Clients that are told of changes, as server-sent events. Each event is a counter as it is, so one that is repeated
 * or left out for a newer one does no harm. An event's id is the position of the change: with it a client that was
 * away for a moment is told what it missed. One that was away for too long gets a `reset`: it has to list the
 * counters, and is told what changes from then on.
 */
export class Watchers {
  readonly #options: WatchersOptions;
  readonly #watchers = new Set<Watcher>();
  #counters: Counters | undefined;
  #timer: Timer | undefined;

  constructor(options: WatchersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#watchers.size;
  }

  /** Takes over a response. Throws a Refusal where there are too many already. */
  add(response: ServerResponse, counters: Counters, { prefix, lastEventId, headers }: Watch): void {
    const { clock, maxWatchers } = this.#options;
    if (this.#watchers.size >= maxWatchers) {
      throw new Refusal(503, 'too_many_watchers', `there can be ${maxWatchers} watchers`, {
        'retry-after': '10',
      });
    }
    this.#counters = counters;
    const nowMs = clock.nowMs();
    const watcher: Watcher = {
      response,
      prefix,
      position: this.#positionFrom(lastEventId, counters),
      drainedMs: nowMs,
      toldMs: nowMs,
    };
    this.#watchers.add(watcher);
    response.on('drain', () => (watcher.drainedMs = clock.nowMs()));
    response.on('close', () => this.#watchers.delete(watcher));
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // Nginx would otherwise collect events until it has enough of them.
      'x-accel-buffering': 'no',
      ...headers,
    });
    response.write(`retry: 1000\n\n`);
    this.#tell(watcher, counters);
    this.#timer ??= clock.after(TICK_MS, this.#tick);
  }

  /** Ends all responses. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const { response } of this.#watchers) response.end();
  }

  readonly #tick = (): void => {
    const counters = this.#counters;
    this.#timer = undefined;
    if (counters === undefined || this.#watchers.size === 0) return;
    for (const watcher of this.#watchers) this.#tell(watcher, counters);
    this.#timer = this.#options.clock.after(TICK_MS, this.#tick);
  };

  #tell(watcher: Watcher, counters: Counters): void {
    const { response, position } = watcher;
    const nowMs = this.#options.clock.nowMs();
    if (response.writableNeedDrain) {
      if (nowMs - watcher.drainedMs > STALL_MS) response.destroy();
      return;
    }
    watcher.drainedMs = nowMs;
    const text =
      position === undefined || !counters.remembers(position)
        ? this.#reset(watcher, counters)
        : this.#changes(watcher, counters, position);
    if (text === '' && nowMs - watcher.toldMs < HEARTBEAT_MS) return;
    watcher.toldMs = nowMs;
    response.write(text === '' ? ':\n\n' : text);
  }

  #reset(watcher: Watcher, counters: Counters): string {
    watcher.position = counters.position;
    return `event: reset\nid: ${this.#options.life}-${counters.position}\ndata: {}\n\n`;
  }

  #changes(watcher: Watcher, counters: Counters, position: number): string {
    let text = '';
    for (const counter of counters.changedAfter(position)) {
      if (!counter.key.startsWith(watcher.prefix)) continue;
      if (text.length > MAX_CHUNK_CHARS) return text;
      text += `id: ${this.#options.life}-${counter.changedAt}\ndata: ${this.#options.encode(counter)}\n\n`;
      watcher.position = counter.changedAt;
    }
    watcher.position = counters.position;
    return text;
  }

  #positionFrom(eventId: string | undefined, counters: Counters): number | undefined {
    const [life, position = ''] = eventId?.split('-') ?? [];
    const isOurs = life === this.#options.life && /^\d{1,16}$/.test(position);
    return isOurs && Number(position) <= counters.position ? Number(position) : undefined;
  }
}
