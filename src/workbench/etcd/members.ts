/**
 * The members of a simulated etcd: they share one model, which stands for what they have agreed on, and each may be down,
 * cut off from the others, or without a leader. Then a request waits, or is refused, or is refused and done all the same.
 */
import type { Message } from '../../maelstrom/message.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import { EtcdError } from '../../store/etcd/etcd.ts';
import type { Network } from '../sim/network.ts';
import { pick } from '../sim/random.ts';
import { EtcdModel } from './model.ts';

/** A request, and what becomes of its answer. */
export interface Call {
  /** Whether a member answers it by itself. */
  readonly isLocal: boolean;
  /** Does it at a member. Returns what the answer does when it arrives. */
  readonly apply: (member: Member) => () => void;
  /** The same for a member that does not do it. */
  readonly refuse: (error: EtcdError) => () => void;
}

export class Member {
  readonly name: string;
  isUp = true;
  /** Whether it hears nothing of the others. */
  isCut = false;
  /** The revision up to which it has heard of everything. */
  revision = 1;

  constructor(name: string) {
    this.name = name;
  }
}

export interface MembersOptions {
  readonly names: readonly string[];
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
}

/** How long an election takes, at least, and how much longer it may. */
const ELECTION_MS = 1000;
const MORE_ELECTION_MS = 1500;
/** How often leases are looked at, as in etcd. */
const EXPIRY_MS = 500;
/** How late members may hear of what was agreed on. */
const MAX_BEHIND_MS = 300;

export class Members {
  readonly model: EtcdModel;
  readonly #options: MembersOptions;
  readonly #members: ReadonlyMap<string, Member>;
  #leader: Member | undefined;
  #elections = 0;
  readonly #calls = new Map<number, Call>();
  readonly #answers = new Map<number, () => void>();
  #ids = 0;
  /** Requests that wait for a leader. */
  #waiting: (() => void)[] = [];

  constructor(options: MembersOptions) {
    const { names, clock, network } = options;
    this.#options = options;
    this.model = new EtcdModel({ nowMs: () => clock.nowMs() });
    this.#members = new Map(names.map((name) => [name, new Member(name)]));
    [this.#leader] = this.#members.values();
    for (const member of this.#members.values()) {
      network.attach(member.name, (message) => this.#receive(member, message));
      this.#follow(member);
    }
    this.#expire();
  }

  get leader(): Member | undefined {
    return this.#leader;
  }

  get(name: string): Member | undefined {
    return this.#members.get(name);
  }

  /** Sends a request to a member. */
  ask(from: string, member: string, call: Call): void {
    const id = this.#ids++;
    this.#calls.set(id, call);
    this.#options.network.send({ src: from, dest: member, body: { type: 'ask', id } });
  }

  /** Has the answer that a message carries do what it does. */
  deliver({ body: { id } }: Message): void {
    if (typeof id === 'number') this.#answers.get(id)?.();
  }

  kill(name: string): void {
    this.#change(name, (member) => (member.isUp = false));
    this.#options.network.detach(name);
  }

  restart(name: string): void {
    const member = this.#members.get(name);
    if (member === undefined) return;
    this.#options.network.attach(name, (message) => this.#receive(member, message));
    this.#change(name, () => (member.isUp = true));
  }

  /** Cuts a member off from the others, not from its clients. */
  cut(name: string): void {
    this.#change(name, (member) => (member.isCut = true));
  }

  mend(name: string): void {
    this.#change(name, (member) => (member.isCut = false));
  }

  #change(name: string, change: (member: Member) => void): void {
    const member = this.#members.get(name);
    if (member !== undefined) change(member);
    if (this.#leader !== undefined && !this.#isInMajority(this.#leader)) this.#leader = undefined;
    if (this.#leader === undefined) this.#elect();
  }

  /** Elects a leader after some time, if there is a majority then. */
  #elect(): void {
    const { clock, random } = this.#options;
    const election = ++this.#elections;
    clock.after(ELECTION_MS + random.next() * MORE_ELECTION_MS, () => {
      if (election !== this.#elections) return;
      const candidates = [...this.#members.values()].filter((member) => this.#isInMajority(member));
      if (candidates.length === 0) return;
      this.#leader = pick(random, candidates);
      for (const task of this.#waiting.splice(0)) task();
    });
  }

  #isInMajority({ isUp, isCut }: Member): boolean {
    const connected = [...this.#members.values()].filter((member) => member.isUp && !member.isCut);
    return isUp && !isCut && connected.length * 2 > this.#members.size;
  }

  #receive(member: Member, { src, body: { id } }: Message): void {
    const call = typeof id === 'number' ? this.#calls.get(id) : undefined;
    if (call === undefined) return;
    const answer = (deliver: () => void): void => {
      const answerId = this.#ids++;
      this.#answers.set(answerId, deliver);
      this.#options.network.send({ src: member.name, dest: src, body: { type: 'answer', id: answerId } });
    };
    const apply = (): (() => void) => {
      this.model.expireLeases();
      return call.apply(member);
    };
    if (call.isLocal) return answer(call.apply(member));
    if (this.#leader !== undefined && this.#isInMajority(member)) return answer(apply());
    const choice = this.#options.random.next();
    // What was handed to the others before the leader was lost may be done by the next one.
    if (choice < 0.3) answer(call.refuse(noLeader()));
    else if (choice < 0.6) {
      answer(call.refuse(noLeader()));
      this.#waiting.push(() => void apply());
    } else {
      this.#waiting.push(() => {
        const deliver = apply();
        if (member.isUp) answer(deliver);
      });
    }
  }

  /** Lets a member hear of what was agreed on, sooner or later. */
  #follow(member: Member): void {
    const { clock, random } = this.#options;
    if (member.isUp && !member.isCut) member.revision = this.model.revision;
    clock.after(random.next() * MAX_BEHIND_MS, () => this.#follow(member));
  }

  #expire(): void {
    if (this.#leader !== undefined) this.model.expireLeases();
    this.#options.clock.after(EXPIRY_MS, () => this.#expire());
  }
}

const noLeader = (): EtcdError => new EtcdError('unavailable', 'etcdserver: no leader');
