/**
 * Membership: which servers are in the cluster. An address from an operator, a beacon or a peer is a candidate: the
 * process there is asked to identify itself, and becomes a peer if it belongs to the cluster and has not been removed.
 * Gossip spreads addresses and removals, never states: each server's failure detector judges for itself.
 */
import type { Address } from './address.ts';
import { logArrivals } from './arrivals.ts';
import { credibleRemovals } from './credible-removals.ts';
import { type Member, type MemberState, type Source, isFixed, isPeer, isYounger } from './member.ts';
import { MemberTable } from './member-table.ts';
import {
  type Removals,
  changedNodeIds,
  redated,
  withRemoval,
  sameRemovals,
  mergeRemovals,
} from './removals.ts';
import { membershipDigest } from './membership-digest.ts';
import type { MembershipOptions } from './membership-options.ts';
import { FailureDetector, MIN_BACKOFF_MS, PING_TIMEOUT_MS } from './failure-detector.ts';
import type { Response, ResponseBody, Gossip, Ping, Sender, Summary } from './messages.ts';
import { UntrustedPeerError } from './peer-rpc.ts';

/** A candidate that has never answered is dropped after so many attempts. */
const MAX_ATTEMPTS = 5;
/** How many addresses are kept for each peer that is allowed. */
const MEMBERS_PER_PEER = 4;
/** How soon an address is identified again at which another process may have started in the meantime. */
const RECHECK_MS = 30_000;

