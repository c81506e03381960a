/**
 * The leases of the model of etcd, and which keys go with which. When their time is over is written here; that they end
 * then is up to the model, as it is up to the leader in a cluster.
 */
import type { Lease } from '../../store/etcd/etcd.ts';

interface Held {
  readonly ttlSeconds: number;
  expiresAtMs: number;
  readonly keys: Set<string>;
}

/** What etcd makes of shorter ones where elections take as long as they do by default. */
const LEAST_TTL_SECONDS = 2;

export class Leases {
  readonly #held = new Map<string, Held>();
  /** The lease of each key that has one. */
  readonly #ofKeys = new Map<string, Held>();
  #granted = 0;

  /** Grants a lease. */
  grant(ttlSeconds: number, nowMs: number): Lease {
    const id = String(++this.#granted);
    const ttl = Math.max(LEAST_TTL_SECONDS, ttlSeconds);
    this.#held.set(id, { ttlSeconds: ttl, expiresAtMs: nowMs + ttl * 1000, keys: new Set() });
    return { id, ttlSeconds: ttl };
  }

  /** Renews a lease, unless its time is over. */
  renew(id: string, nowMs: number): Lease {
    const held = this.#held.get(id);
    if (held === undefined || held.expiresAtMs <= nowMs) return { id, ttlSeconds: 0 };
    held.expiresAtMs = nowMs + held.ttlSeconds * 1000;
    return { id, ttlSeconds: held.ttlSeconds };
  }

  has(id: string): boolean {
    return this.#held.has(id);
  }

  /** Puts a key under a lease, or under none; it leaves the one that it was under. */
  attach(key: string, id: string | undefined): void {
    this.#ofKeys.get(key)?.keys.delete(key);
    this.#ofKeys.delete(key);
    const held = id === undefined ? undefined : this.#held.get(id);
    if (held === undefined) return;
    held.keys.add(key);
    this.#ofKeys.set(key, held);
  }

  /** Ends a lease. Returns the keys that go with it, in order; undefined if there is no such lease. */
  end(id: string): readonly string[] | undefined {
    const held = this.#held.get(id);
    this.#held.delete(id);
    return held && [...held.keys].toSorted();
  }

  /** The leases whose time is over, oldest first. */
  expired(nowMs: number): string[] {
    return [...this.#held].flatMap(([id, { expiresAtMs }]) => (expiresAtMs <= nowMs ? [id] : []));
  }

  /** When the next lease is over, unless it is renewed; undefined if there is none. */
  get nextExpiryMs(): number | undefined {
    const all = [...this.#held.values()].map(({ expiresAtMs }) => expiresAtMs);
    return all.length === 0 ? undefined : all.reduce((a, b) => Math.min(a, b));
  }
}
