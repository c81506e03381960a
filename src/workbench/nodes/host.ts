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
}

export interface HostEvents {
  readonly onMessage: (message: Message) => void;
  /** The node broke the rules: it ended, or wrote something that is not a message. A sentence without a subject says how. */
  readonly onFailure: (text: string) => void;
}

/** Starts an incarnation of the node `nodeId`, not necessarily the first. */
export type StartHost = (nodeId: string, events: HostEvents) => Host;
