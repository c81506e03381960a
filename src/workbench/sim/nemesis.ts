/**
 * The nemesis begins and ends faults at random times, each on its own and regardless of the others, until everything heals.
 * Each fault draws from a stream of random numbers of its own, so that adding one does not move the others.
 */
import type { Clock, Timer } from '../../runtime/clock.ts';
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

/** From when to when a fault was active, in ms on the run's clock. */
export interface FaultInterval {
  /** The kind: `partition`. */
  readonly fault: string;
  /** For people: `halves: n0 n2 | n1`. */
  readonly description: string;
  readonly fromMs: number;
  toMs: number;
}

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

interface Current {
  readonly fault: ActiveFault;
  readonly interval: FaultInterval;
}

export class Nemesis<Fault extends string> {
  /** All faults so far; those that are still active have no end yet, `toMs` is Infinity. */
  readonly intervals: FaultInterval[] = [];
  readonly #options: NemesisOptions<Fault>;
  readonly #active = new Map<Fault, Current>();
  readonly #timers = new Map<Fault, Timer>();

  constructor(options: NemesisOptions<Fault>) {
    this.#options = options;
  }

  /** The active faults, for people. */
  get description(): string {
    return [...this.#active.values()].map(({ interval }) => interval.description).join('; ');
  }

  /** Begins to break things. */
  start(): void {
    for (const fault of this.#options.faults) this.#schedule(fault);
  }

  /** Ends all faults for good. */
  heal(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    for (const fault of this.#active.keys()) this.#end(fault);
  }

  /** Whether a message that arrives now is lost. */
  isBlocked(src: string, dest: string): boolean {
    for (const { fault } of this.#active.values()) if (fault.isBlocked?.(src, dest)) return true;
    return false;
  }

  /** Returns how long each copy of a message takes that would otherwise take `latencyMs`. */
  copiesMs(latencyMs: number): readonly number[] {
    let copiesMs: readonly number[] = [latencyMs];
    for (const { fault } of this.#active.values()) {
      if (fault.reroute !== undefined) copiesMs = fault.reroute(copiesMs);
    }
    return copiesMs;
  }

  #schedule(fault: Fault): void {
    const { intervalMs, beginsAtOnce, clock, streams } = this.#options;
    const random = streams(`nemesis ${fault}`);
    const change = (): void => {
      if (this.#active.has(fault)) this.#end(fault);
      else this.#begin(fault, random);
      this.#timers.set(fault, clock.after(random.next() * 2 * intervalMs, change));
    };
    if (beginsAtOnce) change();
    else this.#timers.set(fault, clock.after(random.next() * 2 * intervalMs, change));
  }

  #begin(fault: Fault, random: ReturnType<Streams>): void {
    const { nodeIds, nodes, clock } = this.#options;
    const active = this.#options.kinds[fault]({ random, nodeIds, nodes });
    const { description } = active;
    const interval = { fault, description, fromMs: clock.nowMs(), toMs: Infinity };
    this.intervals.push(interval);
    this.#active.set(fault, { fault: active, interval });
  }

  #end(fault: Fault): void {
    const current = this.#active.get(fault);
    this.#active.delete(fault);
    if (current === undefined) return;
    current.interval.toMs = this.#options.clock.nowMs();
    current.fault.end?.();
  }
}
