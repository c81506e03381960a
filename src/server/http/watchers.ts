/**
 * Clients that watch for changes, as server-sent events. Each event is a counter as it is, so repeating one or skipping
 * one for a newer one does no harm. The id of an event is the boot id and the position of the change: with it, a client
 * that was away for a moment gets what it missed. One that was away or read nothing for too long gets a `reset`: it has to
 * list the counters, and gets the changes from then on. What waits for a slow client is bounded, and so is the work for
 * all of them together: whoever it does not reach this time comes first the next time.
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
/** How much text is made per tick, and how much written to all watchers, before the rest of them wait for the next. */
const MAX_MADE_BYTES = 1_048_576;
const MAX_WRITTEN_BYTES = 8_388_608;
/** The same for time: looking for what a watcher wants takes some though there is nothing to write. */
const MAX_WORK_MS = 25;
/** How much is written at a stretch, and for how long; then requests get their turn. */
const MAX_STRETCH_BYTES = 524_288;
const MAX_STRETCH_MS = 2;
/** A watcher that has got nothing for so long is told to list the counters: what it missed would cost more. */
const LATE_MS = 5000;
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
  readonly bytes: Buffer;
  /** The position up to which a client that has read them knows everything. */
  readonly position: number;
}

/** The event of each change, by its position. */
type Texts = Map<number, string>;

interface Watcher {
  readonly response: ServerResponse;
  readonly prefix: string;
  /** The position up to which it knows everything; undefined if it has to list the counters first. */
  position: number | undefined;
  /** Whether the response has begun. */
  hasBegun: boolean;
  /** When the client last had read all that was sent. */
  drainedMs: number;
  /** When it was last brought to the state of things, whether or not there was anything to send. */
  servedMs: number;
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
      servedMs: nowMs,
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

  /** Sends watchers what has changed, within what a tick may cost. Those that know as much and want the same share it. */
  async #sendChanges(store: WatchedStore): Promise<void> {
    const { clock } = this.#options;
    const shared = new Map<string, Events>();
    const texts: Texts = new Map();
    let [madeBytes, writtenBytes, stretchBytes, workMs] = [0, 0, 0, 0];
    let stretchStartMs = clock.nowMs();
    const inTurn = [...this.#watchers];
    for (const watcher of inTurn) {
      if (writtenBytes > MAX_WRITTEN_BYTES || workMs > MAX_WORK_MS) return;
      if (watcher.response.req.socket.destroyed) this.#watchers.delete(watcher);
      else if (watcher.hasBegun && this.#canTakeMore(watcher)) {
        if (clock.nowMs() - watcher.servedMs > LATE_MS) watcher.position = undefined;
        const { position, prefix } = watcher;
        let events = shared.get(`${position} ${prefix}`);
        if (events === undefined) {
          if (madeBytes > MAX_MADE_BYTES) continue;
          events = await this.#eventsAfter(store, position, prefix, texts);
          shared.set(`${position} ${prefix}`, events);
          madeBytes += events.bytes.length;
        }
        this.#watchers.delete(watcher);
        this.#watchers.add(watcher);
        this.#send(watcher, events);
        writtenBytes += events.bytes.length;
        stretchBytes += events.bytes.length;
      }
      const stretchMs = clock.nowMs() - stretchStartMs;
      if (stretchBytes > MAX_STRETCH_BYTES || stretchMs > MAX_STRETCH_MS) {
        workMs += stretchMs;
        stretchBytes = 0;
        await new Promise<void>((resolve) => clock.after(0, resolve));
        if (this.#isClosed) return;
        stretchStartMs = clock.nowMs();
      }
    }
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

  #send(watcher: Watcher, { bytes, position }: Events): void {
    const nowMs = this.#options.clock.nowMs();
    watcher.position = position;
    watcher.servedMs = nowMs;
    if (bytes.length === 0 && nowMs - watcher.sentMs < HEARTBEAT_MS) return;
    watcher.sentMs = nowMs;
    watcher.response.write(bytes.length === 0 ? ':\n\n' : bytes);
  }

  /** The events for a client that knows everything up to `position`. Those that are in `texts` are not made again. */
  async #eventsAfter(
    store: WatchedStore,
    position: number | undefined,
    prefix: string,
    texts: Texts = new Map(),
  ): Promise<Events> {
    const { bootId } = this.#options;
    const changes = await store.changesAfter(position, prefix, MAX_CHUNK_EVENTS);
    if (changes.counters === undefined) {
      const text = `event: reset\nid: ${bootId}-${changes.position}\ndata: {}\n\n`;
      return { bytes: Buffer.from(text), position: changes.position };
    }
    let text = '';
    for (const counter of changes.counters) {
      let event = texts.get(counter.changedAt);
      if (event === undefined) {
        event = `id: ${bootId}-${counter.changedAt}\ndata: ${counterJson(counter)}\n\n`;
        texts.set(counter.changedAt, event);
      }
      text += event;
      if (text.length > MAX_CHUNK_CHARS) {
        return { bytes: Buffer.from(text), position: counter.changedAt };
      }
    }
    return { bytes: Buffer.from(text), position: changes.position };
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
