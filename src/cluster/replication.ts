/**
 * Replication: pushes what changes here to every peer at once, as the totals that result, so that sending it again, late
 * or in another order does no harm. What gets lost all the same is found by anti-entropy.
 */
import { replicaIdOf } from '../crdt/replica-id.ts';
import { LOWER_BOUND } from '../crdt/counter-state.ts';
import type { GCounter } from '../crdt/g-counter.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import { AntiEntropy, charsOf } from './anti-entropy.ts';
import type { Member } from './member.ts';
import type { ResponseBody, Compare, Exchange, RequestBody, Update } from './messages.ts';
import { MerkleIndex } from './merkle-index.ts';
import type { Replica } from './replica.ts';

export interface ReplicationOptions {
  readonly replica: Replica;
  readonly clock: Clock;
  readonly ask: (member: Member, body: RequestBody, timeoutMs: number) => Promise<ResponseBody>;
  /** A peer has not accepted an update. */
  readonly onFailure: (member: Member) => void;
}

/** How long changes are batched before they are pushed: briefly after a quiet time, longer under load. */
const FIRST_COLLECT_MS = 10;
const COLLECT_MS = 40;
/** How long to wait before an update that a peer has not accepted is sent again. */
const RETRY_MS = 250;
const UPDATE_TIMEOUT_MS = 5000;
/** How much of the changes goes into one update. */
const MAX_UPDATE_CHARS = 262_144;
/** Two busy peers always differ; they compare no more often than this. */
const COMPARE_MS = 3000;
const MAX_COMPARE_MS = 300_000;

/** A peer, and how far it has followed our changes. */
interface Link {
  readonly member: Member;
  /** It has accepted the changes up to this position. */
  position: number;
  isPushing: boolean;
  isComparing: boolean;
  comparedMs: number;
  /** How long to wait after that before the next comparison. */
  restMs: number;
  /** Since when it has been behind, in ms of the clock; undefined if it is not. */
  behindMs: number | undefined;
}

export class Replication {
  readonly #options: ReplicationOptions;
  readonly #index: MerkleIndex;
  readonly #antiEntropy: AntiEntropy;
  readonly #links = new Map<Member, Link>();
  #timer: Timer | undefined;
  #pushedMs = -Infinity;
  #isStopped = false;

  constructor(options: ReplicationOptions) {
    this.#options = options;
    const { replica } = options;
    this.#index = new MerkleIndex(replica.identity.nodeId, replica.counters, () => this.#changed());
    this.#antiEntropy = new AntiEntropy(replica, this.#index);
  }

  /** The digest of all counters. */
  get digest(): string {
    return this.#index.tree.root;
  }

  /** How long a peer has been behind our changes, in milliseconds; 0 if it is not known to be. */
  lagMs(member: Member): number {
    const behindMs = this.#links.get(member)?.behindMs;
    return behindMs === undefined ? 0 : this.#options.clock.nowMs() - behindMs;
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#links.clear();
  }

