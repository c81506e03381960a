import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Random } from '../runtime/random.ts';
import type { Address } from './address.ts';
import { type Member, type MemberState, type Source, isFixed, isPeer, isYounger } from './member.ts';
import { MemberTable } from './member-table.ts';
import {
  type Removals,
  changedNodeIds,
  withRemoval,
  sameRemovals,
  removalLines,
  mergeRemovals,
} from './removals.ts';
import { encodeDigest } from './merkle-tree.ts';
import { hashText } from './hash.ts';
import { type Ask, isReachedByOthers } from './indirect-ping.ts';
import { MIN_BACKOFF_MS, PROBE_TIMEOUT_MS, RECHECK_MS, backoffMs, probeMs } from './timing.ts';
import type { Response, ResponseBody, Gossip, Ping, Sender, Summary } from './messages.ts';

export interface MembershipOptions {
  readonly self: () => Sender;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallClockMs: () => number;
  readonly random: Random;
  readonly maxPeers: number;
  readonly log: Log;
  readonly ask: Ask;
  /** The digest of all counters. */
  readonly digest: () => string;
  /** A peer has answered for the first time, or again, as the same process or as another. */
  readonly onJoin: (member: Member) => void;
  /** A peer is none any more. */
  readonly onLeave: (member: Member) => void;
  /** A peer has told of the digest of its counters. */
  readonly onDigest: (member: Member, digest: string) => void;
  /** There is something new to be remembered over a restart. */
  readonly onChange: () => void;
  /** Another process with our node id was there before us. */
  readonly onDuplicate: (address: Address) => void;
}

/** An address that was only hinted at and never answered is forgotten after so many attempts. */
const MAX_ATTEMPTS = 5;
/** How many addresses are known for each peer that there can be. */
const MEMBERS_PER_PEER = 4;

