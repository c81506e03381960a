import type { Clock, Timer } from '../runtime/clock.ts';
import { asError } from '../runtime/error.ts';
import type { Address } from './address.ts';
import { type Member, type Source, isFixed, isPeer } from './member.ts';

export interface MemberTableOptions {
  readonly clock: Clock;
  readonly maxMembers: number;
  /** Called for a member whose time has come. */
  readonly onDue: (member: Member) => void;
}

/** After so many, even whom an operator has named makes room for others. */
const HOPELESS_FAILURES = 20;

/** All addresses that somebody may be at, and when to turn to each: one timer serves any number of them. */
export class MemberTable {
  readonly #options: MemberTableOptions;
  readonly #byAddress = new Map<Address, Member>();
  #timer: Timer | undefined;
  #timerMs = Infinity;
  #isStopped = false;

  constructor(options: MemberTableOptions) {
    this.#options = options;
  }

  [Symbol.iterator](): Iterator<Member> {
    return this.#byAddress.values();
  }

  get(address: Address): Member | undefined {
    return this.#byAddress.get(address);
  }

  /** Takes in an address that is not here yet; undefined where there is no room. */
  add(address: Address, source: Source): Member | undefined {
    if (!this.#makeRoom(source)) return undefined;
    const member: Member = {
      address,
      source,
      state: 'candidate',
      who: undefined,
      registeredMs: undefined,
      why: '',
      nextMs: Infinity,
      failures: 0,
      heardMs: undefined,
      isBusy: false,
    };
    this.#byAddress.set(address, member);
    return member;
  }

  delete(member: Member): void {
    this.#byAddress.delete(member.address);
  }

  /** Turns to a member after a time, and not before. */
  wake(member: Member, delayMs: number): void {
    member.nextMs = this.#options.clock.nowMs() + delayMs;
    this.#schedule(member.nextMs);
  }

  /** Does something with a member, and nothing else with it meanwhile. Resolves with the Error where it fails. */
  async busy<T>(member: Member, work: () => Promise<T>): Promise<T | Error> {
    member.isBusy = true;
    try {
      return await work();
    } catch (error) {
      return asError(error);
    } finally {
      member.isBusy = false;
      this.#schedule(member.nextMs);
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** Forgets somebody who is of least use if need be. */
  #makeRoom(source: Source): boolean {
    if (this.#byAddress.size < this.#options.maxMembers) return true;
    const useless = [...this.#byAddress.values()].filter(
      (member) =>
        !isPeer(member) &&
        !member.isBusy &&
        member.state !== 'candidate' &&
        (!isFixed(member) || member.failures >= HOPELESS_FAILURES),
    );
    const [least] = useless.toSorted(
      (a, b) => Number(isFixed(a)) - Number(isFixed(b)) || b.failures - a.failures,
    );
    if (least === undefined || (least.failures === 0 && source === 'peer')) return false;
    this.delete(least);
    return true;
  }

  #schedule(atMs: number): void {
    if (this.#isStopped || atMs >= this.#timerMs) return;
    this.#timer?.cancel();
    this.#timerMs = atMs;
    const { clock } = this.#options;
    this.#timer = clock.after(Math.max(0, atMs - clock.nowMs()), () => {
      this.#timerMs = Infinity;
      this.#turn();
    });
  }

  #turn(): void {
    const nowMs = this.#options.clock.nowMs();
    let nextMs = Infinity;
    for (const member of this.#byAddress.values()) {
      if (member.isBusy) continue;
      if (member.nextMs <= nowMs) {
        member.nextMs = Infinity;
        this.#options.onDue(member);
      }
      nextMs = Math.min(nextMs, member.nextMs);
    }
    this.#schedule(nextMs);
  }
}
