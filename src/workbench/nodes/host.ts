/**
 * The port between a run and its nodes: what a node can be told to do, wherever it lives. A host is one incarnation of a
 * node; under real time it is a process (process-host.ts), under virtual time an object (memory-host.ts).
 */
import type { Message } from '../../maelstrom/message.ts';

/** One incarnation of a node: from one start under its id to its end. */
export interface Host {
  deliver(message: Message): void;
  /** Ends the node as a crash would: at once, and nothing that it was about to send is sent. */
  kill(): Promise<void>;
  /** Suspends the node. Messages delivered meanwhile wait. */
  pause(): void;
  resume(): void;
  /** The last that it wrote, if the line has no end yet. Only processes write lines. */
  unfinished?(): Unfinished | undefined;
}

/** The beginning of a line that has not ended. */
export interface Unfinished {
  readonly bytes: number;
  /** The first of it. */
  readonly text: string;
  /** How long ago its first byte arrived. */
  readonly ageMs: number;
}

export interface HostEvents {
  readonly onMessage: (message: Message) => void;
  /** The node wrote something that is not a message. The rest of a sentence that begins with the node says what. */
  readonly onGarbage: (text: string) => void;
  /** The node ended, or could not be started. The rest of a sentence that begins with the node says how. */
  readonly onEnd: (text: string) => void;
}

/** Starts an incarnation of the node `nodeId`, not necessarily the first. */
export type StartHost = (nodeId: string, events: HostEvents) => Host;
