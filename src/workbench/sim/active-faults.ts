/**
 * The faults that are active now, what they do to messages, and a record of all that there were.
 */
import type { Message } from '../../maelstrom/message.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ActiveFault } from './faults/fault.ts';

/** From when to when a fault was active, in ms on the run's clock. */
export interface FaultInterval {
  /** The kind: `partition`. */
  readonly fault: string;
  /** For people: `halves: n0 n2 | n1`. */
  readonly description: string;
  readonly fromMs: number;
  toMs: number;
}

export class ActiveFaults {
  /** All faults so far; those that are still active have no end yet, `toMs` is Infinity. */
  readonly intervals: FaultInterval[] = [];
  readonly #clock: Clock;
  readonly #active = new Map<ActiveFault, FaultInterval>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The active faults, for people. */
  get description(): string {
    return [...this.#active.values()].map(({ description }) => description).join('; ');
  }

  /** Records that a fault of the given kind has begun. */
  begin(kind: string, fault: ActiveFault): void {
    const { description } = fault;
    const interval = { fault: kind, description, fromMs: this.#clock.nowMs(), toMs: Infinity };
    this.intervals.push(interval);
    this.#active.set(fault, interval);
  }

  /** Ends a fault, unless it has ended. */
  end(fault: ActiveFault): void {
    const interval = this.#active.get(fault);
    if (interval === undefined) return;
    this.#active.delete(fault);
    interval.toMs = this.#clock.nowMs();
    fault.end?.();
  }

  endAll(): void {
    for (const fault of this.#active.keys()) this.end(fault);
  }

  /** Whether a message that arrives now is lost. */
  isBlocked(src: string, dest: string): boolean {
    for (const fault of this.#active.keys()) if (fault.isBlocked?.(src, dest)) return true;
    return false;
  }

  /** Returns how long each copy of a message takes that would otherwise take `latencyMs`. */
  copiesMs(latencyMs: number, message: Message): readonly number[] {
    let copiesMs: readonly number[] = [latencyMs];
    for (const fault of this.#active.keys()) {
      if (fault.reroute !== undefined) copiesMs = fault.reroute(copiesMs, message);
    }
    return copiesMs;
  }
}
