/**
 * Clients that watch for changes, as server-sent events. Each event is a counter as it is, so repeating one or skipping
 * one for a newer one does no harm. The id of an event is the boot id and the position of the change: with it, a client
 * that was away for a moment gets what it missed. One that was away for too long gets a `reset`: it has to list the
 * counters, and gets the changes from then on. What waits for a slow client is bounded.
 */
import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../runtime/clock.ts';
import { ApiError } from '../../store/api-error.ts';
import type { Store } from '../../store/store.ts';
import { counterJson } from './counter-json.ts';

export interface WatchersOptions {
  readonly clock: Clock;
  readonly maxWatchers: number;
  /** The boot id of this process: positions of another one mean nothing here. Contains no `-`. */
  readonly bootId: string;
}

/** How often changes are sent. A counter that changes more often is sent as it is then. */
const TICK_MS = 100;
/** A connection without traffic looks dead to what is between, so it gets a comment now and then. */
const HEARTBEAT_MS = 15_000;
/** A client that has read nothing for this long is gone. */
const STALL_MS = 60_000;
/** How much is sent at a time. The rest waits for the next tick, and until the client has read. */
const MAX_CHUNK_CHARS = 262_144;
/** As many events as may fit into a chunk. */
const MAX_CHUNK_EVENTS = 5000;

/** What a client asks for. */
export interface Watch {
  /** Of the keys. */
  readonly prefix: string;
  /** The id of the last event that the client received, on another connection. */
  readonly lastEventId: string | undefined;
  /** The headers of the response. */
  readonly headers: Readonly<Record<string, string>>;
}

type WatchedStore = Pick<Store, 'changesAfter'>;

interface Events {
  /** Server-sent events, ready to be written. */
  readonly text: string;
  /** The position up to which a client that has read them knows everything. */
  readonly position: number;
}

interface Watcher {
  readonly response: ServerResponse;
  readonly prefix: string;
  /** The position up to which it knows everything; undefined if it has to list the counters first. */
  position: number | undefined;
  /** Whether the response has begun. */
  hasBegun: boolean;
  /** When the client last had read all that was sent. */
  drainedMs: number;
  sentMs: number;
}

export class Watchers {
  readonly #options: WatchersOptions;
  readonly #watchers = new Set<Watcher>();
  #store: WatchedStore | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: WatchersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#watchers.size;
  }

  /**
   * Resolves when a response has begun that goes on for as long as the client wants. Rejects with an ApiError if there
   * are too many watchers or the store cannot say what has changed.
   */
  async add(response: ServerResponse, store: WatchedStore, watch: Watch): Promise<void> {
    const { clock, maxWatchers } = this.#options;
    if (this.#watchers.size >= maxWatchers) {
      throw new ApiError('too_many_watchers', `there can be ${maxWatchers} watchers`);
    }
    this.#store = store;
    const nowMs = clock.nowMs();
    const { prefix } = watch;
    const position = this.#positionFrom(watch.lastEventId);
    const watcher: Watcher = {
      response,
      prefix,
      position,
      hasBegun: false,
      drainedMs: nowMs,
      sentMs: nowMs,
    };
    this.#watchers.add(watcher);
    let events: Events;
    try {
      events = await this.#eventsAfter(store, position, prefix);
    } catch (error) {
      this.#watchers.delete(watcher);
      throw error;
    }
    watcher.hasBegun = true;
    response.writeHead(200, watch.headers);
    response.write(`retry: 1000\n\n`);
    this.#send(watcher, events);
    if (this.#isClosed) endStream(response);
    else this.#timer ??= clock.after(TICK_MS, this.#tick);
  }

  /** Ends all responses. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const { response, hasBegun } of this.#watchers) {
      if (hasBegun) endStream(response);
    }
  }

  readonly #tick = (): void => {
    const store = this.#store;
    this.#timer = undefined;
    if (store === undefined || this.#watchers.size === 0) return;
    // If the store cannot say what has changed, the next tick asks again.
    void this.#sendChanges(store).then(this.#scheduleTick, this.#scheduleTick);
  };

  readonly #scheduleTick = (): void => {
    if (!this.#isClosed) this.#timer ??= this.#options.clock.after(TICK_MS, this.#tick);
  };

  /** Sends all watchers what has changed. Those that know as much and want the same share one text. */
  async #sendChanges(store: WatchedStore): Promise<void> {
    const groups = new Map<string, Watcher[]>();
    for (const watcher of this.#watchers) {
      // If a response waits behind another on its connection, only the socket shows that the client is gone.
      if (watcher.response.req.socket.destroyed) this.#watchers.delete(watcher);
      else if (watcher.hasBegun && this.#canTakeMore(watcher)) {
        const known = `${watcher.position} ${watcher.prefix}`;
        const group = groups.get(known);
        if (group === undefined) groups.set(known, [watcher]);
        else group.push(watcher);
      }
    }
    const sent = [...groups.values()].map(async (group) => {
      const [{ position, prefix } = { position: undefined, prefix: '' }] = group;
      const events = await this.#eventsAfter(store, position, prefix);
      for (const watcher of group) this.#send(watcher, events);
    });
    await Promise.all(sent);
  }

  /** Whether a client has read all that was sent. Destroys its response if it has not for a long time. */
  #canTakeMore(watcher: Watcher): boolean {
    const { response, drainedMs } = watcher;
    const nowMs = this.#options.clock.nowMs();
    if (response.writableNeedDrain) {
      if (nowMs - drainedMs > STALL_MS) response.destroy();
      return false;
    }
    watcher.drainedMs = nowMs;
    return true;
  }

  #send(watcher: Watcher, { text, position }: Events): void {
    const nowMs = this.#options.clock.nowMs();
    watcher.position = position;
    if (text === '' && nowMs - watcher.sentMs < HEARTBEAT_MS) return;
    watcher.sentMs = nowMs;
    watcher.response.write(text === '' ? ':\n\n' : text);
  }

  /** The events for a client that knows everything up to `position`. */
  async #eventsAfter(store: WatchedStore, position: number | undefined, prefix: string): Promise<Events> {
    const { bootId } = this.#options;
    const changes = await store.changesAfter(position, prefix, MAX_CHUNK_EVENTS);
    if (changes.counters === undefined) {
      const text = `event: reset\nid: ${bootId}-${changes.position}\ndata: {}\n\n`;
      return { text, position: changes.position };
    }
    let text = '';
    for (const counter of changes.counters) {
      text += `id: ${bootId}-${counter.changedAt}\ndata: ${counterJson(counter)}\n\n`;
      if (text.length > MAX_CHUNK_CHARS) return { text, position: counter.changedAt };
    }
    return { text, position: changes.position };
  }

  /** The position in the id of an event of this process; undefined for any other text. */
  #positionFrom(eventId: string | undefined): number | undefined {
    const [bootId, position = ''] = eventId?.split('-') ?? [];
    return bootId === this.#options.bootId && /^\d{1,16}$/.test(position) ? Number(position) : undefined;
  }
}

const endStream = (response: ServerResponse): void => {
  response.end(() => response.req.socket.destroy());
};
