import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../runtime/clock.ts';
import { ApiError } from '../../store/api-error.ts';
import type { DiskStore } from '../../store/disk/disk-store.ts';
import { counterJson } from './counter-json.ts';

export interface WatchersOptions {
  readonly clock: Clock;
  readonly maxWatchers: number;
  /** The boot id of this process. Positions of another one mean nothing here. Has no `-`. */
  readonly bootId: string;
}

/** How often changes are told. What changes more often is told as it is then. */
const TICK_MS = 100;
/** Through what looks at connections, one on which nothing is ever said looks dead. */
const HEARTBEAT_MS = 15_000;
/** A client that has taken in nothing for so long is gone. */
const STALL_MS = 60_000;
/** What is told at a time. The rest waits for the next tick, and for the client to have read. */
const MAX_CHUNK_CHARS = 262_144;

/** Whose changes are told. */
type Watched = Pick<DiskStore, 'counters' | 'identity'>;

/** What a client wants to be told. */
export interface Watch {
  /** Of the keys. */
  readonly prefix: string;
  /** The id of the last event that it got, on another connection. */
  readonly lastEventId: string | undefined;
  /** To send with the response. */
  readonly headers: Readonly<Record<string, string>>;
}

interface Changes {
  /** As server-sent events. */
  readonly text: string;
  /** Of the latest change that they tell of. */
  readonly position: number;
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
  #store: Watched | undefined;
  #timer: Timer | undefined;

  constructor(options: WatchersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#watchers.size;
  }

  /** Begins a response that goes on for as long as the client wants. Throws a ApiError where there are too many. */
  add(response: ServerResponse, store: Watched, { prefix, lastEventId, headers }: Watch): void {
    const { clock, maxWatchers } = this.#options;
    if (this.#watchers.size >= maxWatchers) {
      throw new ApiError('too_many_watchers', `there can be ${maxWatchers} watchers`);
    }
    this.#store = store;
    const nowMs = clock.nowMs();
    const watcher: Watcher = {
      response,
      prefix,
      position: this.#positionFrom(lastEventId, store.counters.position),
      drainedMs: nowMs,
      toldMs: nowMs,
    };
    this.#watchers.add(watcher);
    response.writeHead(200, headers);
    response.write(`retry: 1000\n\n`);
    this.#tell(watcher, store, new Map());
    this.#timer ??= clock.after(TICK_MS, this.#tick);
  }

  /** Ends all responses. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const { response } of this.#watchers) response.end(() => response.req.socket.destroy());
  }

  readonly #tick = (): void => {
    const store = this.#store;
    this.#timer = undefined;
    if (store === undefined || this.#watchers.size === 0) return;
    const told = new Map<string, Changes>();
    for (const watcher of this.#watchers) {
      // A response that waits behind another on its connection is never told that the connection is gone.
      if (watcher.response.req.socket.destroyed) this.#watchers.delete(watcher);
      else this.#tell(watcher, store, told);
    }
    this.#timer = this.#options.clock.after(TICK_MS, this.#tick);
  };

  /** `told` has what others were told in this tick, who mostly know as much and want the same. */
  #tell(watcher: Watcher, store: Watched, told: Map<string, Changes>): void {
    const { response, prefix, position } = watcher;
    const nowMs = this.#options.clock.nowMs();
    if (response.writableNeedDrain) {
      if (nowMs - watcher.drainedMs > STALL_MS) response.destroy();
      return;
    }
    watcher.drainedMs = nowMs;
    const known = `${position} ${prefix}`;
    const changes = told.get(known) ?? this.#changes(store, prefix, position);
    told.set(known, changes);
    watcher.position = changes.position;
    if (changes.text === '' && nowMs - watcher.toldMs < HEARTBEAT_MS) return;
    watcher.toldMs = nowMs;
    response.write(changes.text === '' ? ':\n\n' : changes.text);
  }

  /** What to tell a client that knows everything up to `position`, and up to where it then does. */
  #changes({ counters, identity }: Watched, prefix: string, position: number | undefined): Changes {
    const { bootId } = this.#options;
    if (position === undefined || !counters.remembers(position)) {
      const text = `event: reset\nid: ${bootId}-${counters.position}\ndata: {}\n\n`;
      return { text, position: counters.position };
    }
    let text = '';
    for (const counter of counters.changedAfter(position)) {
      if (!counter.key.startsWith(prefix)) continue;
      text += `id: ${bootId}-${counter.changedAt}\ndata: ${counterJson(identity, counter.key, counter)}\n\n`;
      if (text.length > MAX_CHUNK_CHARS) return { text, position: counter.changedAt };
    }
    return { text, position: counters.position };
  }

  #positionFrom(eventId: string | undefined, latest: number): number | undefined {
    const [bootId, position = ''] = eventId?.split('-') ?? [];
    const isOurs = bootId === this.#options.bootId && /^\d{1,16}$/.test(position);
    return isOurs && Number(position) <= latest ? Number(position) : undefined;
  }
}
