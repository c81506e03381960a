/**
 * The member table: every known address with what is known of the server there, bounded in size, and when to check each
 * of them next. One timer serves the whole table.
 */
import type { Clock, Timer } from '../runtime/clock.ts';
import { asError } from '../runtime/error.ts';
import type { Address } from './address.ts';
import { type Member, type Source, isFixed, isPeer } from './member.ts';

export interface MemberTableOptions {
  readonly clock: Clock;
  readonly maxMembers: number;
  /** Called for a member that is due to be checked. */
  readonly onDue: (member: Member) => void;
}

/** After so many failures in a row even a configured or registered member may be evicted. */
const HOPELESS_FAILURES = 20;

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

  /** Adds a candidate at an address that is not in the table yet; undefined when the table is full. */
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

  /** The members that are known to be, or to rival, the server at another address. */
  sharingNodeId({ address, who }: Member): Member[] {
    const isOther = ({ state }: Member): boolean => state === 'alias' || state === 'duplicate';
    return [...this].filter(
      (other) => isOther(other) && other.address !== address && other.who?.id === who?.id,
    );
  }

  delete(member: Member): void {
    this.#byAddress.delete(member.address);
  }

  /** Checks a member after a delay, and not earlier. */
  wake(member: Member, delayMs: number): void {
    member.nextMs = this.#options.clock.nowMs() + delayMs;
    this.#schedule(member.nextMs);
  }

  /** Runs work during which the member is not checked. Resolves with the Error if it fails. */
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

  /** Evicts the least useful member if the table is full. Returns whether there is room. */
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
      this.#checkDue();
    });
  }

  #checkDue(): void {
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
