/**
 * What a fault is: it begins at random, with a shape drawn at random, and while it is active it may block messages,
 * change how long they take, or act on nodes. It never touches messages to or from clients.
 */
import type { Message } from '../../../maelstrom/message.ts';
import type { Random } from '../../../runtime/random.ts';

/** A fault from its beginning to its end. */
export interface ActiveFault {
  /** For people: which nodes, how bad. */
  readonly description: string;
  /** Called when a message arrives: whether it is lost instead. */
  readonly isBlocked?: (src: string, dest: string) => boolean;
  /** Changes how long each copy of a message takes, in ms. No copies: the message is lost. */
  readonly reroute?: (copiesMs: readonly number[], message: Message) => readonly number[];
  /** Undoes what does not end by itself. */
  readonly end?: () => void;
}

/** Begins a fault of one kind, with a shape drawn at random. */
export type FaultKind = (context: FaultContext) => ActiveFault;

export interface FaultContext {
  readonly random: Random;
  readonly nodeIds: readonly string[];
  readonly nodes: NodeControl;
}

/** What a fault can do to nodes. */
export interface NodeControl {
  /** Kills a node without warning; messages to it are lost until it is restarted. */
  kill(nodeId: string): void;
  /** Starts a killed node again, under its old id and without its memory. */
  restart(nodeId: string): void;
  /** Suspends a node; messages to it wait. */
  pause(nodeId: string): void;
  resume(nodeId: string): void;
}

/** The worst that faults can be. Each is drawn uniformly from between nothing and this. */
export const faultLimits = {
  /** Share of messages lost. */
  loss: 0.3,
  /** Share of messages delivered twice, and the longest delay of the second copy after the first. */
  duplication: 0.3,
  duplicateDelayMs: 5000,
  /** Share of messages delayed, and for how long: longer than a client waits, so that the past catches up. */
  delay: 0.3,
  delayMs: 6000,
} as const;
