/**
 * The adversary of `--nemesis all`. Faults that begin and end regardless of each other soon afflict every node at once, and
 * where nothing happens, nothing can go wrong. This one keeps the cluster at the edge:
 *   - It works in phases, with a healthy gap between them. For each phase it draws which faults take part at all: some
 *     bugs show only while another fault is absent (swarm testing: Groce et al., ISSTA 2012).
 *   - A phase has its victims, always a minority where there are three nodes or more. What hits nodes hits only them, so
 *     that different faults meet in one node while the others go on working. All nodes are hit only for moments.
 *   - Some messages are slower than others (faults/late.ts), and every second fault waits for a message of a victim
 *     (strikes.ts).
 */
import type { Message } from '../../maelstrom/message.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import { ActiveFaults, type FaultInterval } from './active-faults.ts';
import type { ActiveFault, FaultKind, NodeControl } from './faults/fault.ts';
import { lateCopies, lateSometimes, slow, slowSome } from './faults/late.ts';
import { type FaultName, faultKinds, faultNames } from './nemesis.ts';
import { ProcessClock } from './process-clock.ts';
import { type Streams, pick, shuffled } from './random.ts';
import { type Moment, Strikes, momentNames } from './strikes.ts';

/** How long a phase lasts on average, in intervals. */
const PHASE_INTERVALS = 4;
/** How long a dead node stays dead, in intervals: its clients wait for it in vain, and are missing elsewhere. */
const DEAD_INTERVALS = 0.15;
/** Each death leaves adds of which nobody knows whether they were done, and these hide sums that are too large. */
const PHASES_WITHOUT_DEATH = 2;
/** How long all nodes are hit at once, in intervals. */
const MOMENT_INTERVALS = 0.2;
/** How long it may take until a single node is hit, in intervals. */
const SELDOM_INTERVALS = 8;
const SHARE_OF_MOMENTS = 0.1;
const SHARE_OF_SLOW_PHASES = 0.9;
/** After the first phases, which make up for it. */
const SHARE_OF_DEADLY_PHASES = 0.75;
const SHARE_OF_RELAPSES = 0.75;

const kinds: Readonly<Record<FaultName, FaultKind>> = {
  ...faultKinds,
  duplicate: lateCopies,
  delay: lateSometimes,
};

export interface AdversaryOptions {
  /** The mean time between changes of one fault. */
  readonly intervalMs: number;
  readonly nodeIds: readonly string[];
  readonly nodes: NodeControl;
  readonly clock: Clock;
  readonly streams: Streams;
}

/** The part of a run between two healthy gaps. */
interface Phase {
  /** Its timers end with it. */
  readonly clock: ProcessClock;
  readonly victims: readonly string[];
  /** Whether these are all there are: a single node is hit seldom, and only for moments. */
  readonly isWhole: boolean;
  /** Those that die twice in a row, and are left alone then, so that it can show what they made of it. */
  readonly spent: Set<string>;
}

export class Adversary {
  readonly #options: AdversaryOptions;
  readonly #active: ActiveFaults;
  readonly #random: Random;
  readonly #strikes = new Strikes();
  /** The nodes that were killed and have not answered init since. */
  readonly #down = new Set<string>();
  #phase: Phase | undefined;
  #phases = 0;

  constructor(options: AdversaryOptions) {
    this.#options = options;
    this.#active = new ActiveFaults(options.clock);
    this.#random = options.streams('adversary');
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
    this.#nextPhase();
  }

  /** Ends all faults for good. */
  heal(): void {
    this.#phase?.clock.end();
    this.#phase = undefined;
    this.#strikes.clear();
    this.#active.endAll();
  }

  /** Takes notice of a message that is about to be sent. */
  onSend(message: Message): void {
    if (message.body['type'] === 'init_ok') this.#down.delete(message.src);
    this.#strikes.onSend(message);
  }

  /** Whether a message that arrives now is lost. */
  isBlocked(src: string, dest: string): boolean {
    return this.#active.isBlocked(src, dest);
  }

  /** Returns how long each copy of a message takes that would otherwise take `latencyMs`. */
  copiesMs(latencyMs: number, message: Message): readonly number[] {
    return this.#active.copiesMs(latencyMs, message);
  }