/**
 * Who is in the cluster. Whatever is heard of an address, from an operator, a beacon or a peer, is a hint: who answers
 * there is asked, and is a peer if it belongs to the cluster and has not been removed. Each server judges for itself
 * who is there; only removals spread. (Probing through others is that of SWIM: Das, Gupta, Motivala, DSN 2002.)
 */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #members: MemberTable;
  #removals: Removals = new Map();

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#members = new MemberTable({
      clock: options.clock,
      maxMembers: options.maxPeers * MEMBERS_PER_PEER,
      onDue: (member) => void this.#check(member),
    });
  }

  get members(): Iterable<Member> {
    return this.#members;
  }

  get removals(): Removals {
    return this.#removals;
  }

  /** The peers there are, in the order of their addresses. */
  peers(): Member[] {
    return [...this.#members].filter(isPeer).toSorted((a, b) => (a.address < b.address ? -1 : 1));
  }

  isRemoved(nodeId: string): boolean {
    return this.#removals.get(nodeId)?.removed ?? false;
  }

  stop(): void {
    this.#members.stop();
  }

  /** Somebody may be at an address. `who` is who it is said to be. */
  addCandidate(address: Address, source: Source, who?: Pick<Sender, 'id' | 'bootId'>): void {
    const known = this.#members.get(address);
    if (known === undefined) {
      const added = this.#members.add(address, source);
      if (added !== undefined) this.#members.wake(added, 0);
      return;
    }
    if (source === 'configured' && !isFixed(known)) known.source = source;
    const isOther = who !== undefined && known.who?.bootId !== who.bootId;
    if (known.state === 'unreachable') {
      this.#members.wake(known, 0);
    } else if (isOther && known.heardMs !== undefined) {
      // What is said of it may be old, so it is asked no more often than this.
      const restMs = known.heardMs + MIN_BACKOFF_MS - this.#options.clock.nowMs();
      this.#members.wake(known, Math.max(0, restMs));
    }
  }

  /**
   * Takes a server in on somebody's word, also if it had been removed. Resolves with what it turns out to be, or
   * undefined where there is no room.
   */
  async register(address: Address): Promise<Member | undefined> {
    const member = this.#members.get(address) ?? this.#members.add(address, 'registered');
    if (member === undefined) return undefined;
    const registeredMs = this.#options.wallClockMs();
    member.source = 'registered';
    member.registeredMs = registeredMs;
    if (!isPeer(member)) await this.#verify(member);
    // Somebody else may have removed it, and this server not yet heard of that.
    const { who } = member;
    if (who !== undefined && (isPeer(member) || member.state === 'unreachable')) {
      this.#applyRemovals(withRemoval(this.#removals, who.id, false, registeredMs));
    }
    if (isPeer(member)) await this.#ping(member);
    return member;
  }

  /** Takes a node out until somebody registers it again, here and everywhere. */
  remove(nodeId: string): void {
    this.#applyRemovals(withRemoval(this.#removals, nodeId, true, this.#options.wallClockMs()));
  }

  /** Forgets an address that nobody has answered at. */
  forget(member: Member): void {
    this.#members.delete(member);
    this.#options.onChange();
  }

  /** Takes in what another has heard and decided. */
  mergeGossip({ peers, removals }: Omit<Gossip, 'type'>): void {
    for (const address of peers) this.addCandidate(address, 'peer');
    this.#applyRemovals(mergeRemovals(this.#removals, removals));
  }

  gossip(): Omit<Gossip, 'type'> {
    return { peers: this.peers().map(({ address }) => address), removals: this.#removals };
  }

  summary(): Summary {
    const ids = this.peers().map(({ who }) => who?.id ?? '');
    const members = [this.#options.self().id, ...ids, '', ...removalLines(this.#removals)].toSorted(
      byCodeUnits,
    );
    return { digest: this.#options.digest(), members: encodeDigest(hashText(members.join('\n'))) };
  }

  /** What to say to a request before anything else is said; undefined where nothing is against it. */
  rejectionOf({ id, bootId }: Sender, address: Address): ResponseBody | undefined {
    if (this.isRemoved(id)) return { type: 'refused', why: 'removed', message: 'you have been removed' };
    const member = this.#members.get(address);
    if (member?.who?.bootId === bootId && member.state === 'duplicate') {
      return { type: 'refused', why: 'duplicate', message: member.why };
    }
    if (member?.state === 'excluded') this.#members.wake(member, 0);
    else this.addCandidate(address, 'request', { id, bootId });
    return undefined;
  }

  /** A peer has not done what it should: it is looked after at once. */
  suspect(member: Member): void {
    if (isPeer(member)) this.#members.wake(member, 0);
  }

  ack({ members }: Ping): ResponseBody {
    const summary = this.summary();
    return { type: 'ack', ...summary, gossip: summary.members === members ? null : this.gossip() };
  }

  /** Tries to reach somebody for another. */
  async isReachable(address: Address): Promise<boolean> {
    try {
      const { from } = await this.#identify(address);
      return from.cluster === this.#options.self().cluster;
    } catch {
      return false;
    }
  }

  #identify(address: Address): Promise<Response> {
    return this.#options.ask(address, '', { type: 'identify' }, PROBE_TIMEOUT_MS);
  }

  #check(member: Member): Promise<void> {
    const isKnown = isPeer(member) || member.state === 'excluded';
    return isKnown ? this.#ping(member) : this.#verify(member);
  }

  /** Asks who is there. */
  async #verify(member: Member): Promise<void> {
    const answered = await this.#members.busy(member, () => this.#identify(member.address));
    if (answered instanceof Error) {
      member.failures++;
      const isWorthless = member.source !== 'remembered' && !isFixed(member) && member.who === undefined;
      if (isWorthless && member.failures >= MAX_ATTEMPTS) this.#members.delete(member);
      else this.#settle(member, 'unreachable', answered.message, backoffMs(this.#options.random, member));
      return;
    }
    await this.#admit(member, answered.from);
  }

  /** Makes of a member what it is, now that somebody has answered. */
  async #admit(member: Member, { cluster, id, bootId, upMs }: Sender): Promise<void> {
    const self = this.#options.self();
    member.failures = 0;
    member.heardMs = this.#options.clock.nowMs();
    const before = member.who;
    member.who = { id, bootId };
    if (cluster !== self.cluster) {
      this.#settle(member, 'stranger', `it belongs to the cluster '${cluster}'`, RECHECK_MS);
    } else if (bootId === self.bootId) {
      this.#settle(member, 'self', 'it is this server', RECHECK_MS);
    } else if (id === self.id) {
      this.#settle(member, 'duplicate', `its node id is ours, '${id}'`, RECHECK_MS);
      if (isYounger(self, { upMs, bootId })) this.#options.onDuplicate(member.address);
    } else {
      // While another is being asked, anything may happen.
      for (;;) {
        this.#applyRegistration(member, id);
        if (this.isRemoved(id)) {
          this.#settle(member, 'removed', 'it has been removed', RECHECK_MS);
          return;
        }
        const other = this.peers().find((peer) => peer !== member && peer.who?.id === id);
        if (other === undefined) break;
        if (!(await this.#takesOver(member, other, { upMs, bootId }))) return;
      }
      if (this.peers().length >= this.#options.maxPeers && !isPeer(member)) {
        this.#settle(member, 'unreachable', 'there are too many peers', RECHECK_MS);
        return;
      }
      // An address behind which processes take turns is not asked without a rest.
      const isNew = !isPeer(member) || before?.bootId !== bootId;
      this.#settle(member, 'alive', '', isPeer(member) ? MIN_BACKOFF_MS : 0);
      if (isNew) this.#announce(member);
    }
  }

  /** Takes in again who was registered after it had been removed, and did not answer then. */
  #applyRegistration(member: Member, id: string): void {
    const { registeredMs } = member;
    member.registeredMs = undefined;
    const removal = this.#removals.get(id);
    if (registeredMs !== undefined && removal?.removed === true && removal.version <= registeredMs) {
      this.#applyRemovals(withRemoval(this.#removals, id, false, registeredMs));
    }
  }

  #announce(member: Member): void {
    this.#options.onJoin(member);
    this.#options.onChange();
  }

  /** Whether a member is to be the peer, and not another that has had the same node id. */
  async #takesOver(
    member: Member,
    other: Member,
    { upMs, bootId }: Pick<Sender, 'upMs' | 'bootId'>,
  ): Promise<boolean> {
    const rival = other.who?.bootId;
    if (rival === bootId) {
      // What somebody has registered is the address that people know.
      if (member.source !== 'registered' || other.source === 'registered') {
        this.#settle(member, 'alias', `it is ${other.address}`, RECHECK_MS);
        return false;
      }
      this.#settle(other, 'alias', `it is ${member.address}`, RECHECK_MS);
      return true;
    }
    const answered = await this.#members.busy(member, () => this.#identify(other.address));
    // It may have been found out meanwhile that one process is at both addresses.
    if (!isPeer(other) || other.who?.bootId !== rival) return true;
    const isThere = !(answered instanceof Error) && answered.from.bootId === rival;
    if (isThere && !isYounger(answered.from, { upMs, bootId })) {
      const why = `its node id '${answered.from.id}' is that of ${other.address}`;
      this.#options.log(`${member.address} is refused: ${why}`);
      this.#settle(member, 'duplicate', why, RECHECK_MS);
      return false;
    }
    this.#settle(
      other,
      isThere ? 'duplicate' : 'unreachable',
      `its node id is that of ${member.address}`,
      RECHECK_MS,
    );
    return true;
  }

  async #ping(member: Member): Promise<void> {
    const summary = this.summary();
    const to = member.who?.bootId ?? '';
    const answered = await this.#members.busy(member, () =>
      this.#options.ask(member.address, to, { type: 'ping', ...summary }, PROBE_TIMEOUT_MS),
    );
    const wasPeer = isPeer(member);
    if (!wasPeer && member.state !== 'excluded') return;
    if (answered instanceof Error) {
      if (wasPeer) return this.#suspect(member, answered.message);
      member.failures++;
      return this.#settle(member, 'unreachable', answered.message, backoffMs(this.#options.random, member));
    }
    const { body, from } = answered;
    member.heardMs = this.#options.clock.nowMs();
    member.failures = 0;
    if (body.type === 'ack' && from.bootId === to) {
      this.#settle(member, 'alive', '', probeMs(this.#options.random, this.peers().length));
      if (!wasPeer) this.#announce(member);
      this.#options.onDigest(member, body.digest);
      if (body.gossip !== null) this.#exchangeGossip(member, body.gossip);
    } else if (body.type === 'refused' && body.why === 'removed') {
      this.#settle(member, 'excluded', 'it says that this server has been removed', RECHECK_MS);
    } else if (body.type === 'refused' && body.why === 'duplicate') {
      this.#settle(member, 'excluded', body.message, RECHECK_MS);
      this.#options.onDuplicate(member.address);
    } else if (body.type === 'refused' && body.why === 'repeated') {
      this.#settle(member, member.state, body.message, probeMs(this.#options.random, this.peers().length));
    } else {
      // Another process answers there now.
      await this.#verify(member);
    }
  }

  /** Somebody who does not answer is tried once more, and by others. */
  async #suspect(member: Member, why: string): Promise<void> {
    this.#settle(member, 'suspect', why, Infinity);
    const { ask, random } = this.#options;
    const others = this.peers().filter((peer) => peer.state === 'alive' && peer !== member);
    const reached = await this.#members.busy(member, () =>
      Promise.all([this.isReachable(member.address), isReachedByOthers(ask, random, others, member.address)]),
    );
    if (member.state !== 'suspect') return;
    if (!(reached instanceof Error) && reached.includes(true)) {
      this.#settle(member, 'alive', '', MIN_BACKOFF_MS);
      return;
    }
    member.failures++;
    this.#settle(member, 'unreachable', why, backoffMs(this.#options.random, member));
  }

  /** Takes news in, and tells the other what it does not know. */
  #exchangeGossip(member: Member, theirs: Omit<Gossip, 'type'>): void {
    this.mergeGossip(theirs);
    const ours = this.gossip();
    const known = new Set([...theirs.peers, member.address]);
    const isKnown = ours.peers.every((address) => known.has(address));
    if (isKnown && sameRemovals(mergeRemovals(theirs.removals, ours.removals), theirs.removals)) return;
    this.#sendGossip(member, ours);
  }

  #sendGossip(member: Member, gossip: Omit<Gossip, 'type'>): void {
    const told = this.#options.ask(
      member.address,
      member.who?.bootId ?? '',
      { type: 'gossip', ...gossip },
      PROBE_TIMEOUT_MS,
    );
    told.catch(() => {});
  }

  /** Carries out removals, and passes them on where they are gossip. */
  #applyRemovals(removals: Removals): void {
    if (sameRemovals(removals, this.#removals)) return;
    const concerned = changedNodeIds(this.#removals, removals);
    const told = [...this.#members].filter(
      (member) => isPeer(member) || (concerned.has(member.who?.id ?? '') && member.state !== 'unreachable'),
    );
    this.#removals = removals;
    for (const member of this.#members) {
      const { who, state } = member;
      if (who === undefined) continue;
      if (this.isRemoved(who.id)) {
        if (isPeer(member)) this.#options.log(`${member.address} has been removed`);
        if (state !== 'self') this.#settle(member, 'removed', 'it has been removed', RECHECK_MS);
      } else if (state === 'removed') {
        this.#members.wake(member, 0);
      }
    }
    for (const member of told) this.#sendGossip(member, this.gossip());
    this.#options.onChange();
  }

  #settle(member: Member, state: MemberState, why: string, delayMs: number): void {
    const wasPeer = isPeer(member);
    member.state = state;
    member.why = why;
    this.#members.wake(member, delayMs);
    if (wasPeer && !isPeer(member)) {
      if (state === 'unreachable') this.#options.log(`${member.address} does not answer: ${why}`);
      this.#options.onLeave(member);
      this.#options.onChange();
    }
  }
}

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : 1);
