import type { Message } from '../../maelstrom/message.ts';

/** Where one life of one node runs: a process under real time, an object under virtual time. */
export interface Host {
  deliver(message: Message): void;
  /** Ends the node as a crash would: at once, with whatever it was about to say unsaid. */
  kill(): Promise<void>;
  /** Stops the node in its tracks. What is delivered meanwhile waits. */
  pause(): void;
  resume(): void;
}

export interface HostEvents {
  readonly onMessage: (message: Message) => void;
  /** The node broke the rules: it ended, or wrote what is no message. One sentence says how. */
  readonly onFailure: (text: string) => void;
}

/** Starts the node called `nodeId`, possibly not for the first time. */
export type StartHost = (nodeId: string, events: HostEvents) => Host;
