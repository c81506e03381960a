import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Random } from '../runtime/random.ts';
import type { Address } from './address.ts';
import { type Member, type MemberState, type Source, isFixed, isPeer, isYounger } from './member.ts';
import { MemberTable } from './member-table.ts';
import { type Removals, changedIds, decided, isSame, linesOf, mergeRemovals } from './removals.ts';
import { encodeDigest } from './merkle-tree.ts';
import { hashText } from './hash.ts';
import { type Ask, isReachedByOthers } from './indirect-ping.ts';
import { MIN_BACKOFF_MS, PROBE_TIMEOUT_MS, RECHECK_MS, backoffMs, probeMs } from './timing.ts';
import type { Answer, AnswerBody, News, Ping, Sender, Summary } from './messages.ts';

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
  readonly onPeer: (contact: Member) => void;
  /** A peer is none any more. */
  readonly onGone: (contact: Member) => void;
  /** A peer has told of the digest of its counters. */
  readonly onDigest: (contact: Member, digest: string) => void;
  /** There is something new to be remembered over a restart. */
  readonly onChange: () => void;
  /** Another process with our node id was there before us. */
  readonly onDuplicate: (address: Address) => void;
}

/** An address that was only hinted at and never answered is forgotten after so many attempts. */
const MAX_ATTEMPTS = 5;
/** How many addresses are known for each peer that there can be. */
const CONTACTS_PER_PEER = 4;

