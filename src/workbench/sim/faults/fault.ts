import type { Random } from '../../../runtime/random.ts';

/** What a fault does while it lasts. It touches only messages between nodes and services, never those of clients. */
export interface Disturbance {
  /** For people: which nodes, how bad. */
  readonly description: string;
  /** Asked when a message arrives: whether it is kept from `dest`. */
  readonly isBlocked?: (src: string, dest: string) => boolean;
  /** How long each copy of a message is under way, in ms. None: it is lost. */
  readonly reroute?: (copiesMs: readonly number[]) => readonly number[];
  /** Undoes what does not undo itself. */
  readonly end?: () => void;
}

/** Begins a fault of one kind, with a shape drawn at random. */
export type FaultKind = (context: FaultContext) => Disturbance;

export interface FaultContext {
  readonly random: Random;
  readonly nodeIds: readonly string[];
  readonly nodes: NodeControl;
}

/** The nemesis' hold on the nodes. */
export interface NodeControl {
  /** Ends a node without warning; what is sent to it is lost. */
  kill(nodeId: string): void;
  /** Starts a killed node again, under its old name and without its memory. */
  restart(nodeId: string): void;
  /** Stops a node in its tracks; what is sent to it waits. */
  pause(nodeId: string): void;
  resume(nodeId: string): void;
}

/** How bad faults get. How bad one is at a time is drawn from between nothing and this. */
export const faultLimits = {
  /** Share of messages lost. */
  loss: 0.3,
  /** Share of messages delivered twice, and how much later than the first the second copy can come. */
  duplication: 0.3,
  duplicateDelayMs: 5000,
  /** Share of messages held up, and for how long. Longer than a client waits, so that the past catches up with the present. */
  delay: 0.3,
  delayMs: 6000,
} as const;
