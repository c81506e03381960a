/**
 * What surrounds simulated servers: a network with a nemesis, and clients who do something at a rate.
 */
import type { Clock } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import type { FaultKind, NodeControl } from './faults/fault.ts';
import { latencySampler } from './latency.ts';
import { Nemesis } from './nemesis.ts';
import { Network } from './network.ts';
import type { Streams } from './random.ts';
import type { ServerRunOptions } from './server-run.ts';

export interface Environment<Fault extends string> {
  readonly network: Network;
  readonly nemesis: Nemesis<Fault>;
}

/** A network that the nemesis of a run has in its power, as it has the servers. */
export function environmentOf<Fault extends string>(
  { latencyDistribution, latencyMs, faults, nemesisIntervalMs, nodeIds }: ServerRunOptions<Fault>,
  kinds: Readonly<Record<Fault, FaultKind>>,
  nodes: NodeControl,
  clock: Clock,
  streams: Streams,
): Environment<Fault> {
  const network = new Network({
    model: 'ideal',
    clock,
    latencyMs: latencySampler(latencyDistribution, latencyMs, streams('latency')),
    copiesMs: (ms, message) => nemesis.copiesMs(ms, message),
    isBlocked: (src, dest) => nemesis.isBlocked(src, dest),
    onSend: () => {},
    onDelivery: () => {},
  });
  const nemesis = new Nemesis({
    kinds,
    faults,
    intervalMs: nemesisIntervalMs,
    beginsAtOnce: false,
    nodeIds,
    nodes,
    clock,
    streams,
  });
  return { network, nemesis };
}

/** Does something again and again, randomly spaced, so often a second on average. Resolves when the time is over. */
export function operateAtRate(
  clock: Clock,
  random: Random,
  perSecond: number,
  durationMs: number,
  operate: () => void,
): Promise<void> {
  const endMs = clock.nowMs() + durationMs;
  return new Promise((resolve) => {
    const next = (): void => {
      if (clock.nowMs() >= endMs) return resolve();
      operate();
      clock.after((random.next() * 2 * 1000) / perSecond, next);
    };
    next();
  });
}

/** For how many reasons something is so, by name: it begins with the first, and ends with the last. */
export class Reasons {
  readonly #counts = new Map<string, number>();

  /** Adds a reason. Returns whether it is the first. */
  add(name: string): boolean {
    return this.#change(name, 1) === 1;
  }

  /** Takes a reason away. Returns whether it was the last. */
  remove(name: string): boolean {
    return this.#change(name, -1) === 0;
  }

  #change(name: string, change: number): number {
    const changed = (this.#counts.get(name) ?? 0) + change;
    this.#counts.set(name, changed);
    return changed;
  }
}