  /**
   * Starts replicating with a peer that has joined or come back. With `isFirst`, this side compares at once; only one
   * of the two should, since twice would be twice the work. If it fails to, the other does with the next ping.
   */
  join(member: Member, isFirst: boolean): void {
    if (this.#isStopped) return;
    const link: Link = {
      member,
      position: this.#index.changes.position,
      isPushing: false,
      isComparing: false,
      comparedMs: this.#options.clock.nowMs(),
      restMs: COMPARE_MS,
      behindMs: undefined,
    };
    this.#links.set(member, link);
    if (isFirst) void this.#compare(link);
  }

  /** Stops replicating with a peer. */
  leave(member: Member): void {
    this.#links.delete(member);
  }

  /** Compares with a peer that has reported the digest of its counters, if that differs and it is not too soon. */
  compareWith(member: Member, digest: string): void {
    const link = this.#links.get(member);
    if (link === undefined || digest === this.digest) return;
    if (this.#options.clock.nowMs() - link.comparedMs >= link.restMs) void this.#compare(link);
  }

  /** Handles a request of the process with this boot id. */
  async handle(body: Update | Compare | Exchange, bootId: string): Promise<ResponseBody> {
    const link = [...this.#links.values()].find(({ member }) => member.who?.bootId === bootId);
    if (link !== undefined && body.type !== 'update') link.comparedMs = this.#options.clock.nowMs();
    if (body.type === 'compare') return this.#antiEntropy.differ(body);
    if (body.type === 'exchange') return this.#antiEntropy.entries(body);
    await this.#options.replica.merge(body.totals);
    return { type: 'done' };
  }

  #changed(): void {
    if (this.#links.size === 0 || this.#isStopped) return;
    const nowMs = this.#options.clock.nowMs();
    for (const link of this.#links.values()) link.behindMs ??= nowMs;
    this.#pushIn(nowMs - this.#pushedMs > COLLECT_MS ? FIRST_COLLECT_MS : COLLECT_MS);
  }

  #pushIn(delayMs: number): void {
    this.#timer ??= this.#options.clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#pushedMs = this.#options.clock.nowMs();
      for (const link of this.#links.values()) {
        if (!link.isPushing && link.position < this.#index.changes.position) void this.#push(link);
      }
    });
  }

  /** Sends a peer what has changed after the position that it has reached. */
  async #push(link: Link): Promise<void> {
    const { member } = link;
    if (!this.#index.changes.remembers(link.position)) {
      // It has been behind for too long: the changes it lacks are no longer kept.
      link.position = this.#index.changes.position;
      void this.#compare(link);
      return;
    }
    const { totals, upTo } = this.#changesAfter(link.position);
    link.isPushing = true;
    const isAccepted = await this.#ask(link, { type: 'update', totals }).then(
      ({ type }) => type === 'done',
      () => false,
    );
    link.isPushing = false;
    if (this.#links.get(member) !== link) return;
    if (isAccepted) {
      link.position = upTo;
      if (upTo === this.#index.changes.position) link.behindMs = undefined;
      else this.#pushIn(COLLECT_MS);
    } else {
      this.#options.onFailure(member);
      this.#pushIn(RETRY_MS);
    }
  }

  #changesAfter(position: number): { totals: Map<string, GCounter>; upTo: number } {
    const { nodeId } = this.#options.replica.identity;
    const totals = new Map<string, GCounter>();
    let chars = 0;
    let upTo = position;
    while (upTo < this.#index.changes.position && chars < MAX_UPDATE_CHARS) {
      const counter = this.#index.changes.at(++upTo);
      if (counter === undefined || totals.has(counter.key)) continue;
      const { key, own, suffix, lowerBound } = counter;
      const parts = new Map<string, number>();
      if (own > 0) parts.set(replicaIdOf(nodeId, suffix), own);
      if (lowerBound > 0) parts.set(LOWER_BOUND, lowerBound);
      totals.set(key, parts);
      chars += charsOf(key, parts);
    }
    return { totals, upTo };
  }

  async #compare(link: Link): Promise<void> {
    if (link.isComparing) return;
    link.isComparing = true;
    try {
      const { position } = this.#index.changes;
      const isAllMerged = await this.#antiEntropy.run((body) => this.#ask(link, body));
      // What cannot be merged now can hardly be merged a moment later.
      link.restMs = isAllMerged ? COMPARE_MS : Math.min(2 * link.restMs, MAX_COMPARE_MS);
      if (position === this.#index.changes.position && link.position === position) link.behindMs = undefined;
    } catch {
      // The cause shows elsewhere: a peer that does not respond in its pings, a failed disk in the health check.
    }
    link.isComparing = false;
    link.comparedMs = this.#options.clock.nowMs();
  }

  #ask(link: Link, body: RequestBody): Promise<ResponseBody> {
    if (this.#links.get(link.member) !== link) return Promise.reject(new Error('it is no longer a peer'));
    return this.#options.ask(link.member, body, UPDATE_TIMEOUT_MS);
  }
}