  /** Heals everything, and after a gap begins a phase. */
  #nextPhase(): void {
    this.heal();
    const { clock, nodeIds } = this.#options;
    const minority = Math.max(1, (nodeIds.length - 1) >> 1);
    const count = 1 + Math.floor(this.#random.next() * minority);
    const phase: Phase = {
      clock: new ProcessClock(clock),
      victims: shuffled(this.#random, nodeIds).slice(0, count),
      isWhole: nodeIds.length === 1,
      spent: new Set(),
    };
    this.#phase = phase;
    this.#phases++;
    phase.clock.after(this.#upTo(1), () => {
      this.#beginPhase(phase);
      phase.clock.after(this.#upTo(PHASE_INTERVALS) + this.#upTo(PHASE_INTERVALS), () => this.#nextPhase());
    });
  }

  #beginPhase(phase: Phase): void {
    if (this.#random.next() < SHARE_OF_SLOW_PHASES) {
      const { nodes } = this.#options;
      const kind = phase.isWhole ? slowSome : slow;
      this.#active.begin('delay', kind({ random: this.#random, nodeIds: phase.victims, nodes }));
    }
    const isEarly = this.#phases <= PHASES_WITHOUT_DEATH;
    for (const fault of faultNames) {
      const share = fault === 'kill' ? SHARE_OF_DEADLY_PHASES : 0.5;
      if (this.#random.next() >= share) continue;
      if (fault === 'duplicate') this.#active.begin(fault, this.#activate(phase, fault, phase.victims));
      else if (fault !== 'kill' || !isEarly) this.#alternate(phase, fault);
    }
  }

  /** Begins a fault after a while, or when a victim next sends a message of some kind, and again after it has ended. */
  #alternate(phase: Phase, fault: FaultName): void {
    const again = (): void => this.#alternate(phase, fault);
    phase.clock.after(this.#upTo(phase.isWhole ? SELDOM_INTERVALS : 1), () => {
      const victims = phase.victims.filter((nodeId) => fault !== 'kill' || !phase.spent.has(nodeId));
      if (this.#random.next() < SHARE_OF_MOMENTS) {
        this.#begin(phase, fault, this.#options.nodeIds, this.#upTo(MOMENT_INTERVALS), again);
      } else if (this.#random.next() < 0.5) {
        this.#strikeWith(phase, fault, victims, again);
      } else {
        this.#begin(phase, fault, victims, this.#durationMs(phase, fault), again);
      }
    });
  }

  #strikeWith(
    phase: Phase,
    fault: FaultName,
    nodeIds: readonly string[],
    ended: () => void,
    moments: readonly Moment[] = [pick(this.#random, momentNames)],
  ): void {
    this.#strikes.await({
      moments,
      nodeIds,
      strike: (nodeId) => this.#begin(phase, fault, [nodeId], this.#durationMs(phase, fault), ended),
    });
  }

  #begin(
    phase: Phase,
    fault: FaultName,
    victims: readonly string[],
    durationMs: number,
    ended: () => void,
  ): void {
    // A node that is only just starting has nothing to lose yet, and is not to be kept from ever being ready.
    const isOfNodes = fault === 'kill' || fault === 'pause';
    const hit = isOfNodes ? victims.filter((nodeId) => !this.#down.has(nodeId)) : victims;
    if (hit.length === 0) {
      ended();
      return;
    }
    const active = this.#activate(phase, fault, hit);
    this.#active.begin(fault, active);
    phase.clock.after(durationMs, () => {
      this.#active.end(active);
      ended();
    });
  }

  /** Begins a fault that touches only the given nodes; a partition also the others, and duplicates do no harm to any. */
  #activate(phase: Phase, fault: FaultName, hit: readonly string[]): ActiveFault {
    const { nodeIds } = this.#options;
    const kind = kinds[fault];
    const isOfAll = fault === 'partition' || fault === 'duplicate';
    const active = kind({
      random: this.#random,
      nodeIds: isOfAll ? nodeIds : hit,
      nodes: this.#control(phase),
    });
    const { description, reroute } = active;
    if (isOfAll || reroute === undefined) return active;
    return {
      description: `${hit.join(' ')}: ${description}`,
      reroute: (copiesMs, message) =>
        hit.includes(message.src) || hit.includes(message.dest) ? reroute(copiesMs, message) : copiesMs,
    };
  }

  /** Every second node that is started again is killed again over one of its first messages. */
  #control(phase: Phase): NodeControl {
    const { nodes } = this.#options;
    return {
      kill: (nodeId) => {
        this.#down.add(nodeId);
        nodes.kill(nodeId);
      },
      restart: (nodeId) => {
        nodes.restart(nodeId);
        const isOver = phase !== this.#phase || phase.spent.has(nodeId);
        if (isOver || this.#random.next() >= SHARE_OF_RELAPSES) return;
        phase.spent.add(nodeId);
        this.#strikeWith(phase, 'kill', [nodeId], () => {}, momentNames);
      },
      pause: (nodeId) => nodes.pause(nodeId),
      resume: (nodeId) => nodes.resume(nodeId),
    };
  }

  #durationMs({ isWhole }: Phase, fault: FaultName): number {
    if (isWhole) return this.#upTo(MOMENT_INTERVALS);
    return this.#upTo(fault === 'kill' ? 2 * DEAD_INTERVALS : 2);
  }

  /** Draws a time of up to so many intervals. */
  #upTo(intervals: number): number {
    return this.#random.next() * intervals * this.#options.intervalMs;
  }
}