/**
 * Who is in the cluster. Whatever is heard of an address, from an operator, a beacon or a peer, is a hint: who answers
 * there is asked, and is a peer if it belongs to the cluster and has not been removed. Each server judges for itself
 * who is there; only decisions spread. (Probing through others is that of SWIM: Das, Gupta, Motivala, DSN 2002.)
 */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #contacts: MemberTable;
  #decisions: Removals = new Map();

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#contacts = new MemberTable({
      clock: options.clock,
      maxContacts: options.maxPeers * CONTACTS_PER_PEER,
      onDue: (contact) => void this.#turnTo(contact),
    });
  }

  get contacts(): Iterable<Member> {
    return this.#contacts;
  }

  get decisions(): Removals {
    return this.#decisions;
  }

  /** The peers there are, in the order of their addresses. */
  peers(): Member[] {
    return [...this.#contacts].filter(isPeer).toSorted((a, b) => (a.address < b.address ? -1 : 1));
  }

  isRemoved(nodeId: string): boolean {
    return this.#decisions.get(nodeId)?.removed ?? false;
  }

  stop(): void {
    this.#contacts.stop();
  }

  /** Somebody may be at an address. `who` is who it is said to be. */
  hint(address: Address, source: Source, who?: Pick<Sender, 'id' | 'life'>): void {
    const known = this.#contacts.get(address);
    if (known === undefined) {
      const added = this.#contacts.add(address, source);
      if (added !== undefined) this.#contacts.wake(added, 0);
      return;
    }
    if (source === 'static' && !isFixed(known)) known.source = source;
    const isOther = who !== undefined && known.who?.life !== who.life;
    if (known.state === 'unreachable') {
      this.#contacts.wake(known, 0);
    } else if (isOther && known.heardMs !== undefined) {
      // What is said of it may be old, so it is asked no more often than this.
      const restMs = known.heardMs + MIN_BACKOFF_MS - this.#options.clock.nowMs();
      this.#contacts.wake(known, Math.max(0, restMs));
    }
  }

  /**
   * Takes a server in on somebody's word, also if it had been removed. Resolves with what it turns out to be, or
   * undefined where there is no room.
   */
  async register(address: Address): Promise<Member | undefined> {
    const contact = this.#contacts.get(address) ?? this.#contacts.add(address, 'registered');
    if (contact === undefined) return undefined;
    const wantedMs = this.#options.wallClockMs();
    contact.source = 'registered';
    contact.wantedMs = wantedMs;
    if (!isPeer(contact)) await this.#verify(contact);
    // Somebody else may have removed it, and this server not yet heard of that.
    const { who } = contact;
    if (who !== undefined && (isPeer(contact) || contact.state === 'unreachable')) {
      this.#decide(decided(this.#decisions, who.id, false, wantedMs));
    }
    if (isPeer(contact)) await this.#ping(contact);
    return contact;
  }

  /** Takes a node out until somebody registers it again, here and everywhere. */
  remove(nodeId: string): void {
    this.#decide(decided(this.#decisions, nodeId, true, this.#options.wallClockMs()));
  }

  /** Forgets an address that nobody has answered at. */
  forget(contact: Member): void {
    this.#contacts.delete(contact);
    this.#options.onChange();
  }

  /** Takes in what another has heard and decided. */
  takeNews({ peers, decisions }: Omit<News, 'type'>): void {
    for (const address of peers) this.hint(address, 'peer');
    this.#decide(mergeRemovals(this.#decisions, decisions));
  }

  news(): Omit<News, 'type'> {
    return { peers: this.peers().map(({ address }) => address), decisions: this.#decisions };
  }

  summary(): Summary {
    const ids = this.peers().map(({ who }) => who?.id ?? '');
    const members = [this.#options.self().id, ...ids, '', ...linesOf(this.#decisions)].toSorted(byCodeUnits);
    return { digest: this.#options.digest(), members: encodeDigest(hashText(members.join('\n'))) };
  }

  /** What to say to a request before anything else is said; undefined where nothing is against it. */
  refusalOf({ id, life }: Sender, address: Address): AnswerBody | undefined {
    if (this.isRemoved(id)) return { type: 'refused', why: 'removed', message: 'you have been removed' };
    const contact = this.#contacts.get(address);
    if (contact?.who?.life === life && contact.state === 'duplicate') {
      return { type: 'refused', why: 'duplicate', message: contact.why };
    }
    if (contact?.state === 'excluded') this.#contacts.wake(contact, 0);
    else this.hint(address, 'request', { id, life });
    return undefined;
  }

  /** A peer has not done what it should: it is looked after at once. */
  doubt(contact: Member): void {
    if (isPeer(contact)) this.#contacts.wake(contact, 0);
  }

  pong({ members }: Ping): AnswerBody {
    const summary = this.summary();
    return { type: 'pong', ...summary, news: summary.members === members ? null : this.news() };
  }

  /** Tries to reach somebody for another. */
  async probe(address: Address): Promise<boolean> {
    try {
      const { from } = await this.#hello(address);
      return from.cluster === this.#options.self().cluster;
    } catch {
      return false;
    }
  }

  #hello(address: Address): Promise<Answer> {
    return this.#options.ask(address, '', { type: 'hello' }, PROBE_TIMEOUT_MS);
  }

  #turnTo(contact: Member): Promise<void> {
    const isKnown = isPeer(contact) || contact.state === 'excluded';
    return isKnown ? this.#ping(contact) : this.#verify(contact);
  }

  /** Asks who is there. */
  async #verify(contact: Member): Promise<void> {
    const answered = await this.#contacts.busy(contact, () => this.#hello(contact.address));
    if (answered instanceof Error) {
      contact.failures++;
      const isWorthless = contact.source !== 'remembered' && !isFixed(contact) && contact.who === undefined;
      if (isWorthless && contact.failures >= MAX_ATTEMPTS) this.#contacts.delete(contact);
      else this.#settle(contact, 'unreachable', answered.message, backoffMs(this.#options.random, contact));
      return;
    }
    await this.#meet(contact, answered.from);
  }

  /** Makes of a contact what it is, now that somebody has answered. */
  async #meet(contact: Member, { cluster, id, life, upMs }: Sender): Promise<void> {
    const self = this.#options.self();
    contact.failures = 0;
    contact.heardMs = this.#options.clock.nowMs();
    const before = contact.who;
    contact.who = { id, life };
    if (cluster !== self.cluster) {
      this.#settle(contact, 'stranger', `it belongs to the cluster '${cluster}'`, RECHECK_MS);
    } else if (life === self.life) {
      this.#settle(contact, 'self', 'it is this server', RECHECK_MS);
    } else if (id === self.id) {
      this.#settle(contact, 'duplicate', `its node id is ours, '${id}'`, RECHECK_MS);
      if (isYounger(self, { upMs, life })) this.#options.onDuplicate(contact.address);
    } else {
      // While another is being asked, anything may happen.
      for (;;) {
        this.#carryOutWish(contact, id);
        if (this.isRemoved(id)) {
          this.#settle(contact, 'removed', 'it has been removed', RECHECK_MS);
          return;
        }
        const other = this.peers().find((peer) => peer !== contact && peer.who?.id === id);
        if (other === undefined) break;
        if (!(await this.#takesOver(contact, other, { upMs, life }))) return;
      }
      if (this.peers().length >= this.#options.maxPeers && !isPeer(contact)) {
        this.#settle(contact, 'unreachable', 'there are too many peers', RECHECK_MS);
        return;
      }
      // An address behind which processes take turns is not asked without a rest.
      const isNew = !isPeer(contact) || before?.life !== life;
      this.#settle(contact, 'alive', '', isPeer(contact) ? MIN_BACKOFF_MS : 0);
      if (isNew) this.#welcome(contact);
    }
  }

  /** Takes in again who was registered after it had been removed, and did not answer then. */
  #carryOutWish(contact: Member, id: string): void {
    const { wantedMs } = contact;
    contact.wantedMs = undefined;
    const decision = this.#decisions.get(id);
    if (wantedMs !== undefined && decision?.removed === true && decision.version <= wantedMs) {
      this.#decide(decided(this.#decisions, id, false, wantedMs));
    }
  }

  #welcome(contact: Member): void {
    this.#options.onPeer(contact);
    this.#options.onChange();
  }

  /** Whether a contact is to be the peer, and not another that has had the same node id. */
  async #takesOver(
    contact: Member,
    other: Member,
    { upMs, life }: Pick<Sender, 'upMs' | 'life'>,
  ): Promise<boolean> {
    const rival = other.who?.life;
    if (rival === life) {
      // What somebody has registered is the address that people know.
      if (contact.source !== 'registered' || other.source === 'registered') {
        this.#settle(contact, 'alias', `it is ${other.address}`, RECHECK_MS);
        return false;
      }
      this.#settle(other, 'alias', `it is ${contact.address}`, RECHECK_MS);
      return true;
    }
    const answered = await this.#contacts.busy(contact, () => this.#hello(other.address));
    // It may have been found out meanwhile that one process is at both addresses.
    if (!isPeer(other) || other.who?.life !== rival) return true;
    const isThere = !(answered instanceof Error) && answered.from.life === rival;
    if (isThere && !isYounger(answered.from, { upMs, life })) {
      const why = `its node id '${answered.from.id}' is that of ${other.address}`;
      this.#options.log(`${contact.address} is refused: ${why}`);
      this.#settle(contact, 'duplicate', why, RECHECK_MS);
      return false;
    }
    this.#settle(
      other,
      isThere ? 'duplicate' : 'unreachable',
      `its node id is that of ${contact.address}`,
      RECHECK_MS,
    );
    return true;
  }

  async #ping(contact: Member): Promise<void> {
    const summary = this.summary();
    const to = contact.who?.life ?? '';
    const answered = await this.#contacts.busy(contact, () =>
      this.#options.ask(contact.address, to, { type: 'ping', ...summary }, PROBE_TIMEOUT_MS),
    );
    const wasPeer = isPeer(contact);
    if (!wasPeer && contact.state !== 'excluded') return;
    if (answered instanceof Error) {
      if (wasPeer) return this.#suspect(contact, answered.message);
      contact.failures++;
      return this.#settle(contact, 'unreachable', answered.message, backoffMs(this.#options.random, contact));
    }
    const { body, from } = answered;
    contact.heardMs = this.#options.clock.nowMs();
    contact.failures = 0;
    if (body.type === 'pong' && from.life === to) {
      this.#settle(contact, 'alive', '', probeMs(this.#options.random, this.peers().length));
      if (!wasPeer) this.#welcome(contact);
      this.#options.onDigest(contact, body.digest);
      if (body.news !== null) this.#compareNews(contact, body.news);
    } else if (body.type === 'refused' && body.why === 'removed') {
      this.#settle(contact, 'excluded', 'it says that this server has been removed', RECHECK_MS);
    } else if (body.type === 'refused' && body.why === 'duplicate') {
      this.#settle(contact, 'excluded', body.message, RECHECK_MS);
      this.#options.onDuplicate(contact.address);
    } else if (body.type === 'refused' && body.why === 'repeated') {
      this.#settle(contact, contact.state, body.message, probeMs(this.#options.random, this.peers().length));
    } else {
      // Another process answers there now.
      await this.#verify(contact);
    }
  }

  /** Somebody who does not answer is tried once more, and by others. */
  async #suspect(contact: Member, why: string): Promise<void> {
    this.#settle(contact, 'suspect', why, Infinity);
    const { ask, random } = this.#options;
    const others = this.peers().filter((peer) => peer.state === 'alive' && peer !== contact);
    const reached = await this.#contacts.busy(contact, () =>
      Promise.all([this.probe(contact.address), isReachedByOthers(ask, random, others, contact.address)]),
    );
    if (contact.state !== 'suspect') return;
    if (!(reached instanceof Error) && reached.includes(true)) {
      this.#settle(contact, 'alive', '', MIN_BACKOFF_MS);
      return;
    }
    contact.failures++;
    this.#settle(contact, 'unreachable', why, backoffMs(this.#options.random, contact));
  }

  /** Takes news in, and tells the other what it does not know. */
  #compareNews(contact: Member, theirs: Omit<News, 'type'>): void {
    this.takeNews(theirs);
    const ours = this.news();
    const known = new Set([...theirs.peers, contact.address]);
    const isKnown = ours.peers.every((address) => known.has(address));
    if (isKnown && isSame(mergeRemovals(theirs.decisions, ours.decisions), theirs.decisions)) return;
    this.#tell(contact, ours);
  }

  #tell(contact: Member, news: Omit<News, 'type'>): void {
    const told = this.#options.ask(
      contact.address,
      contact.who?.life ?? '',
      { type: 'news', ...news },
      PROBE_TIMEOUT_MS,
    );
    told.catch(() => {});
  }

  /** Carries out decisions, and passes them on where they are news. */
  #decide(decisions: Removals): void {
    if (isSame(decisions, this.#decisions)) return;
    const concerned = changedIds(this.#decisions, decisions);
    const told = [...this.#contacts].filter(
      (contact) =>
        isPeer(contact) || (concerned.has(contact.who?.id ?? '') && contact.state !== 'unreachable'),
    );
    this.#decisions = decisions;
    for (const contact of this.#contacts) {
      const { who, state } = contact;
      if (who === undefined) continue;
      if (this.isRemoved(who.id)) {
        if (isPeer(contact)) this.#options.log(`${contact.address} has been removed`);
        if (state !== 'self') this.#settle(contact, 'removed', 'it has been removed', RECHECK_MS);
      } else if (state === 'removed') {
        this.#contacts.wake(contact, 0);
      }
    }
    for (const contact of told) this.#tell(contact, this.news());
    this.#options.onChange();
  }

  #settle(contact: Member, state: MemberState, why: string, delayMs: number): void {
    const wasPeer = isPeer(contact);
    contact.state = state;
    contact.why = why;
    this.#contacts.wake(contact, delayMs);
    if (wasPeer && !isPeer(contact)) {
      if (state === 'unreachable') this.#options.log(`${contact.address} does not answer: ${why}`);
      this.#options.onGone(contact);
      this.#options.onChange();
    }
  }
}

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : 1);
