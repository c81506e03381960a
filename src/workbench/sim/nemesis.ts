/**
 * The nemesis begins and ends faults at random times, each on its own and regardless of the others, until everything heals.
 * Each fault draws from a stream of random numbers of its own, so that adding one does not move the others.
 */
import type { Message } from '../../maelstrom/message.ts';
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import { ActiveFaults, type FaultInterval } from './active-faults.ts';
import { kill, pause } from './faults/crash.ts';
import type { ActiveFault, FaultKind, NodeControl } from './faults/fault.ts';
import { isolateStore } from './faults/isolate-store.ts';
import { partition } from './faults/partition.ts';
import { delay, duplicate, loss } from './faults/unreliable-network.ts';
import type { Streams } from './random.ts';

export const faultNames = [
  'partition',
  'isolate-store',
  'loss',
  'duplicate',
  'delay',
  'kill',
  'pause',
] as const;
export type FaultName = (typeof faultNames)[number];

/** The faults of a run of nodes and services. */
export const faultKinds: Readonly<Record<FaultName, FaultKind>> = {
  partition,
  'isolate-store': isolateStore,
  loss,
  duplicate,
  delay,
  kill,
  pause,
};

export interface NemesisOptions<Fault extends string> {
  readonly kinds: Readonly<Record<Fault, FaultKind>>;
  /** The kinds that are to happen. */
  readonly faults: ReadonlySet<Fault>;
  /** The mean time between changes of one fault: it begins, and about the same time later ends. */
  readonly intervalMs: number;
  /** Whether all faults begin when the nemesis starts, as in Maelstrom; otherwise each some time after. */
  readonly beginsAtOnce: boolean;
  readonly nodeIds: readonly string[];
  readonly nodes: NodeControl;
  readonly clock: Clock;
  readonly streams: Streams;
}

export class Nemesis<Fault extends string> {
  readonly #options: NemesisOptions<Fault>;
  readonly #active: ActiveFaults;
  readonly #current = new Map<Fault, ActiveFault>();
  readonly #timers = new Map<Fault, Timer>();

  constructor(options: NemesisOptions<Fault>) {
    this.#options = options;
    this.#active = new ActiveFaults(options.clock);
  }

  /** All faults so far. */
  get intervals(): readonly FaultInterval[] {
    return this.#active.intervals;
  }

  /** The active faults, for people. */
  get description(): string {
    return this.#active.description;
  }

  /** Begins to break things. */
  start(): void {
    for (const fault of this.#options.faults) this.#schedule(fault);
  }

  /** Ends all faults for good. */
  heal(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#active.endAll();
  }

  /** Whether a message that arrives now is lost. */
  isBlocked(src: string, dest: string): boolean {
    return this.#active.isBlocked(src, dest);
  }

  /** Returns how long each copy of a message takes that would otherwise take `latencyMs`. */
  copiesMs(latencyMs: number, message: Message): readonly number[] {
    return this.#active.copiesMs(latencyMs, message);
  }

  #schedule(fault: Fault): void {
    const { intervalMs, beginsAtOnce, clock, streams } = this.#options;
    const random = streams(`nemesis ${fault}`);
    const change = (): void => {
      const current = this.#current.get(fault);
      this.#current.delete(fault);
      if (current === undefined) this.#begin(fault, random);
      else this.#active.end(current);
      this.#timers.set(fault, clock.after(random.next() * 2 * intervalMs, change));
    };
    if (beginsAtOnce) change();
    else this.#timers.set(fault, clock.after(random.next() * 2 * intervalMs, change));
  }

  #begin(fault: Fault, random: Random): void {
    const { kinds, nodeIds, nodes } = this.#options;
    const active = kinds[fault]({ random, nodeIds, nodes });
    this.#current.set(fault, active);
    this.#active.begin(fault, active);
  }
}
