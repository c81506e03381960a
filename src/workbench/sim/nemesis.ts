import type { Clock, Timer } from '../../runtime/clock.ts';
import { kill, pause } from './faults/crash.ts';
import type { Disturbance, FaultKind, NodeControl } from './faults/fault.ts';
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

/** What can break in a run of nodes and services. */
export const faultKinds: Readonly<Record<FaultName, FaultKind>> = {
  partition,
  'isolate-store': isolateStore,
  loss,
  duplicate,
  delay,
  kill,
  pause,
};

/** When a fault lasted, in ms on the run's clock. */
export interface FaultInterval {
  /** The kind: `partition`. */
  readonly fault: string;
  /** For people: `halves: n0 n2 | n1`. */
  readonly description: string;
  readonly fromMs: number;
  toMs: number;
}

export interface NemesisOptions<Fault extends string> {
  /** What can break. */
  readonly kinds: Readonly<Record<Fault, FaultKind>>;
  readonly faults: ReadonlySet<Fault>;
  /** The mean time between changes of one fault: it begins, and about the same time later ends. */
  readonly intervalMs: number;
  readonly nodeIds: readonly string[];
  readonly nodes: NodeControl;
  readonly clock: Clock;
  readonly streams: Streams;
}

interface Active {
  readonly disturbance: Disturbance;
  readonly interval: FaultInterval;
}

/** Breaks things from `start` to `heal`, each fault on its own and regardless of the others. */
export class Nemesis<Fault extends string> {
  /** All that has happened; what is still going on has an endless interval. */
  readonly intervals: FaultInterval[] = [];
  readonly #options: NemesisOptions<Fault>;
  readonly #active = new Map<Fault, Active>();
  readonly #timers = new Map<Fault, Timer>();

  constructor(options: NemesisOptions<Fault>) {
    this.#options = options;
  }

  /** What is wrong now, for people. */
  get description(): string {
    return [...this.#active.values()].map(({ interval }) => interval.description).join('; ');
  }

  start(): void {
    for (const fault of this.#options.faults) this.#schedule(fault);
  }

  heal(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    for (const fault of this.#active.keys()) this.#end(fault);
  }

  isBlocked(src: string, dest: string): boolean {
    for (const { disturbance } of this.#active.values()) if (disturbance.isBlocked?.(src, dest)) return true;
    return false;
  }

  /** What becomes of a message that would have taken `latencyMs`: how long each copy of it takes. */
  copiesMs(latencyMs: number): readonly number[] {
    let copiesMs: readonly number[] = [latencyMs];
    for (const { disturbance } of this.#active.values()) {
      if (disturbance.reroute !== undefined) copiesMs = disturbance.reroute(copiesMs);
    }
    return copiesMs;
  }

  #schedule(fault: Fault): void {
    const { intervalMs, clock, streams } = this.#options;
    const random = streams(`nemesis ${fault}`);
    const change = (): void => {
      if (this.#active.has(fault)) this.#end(fault);
      else this.#begin(fault, random);
      this.#timers.set(fault, clock.after(random.next() * 2 * intervalMs, change));
    };
    this.#timers.set(fault, clock.after(random.next() * 2 * intervalMs, change));
  }

  #begin(fault: Fault, random: ReturnType<Streams>): void {
    const { nodeIds, nodes, clock } = this.#options;
    const disturbance = this.#options.kinds[fault]({ random, nodeIds, nodes });
    const { description } = disturbance;
    const interval = { fault, description, fromMs: clock.nowMs(), toMs: Infinity };
    this.intervals.push(interval);
    this.#active.set(fault, { disturbance, interval });
  }

  #end(fault: Fault): void {
    const active = this.#active.get(fault);
    this.#active.delete(fault);
    if (active === undefined) return;
    active.interval.toMs = this.#options.clock.nowMs();
    active.disturbance.end?.();
  }
}
