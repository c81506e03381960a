import type { Message } from '../maelstrom/message.ts';

/** Where one node runs: a process under real time, an object under virtual time. */
export interface Host {
  deliver(message: Message): void;
  /** Ends the node as a crash would: at once, with whatever it was about to say unsaid. */
  kill(): Promise<void>;
}

export interface HostEvents {
  readonly onMessage: (message: Message) => void;
  /** The node broke the rules: it ended, or wrote what is no message. One sentence says how. */
  readonly onFailure: (text: string) => void;
}

/** Starts the node called `nodeId`. */
export type StartHost = (nodeId: string, events: HostEvents) => Host;
