/**
 * Slots: the names that servers count under. A server claims a slot before it counts, and holds it as long as its lease
 * lasts; only the holder of a slot commits to its totals, because every commit compares the claim. A slot that is free is
 * taken over with its totals, so a counter has as many entries as servers ever ran at the same time.
 *
 * `live/SLOT` names the claim, and where its server is, for people.
 *
 * A claim is lost when its lease ends, or when the slot's name is retired. It is never found again: a claim has a random
 * name of its own, so what was sent under a lost one can no longer take effect.
 */
import { randomSuffix, replicaIdOf } from '../../crdt/replica-id.ts';
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import { type Random, uniqueIntegers } from '../../runtime/random.ts';
import type { Slot } from '../store.ts';
import type { Endpoints } from './endpoints.ts';
import { EtcdError } from './etcd.ts';
import type { Keyspace } from './keys.ts';

export interface Holding {
  readonly slot: string;
  readonly claim: string;
  /** The value of `live/SLOT`. */
  readonly live: string;
  readonly leaseId: string;
}

export interface SlotsOptions {
  readonly endpoints: Endpoints;
  readonly keys: Keyspace;
  /** The slot to claim, which must contain no `~`; undefined for the lowest that is free. */
  readonly slot: string | undefined;
  /** Where this server is, such as HOST:PORT. */
  readonly at: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly warn: Log;
  /** Called when the lease of the present claim has ended. */
  readonly onLost: () => void;
}

const LEASE_SECONDS = 10;
const LEASE_MS = LEASE_SECONDS * 1000;

export class Slots {
  readonly #options: SlotsOptions;
  readonly #nextClaim: () => number;
  #holding: Holding | undefined;
  /** The slot that was held before, whose name a new one resembles. */
  #previous: string | undefined;
  #timer: Timer | undefined;
  #renewedMs = 0;
  #leaseMs = LEASE_MS;
  #hasSaidTaken = false;

  constructor(options: SlotsOptions) {
    this.#options = options;
    this.#nextClaim = uniqueIntegers(options.random);
  }

  /** What this server holds, as far as it knows. Whether it is right shows with each commit. */
  get holding(): Holding | undefined {
    return this.#holding;
  }

