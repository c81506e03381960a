import type { Clock, Timer } from '../runtime/clock.ts';
import { asError } from '../runtime/error.ts';
import type { Address } from './address.ts';
import { type Member, type Source, isFixed, isPeer } from './member.ts';

export interface MemberTableOptions {
  readonly clock: Clock;
  readonly maxContacts: number;
  /** Called for a contact whose time has come. */
  readonly onDue: (contact: Member) => void;
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
    const contact: Member = {
      address,
      source,
      state: 'new',
      who: undefined,
      wantedMs: undefined,
      why: '',
      nextMs: Infinity,
      failures: 0,
      heardMs: undefined,
      isBusy: false,
    };
    this.#byAddress.set(address, contact);
    return contact;
  }

  delete(contact: Member): void {
    this.#byAddress.delete(contact.address);
  }

  /** Turns to a contact after a time, and not before. */
  wake(contact: Member, delayMs: number): void {
    contact.nextMs = this.#options.clock.nowMs() + delayMs;
    this.#schedule(contact.nextMs);
  }

  /** Does something with a contact, and nothing else with it meanwhile. Resolves with the Error where it fails. */
  async busy<T>(contact: Member, work: () => Promise<T>): Promise<T | Error> {
    contact.isBusy = true;
    try {
      return await work();
    } catch (error) {
      return asError(error);
    } finally {
      contact.isBusy = false;
      this.#schedule(contact.nextMs);
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** Forgets somebody who is of least use if need be. */
  #makeRoom(source: Source): boolean {
    if (this.#byAddress.size < this.#options.maxContacts) return true;
    const useless = [...this.#byAddress.values()].filter(
      (contact) =>
        !isPeer(contact) &&
        !contact.isBusy &&
        contact.state !== 'new' &&
        (!isFixed(contact) || contact.failures >= HOPELESS_FAILURES),
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
    for (const contact of this.#byAddress.values()) {
      if (contact.isBusy) continue;
      if (contact.nextMs <= nowMs) {
        contact.nextMs = Infinity;
        this.#options.onDue(contact);
      }
      nextMs = Math.min(nextMs, contact.nextMs);
    }
    this.#schedule(nextMs);
  }
}
