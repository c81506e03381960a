/**
 * The failure detector: pings each peer in turn, asks others to ping one that does not answer, and calls it
 * unreachable when nobody reaches it (SWIM: Das, Gupta, Motivala, DSN 2002, without its spreading of suspicions: each
 * server judges for itself). A peer is alive, suspect while others are asked, or unreachable.
 */
import { backoffMs } from '../runtime/backoff.ts';
import { type Random, drawn } from '../runtime/random.ts';
import type { Address } from './address.ts';
import { type Member, type MemberState, isFixed } from './member.ts';
import type { MemberTable } from './member-table.ts';
import type { RequestBody, Response, Summary } from './messages.ts';

/** Sends a request to a process, or with `to` empty to whichever process is at the address. Rejects with an Error. */
export type Ask = (address: Address, to: string, body: RequestBody, timeoutMs: number) => Promise<Response>;

export interface FailureDetectorOptions {
  readonly random: Random;
  readonly members: MemberTable;
  readonly ask: Ask;
  /** The peers, suspects included. */
  readonly peers: () => readonly Member[];
  /** Whether a server of this cluster answers at an address. */
  readonly isReachable: (address: Address) => Promise<boolean>;
  /** Changes the state of a member, and when it is checked next. */
  readonly settle: (member: Member, state: MemberState, reason: string, delayMs: number) => void;
}

/** How often a peer is pinged. With many peers it is less often, so that pings do not become the main work. */
const PING_MS = 3000;
const PING_MS_PER_PEER = 100;
export const PING_TIMEOUT_MS = 1000;
/** Peers that ping for us get more, since theirs has to time out first. */
const INDIRECT_TIMEOUT_MS = 2500;
/** How many peers are asked to ping one that does not answer. */
const INDIRECT_PINGS = 2;
/** The first delay before an address that does not answer is tried again, and the longest. */
export const MIN_BACKOFF_MS = 1000;
const MAX_BACKOFF_MS = 30_000;
/** The longest for configured and registered peers. */
const MAX_CONFIGURED_BACKOFF_MS = 3000;

export class FailureDetector {
  readonly #options: FailureDetectorOptions;

  constructor(options: FailureDetectorOptions) {
    this.#options = options;
  }

  /** Resolves with the response to a ping, or with the Error that came instead. */
  ping(member: Member, summary: Summary): Promise<Response | Error> {
    const { members, ask } = this.#options;
    const to = member.who?.bootId ?? '';
    return members.busy(member, () => ask(member.address, to, { type: 'ping', ...summary }, PING_TIMEOUT_MS));
  }

  /** A member has answered: pings it again after a while. */
  answered(member: Member, state: MemberState, reason: string): void {
    this.#options.settle(member, state, reason, this.#pingDelayMs());
  }

  /** A member that is no peer has not answered: backs off. */
  unreachable(member: Member, reason: string): void {
    member.failures++;
    this.#options.settle(member, 'unreachable', reason, this.backoffMs(member));
  }

  /** A peer has not answered: pings it once more, directly and through others, before it is called unreachable. */
  async suspect(member: Member, reason: string): Promise<void> {
    const { settle, members, isReachable } = this.#options;
    settle(member, 'suspect', reason, Infinity);
    const others = this.#options.peers().filter((peer) => peer.state === 'alive' && peer !== member);
    const reached = await members.busy(member, () =>
      Promise.all([isReachable(member.address), this.#isReachedByOthers(others, member.address)]),
    );
    if (member.state !== 'suspect') return;
    if (!(reached instanceof Error) && reached.includes(true)) settle(member, 'alive', '', MIN_BACKOFF_MS);
    else this.unreachable(member, reason);
  }

  /** The delay before an address that does not answer is tried again: doubles with each failure, with jitter. */
  backoffMs(member: Member): number {
    const longestMs = isFixed(member) ? MAX_CONFIGURED_BACKOFF_MS : MAX_BACKOFF_MS;
    return backoffMs(this.#options.random, member.failures - 1, { firstMs: MIN_BACKOFF_MS, longestMs });
  }

  #pingDelayMs(): number {
    const meanMs = Math.max(PING_MS, PING_MS_PER_PEER * this.#options.peers().length);
    return meanMs * (0.75 + this.#options.random.next() / 2);
  }

  /** Whether any of some peers reaches an address that this server does not. */
  async #isReachedByOthers(peers: readonly Member[], address: Address): Promise<boolean> {
    const { ask, random } = this.#options;
    const attempts = drawn(random, peers, INDIRECT_PINGS).map(async (peer) => {
      const request = { type: 'indirect-ping', address } as const;
      const { body } = await ask(peer.address, peer.who?.bootId ?? '', request, INDIRECT_TIMEOUT_MS);
      return body.type === 'indirect-ack' && body.reached;
    });
    const reached = await Promise.all(attempts.map((attempt) => attempt.catch(() => false)));
    return reached.includes(true);
  }
}