  /** What is left of the lease, by this machine's clock, in milliseconds. */
  get leaseLeftMs(): number {
    if (this.#holding === undefined) return 0;
    return Math.max(0, this.#renewedMs + this.#leaseMs - this.#options.clock.nowMs());
  }

  /**
   * Claims a slot. Returns undefined if the one that is wanted is held by another, or was taken at the same moment.
   * Rejects with an EtcdError after about the time of a lease.
   */
  async claim(): Promise<Holding | undefined> {
    const { endpoints, keys, at, clock, warn } = this.#options;
    const startMs = clock.nowMs();
    const untilMs = startMs + LEASE_MS;
    const slot = await this.#freeSlot(untilMs);
    if (slot === undefined) return undefined;
    const { id: leaseId, ttlSeconds } = await endpoints.grantLease(LEASE_SECONDS, untilMs);
    const claim = this.#nextClaim().toString(36);
    const live = `${claim} ${at}`;
    const { succeeded, results } = await endpoints.txnUntil(
      {
        compare: [
          { key: keys.live(slot), isAbsent: true },
          { key: keys.retired(slot), isAbsent: true },
        ],
        success: [
          { put: keys.live(slot), value: live, lease: leaseId },
          { put: keys.seq(slot), value: seqText(claim, 0) },
        ],
        failure: [{ range: keys.live(slot) }],
      },
      untilMs,
    );
    // If the answer to an earlier attempt was lost, the slot is held already: by this claim.
    if (!succeeded && results[0]?.found[0]?.value !== live) {
      await endpoints.revokeLease(leaseId).catch(ignoreEtcdError);
      return undefined;
    }
    this.#holding = { slot, claim, live, leaseId };
    this.#previous = slot;
    this.#hasSaidTaken = false;
    this.#renewedMs = startMs;
    this.#leaseMs = ttlSeconds * 1000;
    if (ttlSeconds > LEASE_SECONDS) {
      warn(
        `etcd gives leases of at least ${ttlSeconds} s: the slot of a server that is killed is free after that`,
      );
    }
    this.#renewLater();
    return this.#holding;
  }

  /** All slots that anybody has held. Rejects as `Endpoints.ranges` does. */
  async list(untilMs: number): Promise<Slot[]> {
    const { endpoints, keys } = this.#options;
    const kinds = (['live', 'seq', 'retired'] as const).map((kind) => keys.all(kind));
    const { results } = await endpoints.ranges(kinds, untilMs);
    const [live, seq, retired] = results.map(
      ({ found }) => new Map(found.map(({ key, value }) => [keys.lastPart(key), value])),
    );
    return [...new Set([...(seq?.keys() ?? []), ...(retired?.keys() ?? [])])].map((slot) => ({
      slot,
      heldBy: live?.get(slot)?.replace(/^\S* /, ''),
      isRetired: retired?.has(slot) ?? false,
    }));
  }

  /** Gives up a claim that has turned out to be lost. */
  lost(): void {
    this.#timer?.cancel();
    this.#holding = undefined;
  }

  /** Frees the slot for others. */
  async release(): Promise<void> {
    const holding = this.#holding;
    this.lost();
    if (holding !== undefined)
      await this.#options.endpoints.revokeLease(holding.leaseId).catch(ignoreEtcdError);
  }

  async #freeSlot(untilMs: number): Promise<string | undefined> {
    const { endpoints, keys, slot: wanted, random, warn } = this.#options;
    const { results } = await endpoints.ranges([keys.all('live')], untilMs);
    const held = new Set((results[0]?.found ?? []).map(({ key }) => keys.lastPart(key)));
    const named = wanted ?? this.#previous;
    if (named === undefined) return this.#lowestFree(held, untilMs);
    const retired = await endpoints.ranges([{ range: keys.retired(named) }], untilMs);
    if ((retired.results[0]?.found.length ?? 0) > 0) {
      const [nodeId = named] = named.split('~');
      return replicaIdOf(nodeId, randomSuffix(random.next()));
    }
    if (!held.has(named)) return named;
    if (wanted === undefined) return this.#lowestFree(held, untilMs);
    if (!this.#hasSaidTaken)
      warn(`the slot ${named} is held by another server: waiting until its lease ends`);
    this.#hasSaidTaken = true;
    return undefined;
  }

  /** The first of node-1, node-2, … that is neither held nor retired. */
  async #lowestFree(held: ReadonlySet<string>, untilMs: number): Promise<string> {
    const { endpoints, keys } = this.#options;
    for (let first = 1; ; first += CANDIDATES) {
      const candidates = Array.from({ length: CANDIDATES }, (_, index) => `node-${first + index}`);
      const ranges = candidates.map((candidate) => ({ range: keys.retired(candidate) }));
      const { results } = await endpoints.ranges(ranges, untilMs);
      const free = candidates.find(
        (candidate, index) => !held.has(candidate) && results[index]?.found.length === 0,
      );
      if (free !== undefined) return free;
    }
  }

  #renewLater(): void {
    this.#timer = this.#options.clock.after(this.#leaseMs / 3, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { endpoints, clock, onLost } = this.#options;
    const holding = this.#holding;
    if (holding === undefined) return;
    const startMs = clock.nowMs();
    try {
      const { ttlSeconds } = await endpoints.keepLeaseAlive(holding.leaseId, startMs + this.#leaseMs / 3);
      if (this.#holding !== holding) return;
      if (ttlSeconds === 0) return onLost();
      this.#renewedMs = startMs;
    } catch (error) {
      // Whether it has ended or not, the next commit will tell.
      if (this.#holding !== holding) return;
      if (error instanceof EtcdError && error.code === 'not_found') return onLost();
    }
    this.#renewLater();
  }
}

const CANDIDATES = 20;

/** The value of `seq/SLOT` after so many commits of a claim. */
export const seqText = (claim: string, commits: number): string => `${claim}:${commits}`;

function ignoreEtcdError(error: unknown): void {
  if (!(error instanceof EtcdError)) throw error;
}
