/**
 * What changes in etcd, for watchers: one watch over all entries, as long as anybody asks. Positions number the changes
 * that this server has been told of; after a gap, which positions before it no longer bridge, readers start over.
 */
import { ChangeRing } from '../../runtime/change-ring.ts';
import type { Clock, Timer } from '../../runtime/clock.ts';
import { RECENT } from '../counters.ts';
import type { Endpoints } from './endpoints.ts';
import type { EtcdError, Watching } from './etcd.ts';
import type { Keyspace } from './keys.ts';
import { PATIENCE_MS } from './task.ts';

/** After so long without a reader, the watch is given up. */
const IDLE_MS = 60_000;
/** How long a reader waits for changes that this server has made itself. */
const MAX_LATE_MS = 1000;

export interface ChangedKeys {
  /** The keys that have changed with the positions of their latest changes, in the order of these; undefined after a gap. */
  readonly keys: readonly [key: string, position: number][] | undefined;
  readonly position: number;
}

export class EtcdChanges {
  readonly #endpoints: Endpoints;
  readonly #keys: Keyspace;
  readonly #clock: Clock;
  readonly #ring = new ChangeRing<string>(RECENT);
  /** The first position without a gap behind it. */
  #validFrom = 0;
  #revision = 0;
  readonly #waiting = new Set<{ readonly revision: number; readonly resolve: () => void }>();
  #watching: Watching | undefined;
  #starting: Promise<void> | undefined;
  #failures = 0;
  #askedMs = 0;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(endpoints: Endpoints, keys: Keyspace, clock: Clock) {
    this.#endpoints = endpoints;
    this.#keys = keys;
    this.#clock = clock;
  }

  /**
   * The first `limit` keys with a prefix that have changed since a position; none, with the latest position, if that is
   * undefined or no longer known. Changes up to `revision` are among them, unless etcd does not tell them in time. Rejects
   * with an EtcdError.
   */
  async after(
    position: number | undefined,
    prefix: string,
    limit: number,
    revision: number,
  ): Promise<ChangedKeys> {
    this.#askedMs = this.#clock.nowMs();
    if (this.#watching === undefined) await (this.#starting ??= this.#start());
    if (this.#revision < revision) await this.#told(revision);
    const latest = this.#ring.position;
    if (position === undefined || position < this.#validFrom || !this.#ring.remembers(position)) {
      return { keys: undefined, position: latest };
    }
    const changed = new Map<string, number>();
    for (let at = position + 1; at <= latest; at++) {
      const key = this.#ring.at(at);
      if (key === undefined || !key.startsWith(prefix)) continue;
      changed.delete(key);
      changed.set(key, at);
    }
    const keys = [...changed].slice(0, limit);
    return { keys, position: keys.length < changed.size ? (keys.at(-1)?.[1] ?? latest) : latest };
  }

  /** Resolves when etcd has told the changes up to a revision, or has taken too long. */
  #told(revision: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = {
        revision,
        resolve: () => {
          timer.cancel();
          this.#waiting.delete(waiting);
          resolve();
        },
      };
      const timer = this.#clock.after(MAX_LATE_MS, () => waiting.resolve());
      this.#waiting.add(waiting);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  /** Begins to watch from now on. Positions before are no longer known. */
  async #start(): Promise<void> {
    try {
      const { revision } = await this.#endpoints.ranges(
        [{ range: this.#keys.live('') }],
        this.#clock.nowMs() + PATIENCE_MS,
      );
      if (this.#isClosed) return;
      this.#revision = revision;
      this.#gap();
      this.#watch();
      this.#stopWhenIdle();
    } finally {
      this.#starting = undefined;
    }
  }

  #gap(): void {
    // No key is empty.
    this.#ring.push('');
    this.#validFrom = this.#ring.position;
  }

  #watch(): void {
    const { range: key, rangeEnd } = this.#keys.all('c');
    this.#watching = this.#endpoints.watch({
      key,
      rangeEnd,
      fromRevision: this.#revision + 1,
      onChanges: (entries, revision) => {
        this.#failures = 0;
        this.#revision = Math.max(this.#revision, revision);
        for (const entry of entries) this.#ring.push(this.#keys.parseEntry(entry).counter);
        for (const waiting of this.#waiting) if (waiting.revision <= this.#revision) waiting.resolve();
      },
      onEnd: (error) => void this.#again(error),
    });
  }

  async #again({ code }: EtcdError): Promise<void> {
    const ended = this.#watching;
    await this.#endpoints.pause(this.#failures++);
    if (this.#isClosed || ended !== this.#watching) return;
    if (code !== 'compacted') return this.#watch();
    // The next reader starts over.
    this.#stop();
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#watching?.cancel();
    this.#watching = undefined;
  }

  #stopWhenIdle(): void {
    this.#timer = this.#clock.after(IDLE_MS, () => {
      if (this.#clock.nowMs() - this.#askedMs < IDLE_MS) this.#stopWhenIdle();
      else this.#stop();
    });
  }
}