export class Membership {
  readonly #options: MembershipOptions;
  readonly #members: MemberTable;
  readonly #detector: FailureDetector;
  #removals: Removals = new Map();
  readonly #credible: ReturnType<typeof credibleRemovals>;
  readonly #arrivals: ReturnType<typeof logArrivals>;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#credible = credibleRemovals(options.log);
    this.#arrivals = logArrivals(options.log);
    this.#members = new MemberTable({
      clock: options.clock,
      maxMembers: options.maxPeers * MEMBERS_PER_PEER,
      onDue: (member) => void this.#check(member),
    });
    this.#detector = new FailureDetector({
      random: options.random,
      members: this.#members,
      ask: options.ask,
      peers: () => this.peers(),
      isReachable: (address) => this.isReachable(address),
      settle: (member, state, reason, delayMs) => this.#settle(member, state, reason, delayMs),
    });
  }

  get members(): Iterable<Member> {
    return this.#members;
  }

  get removals(): Removals {
    return this.#removals;
  }

  /** The members that are alive or suspect, in the order of their addresses. */
  peers(): Member[] {
    return [...this.#members].filter(isPeer).toSorted((a, b) => (a.address < b.address ? -1 : 1));
  }

  isRemoved(nodeId: string): boolean {
    return this.#removals.get(nodeId)?.removed ?? false;
  }

  stop(): void {
    this.#members.stop();
  }

  /** Adds an address to be verified. `who` is the process that the source says is there. */
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
      this.#wakeRested(known);
    }
  }

  /** Checks a member soon on the word of a source that may be out of date: so no more often than this. */
  #wakeRested(member: Member): void {
    const restMs = (member.heardMs ?? -Infinity) + MIN_BACKOFF_MS - this.#options.clock.nowMs();
    this.#members.wake(member, Math.max(0, restMs));
  }

  /** Looks for the server that was at a member's address at the others where it has been seen. */
  readonly #seekElsewhere = (member: Member): void =>
    this.#members.sharingNodeId(member).forEach((other) => this.#wakeRested(other));

  /**
   * Makes the server at an address a member on an operator's word, even if it had been removed. Resolves with the
   * member in the state that it turns out to have, or undefined when the table is full.
   */
  async register(address: Address): Promise<Member | undefined> {
    const member = this.#members.get(address) ?? this.#members.add(address, 'registered');
    if (member === undefined) return undefined;
    const registeredMs = this.#hybridMs();
    member.source = 'registered';
    member.registeredMs = registeredMs;
    if (!isPeer(member)) await this.#verify(member);
    // Another server may have removed it without this one having heard of that yet.
    const { who } = member;
    if (who !== undefined && (isPeer(member) || member.state === 'unreachable')) {
      this.#applyRemovals(withRemoval(this.#removals, who.id, false, registeredMs));
    }
    if (isPeer(member)) await this.#ping(member);
    return member;
  }

  /** Removes a node from the whole cluster until an operator registers it again. */
  remove(nodeId: string): void {
    this.#applyRemovals(withRemoval(this.#removals, nodeId, true, this.#hybridMs()));
  }

  /** Drops an address at which no server has ever answered. */
  forget(member: Member): void {
    this.#members.delete(member);
    this.#options.onChange();
  }

  /** Merges the members and removals that the peer at an address knows of. */
  mergeGossip({ peers, removals }: Omit<Gossip, 'type'>, from: Address): void {
    for (const address of peers) this.addCandidate(address, 'peer');
    const credible = this.#credible(removals, this.#options.wallClockMs(), from);
    this.#applyRemovals(mergeRemovals(this.#removals, credible));
  }

  /** Takes up the removals that this server knew when it last ran. */
  restoreRemovals(removals: Removals): void {
    this.#applyRemovals(redated(removals, this.#options.wallClockMs()));
  }

  /** The members and removals that this server knows of. */
  gossip(): Omit<Gossip, 'type'> {
    return { peers: this.peers().map(({ address }) => address), removals: this.#removals };
  }

  /** Digests of the counters and of the membership, which peers compare with every ping. */
  summary(): Summary {
    const ids = this.peers().map(({ who }) => who?.id ?? '');
    const members = membershipDigest([this.#options.self().id, ...ids], this.#removals);
    return { digest: this.#options.digest(), members };
  }

  /** The refusal of a request from a server that is not a member; undefined if the request may be served. */
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

  /** Pings a peer at once, because it did not respond to something else. */
  suspect(member: Member): void {
    if (isPeer(member)) this.#members.wake(member, 0);
  }

  /** The response to a ping, with gossip if the memberships differ. */
  ack({ members }: Ping): ResponseBody {
    const summary = this.summary();
    return { type: 'ack', ...summary, gossip: summary.members === members ? null : this.gossip() };
  }

  /** Whether a server of this cluster answers at an address. */
  async isReachable(address: Address): Promise<boolean> {
    try {
      const { from } = await this.#identify(address);
      return from.cluster === this.#options.self().cluster;
    } catch {
      return false;
    }
  }

  #identify(address: Address): Promise<Response> {
    return this.#options.ask(address, '', { type: 'identify' }, PING_TIMEOUT_MS);
  }

  #check(member: Member): Promise<void> {
    const isKnown = isPeer(member) || member.state === 'excluded';
    return isKnown ? this.#ping(member) : this.#verify(member);
  }

  /** Identifies the process at an address. */
  async #verify(member: Member): Promise<void> {
    const answered = await this.#members.busy(member, () => this.#identify(member.address));
    if (answered instanceof Error) {
      member.failures++;
      if (answered instanceof UntrustedPeerError && member.why !== answered.message) {
        this.#options.log(`${member.address} is refused: ${answered.message}`);
      }
      const isWorthless = member.source !== 'remembered' && !isFixed(member) && member.who === undefined;
      if (isWorthless && member.failures >= MAX_ATTEMPTS) this.#members.delete(member);
      else this.#settle(member, 'unreachable', answered.message, this.#detector.backoffMs(member));
      return;
    }
    await this.#admit(member, answered.from);
  }

  /** Sets the state of a member from the process that has identified itself at its address. */
  async #admit(member: Member, { cluster, id, bootId, upMs }: Sender): Promise<void> {
    const self = this.#options.self();
    member.failures = 0;
    member.heardMs = this.#options.clock.nowMs();
    const before = member.who;
    member.who = { id, bootId };
    if (before !== undefined && before.id !== id) this.#seekElsewhere({ ...member, who: before });
    if (cluster !== self.cluster) {
      this.#settle(member, 'stranger', `it belongs to the cluster '${cluster}'`, RECHECK_MS);
    } else if (bootId === self.bootId) {
      this.#settle(member, 'self', 'it is this server', RECHECK_MS);
    } else if (id === self.id) {
      this.#settle(member, 'duplicate', `its node id is ours, '${id}'`, RECHECK_MS);
      if (isYounger(self, { upMs, bootId })) this.#options.onDuplicate(member.address);
    } else {
      // State may change while another address with the same node id is being asked.
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
      // An address behind which several processes take turns is not asked without a pause.
      const isNew = !isPeer(member) || before?.bootId !== bootId;
      this.#settle(member, 'alive', '', isPeer(member) ? MIN_BACKOFF_MS : 0);
      if (isNew) this.#announce(member);
    }
  }

  /** The time of what an operator decides now: not before anything that is known. */
  #hybridMs(): number {
    const nowMs = this.#options.wallClockMs();
    this.#removals = redated(this.#removals, nowMs);
    return Math.max(nowMs, ...[...this.#removals.values()].map(({ version }) => version));
  }

  /** Applies a registration that could not be applied when it was made, because nobody had answered yet. */
  #applyRegistration(member: Member, id: string): void {
    const { registeredMs } = member;
    member.registeredMs = undefined;
    const removal = this.#removals.get(id);
    if (registeredMs !== undefined && removal?.removed === true && removal.version <= registeredMs) {
      this.#applyRemovals(withRemoval(this.#removals, id, false, registeredMs));
    }
  }

  #announce(member: Member): void {
    const { address, who } = member;
    this.#arrivals(who?.id ?? '', address);
    this.#options.onJoin(member);
    this.#options.onChange();
  }

  /** Whether a member replaces another peer that has the same node id. */
  async #takesOver(
    member: Member,
    other: Member,
    { upMs, bootId }: Pick<Sender, 'upMs' | 'bootId'>,
  ): Promise<boolean> {
    const rival = other.who?.bootId;
    if (rival === bootId) {
      // The address that an operator has registered is the one that operators know, as long as it answers.
      const isPreferred = member.source === 'registered' && other.source !== 'registered';
      if (!isPreferred && other.state !== 'suspect') {
        this.#settle(member, 'alias', `it is ${other.address}`, RECHECK_MS);
        return false;
      }
      this.#settle(other, 'alias', `it is ${member.address}`, RECHECK_MS);
      return true;
    }
    const answered = await this.#members.busy(member, () => this.#identify(other.address));
    // Meanwhile one process may have turned out to be at both addresses.
    if (!isPeer(other) || other.who?.bootId !== rival) return true;
    const isThere = !(answered instanceof Error) && answered.from.bootId === rival;
    if (isThere && !isYounger(answered.from, { upMs, bootId })) {
      const why = `its node id '${answered.from.id}' is that of ${other.address}`;
      this.#options.log(`${member.address} is refused: ${why}`);
      this.#settle(member, 'duplicate', why, RECHECK_MS);
      return false;
    }
    const why = `its node id is that of ${member.address}`;
    if (isThere) this.#settle(other, 'duplicate', why, RECHECK_MS);
    else this.#settle(other, 'unreachable', why, answered instanceof Error ? RECHECK_MS : MIN_BACKOFF_MS);
    return true;
  }

  async #ping(member: Member): Promise<void> {
    const to = member.who?.bootId ?? '';
    const answered = await this.#detector.ping(member, this.summary());
    const wasPeer = isPeer(member);
    if (!wasPeer && member.state !== 'excluded') return;
    if (answered instanceof Error) {
      if (wasPeer) return this.#detector.suspect(member, answered.message);
      return this.#detector.unreachable(member, answered.message);
    }
    const { body, from } = answered;
    member.heardMs = this.#options.clock.nowMs();
    member.failures = 0;
    if (body.type === 'ack' && from.bootId === to) {
      this.#detector.answered(member, 'alive', '');
      if (!wasPeer) this.#announce(member);
      this.#options.onDigest(member, body.digest);
      if (body.gossip !== null) this.#exchangeGossip(member, body.gossip);
    } else if (body.type === 'refused' && body.why === 'removed') {
      this.#settle(member, 'excluded', 'it says that this server has been removed', RECHECK_MS);
    } else if (body.type === 'refused' && body.why === 'duplicate') {
      this.#settle(member, 'excluded', body.message, RECHECK_MS);
      this.#options.onDuplicate(member.address);
    } else if (body.type === 'refused' && body.why === 'repeated') {
      this.#detector.answered(member, member.state, body.message);
    } else {
      // Another process answers there now.
      await this.#verify(member);
    }
  }

  /** Merges a peer's gossip, and sends it what it lacks. */
  #exchangeGossip(member: Member, theirs: Omit<Gossip, 'type'>): void {
    this.mergeGossip(theirs, member.address);
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
      PING_TIMEOUT_MS,
    );
    told.catch(() => {});
  }

  /** Applies removals, and passes on those that are new. */
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
        this.#options.log(`${who.id} at ${member.address} has been registered again`);
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
    if (state === 'suspect') this.#seekElsewhere(member);
    if (wasPeer && !isPeer(member)) {
      if (state === 'unreachable') this.#options.log(`${member.address} does not answer: ${why}`);
      this.#options.onLeave(member);
      this.#options.onChange();
    }
  }
}
