/**
 * Where the three servers run: in containers, or as processes of this machine. Both offer the same to the targets.
 */
import type { Server } from './client.ts';

/** A further server, which some targets start and stop. */
export interface FurtherServer {
  readonly id: string;
  /** How far its port is from that of the first server. */
  readonly offset: number;
  /** Whether it finds others by itself: it sends beacons, and hears theirs. */
  readonly isFinding: boolean;
}

export interface Running {
  readonly server: Server;
  /** Stops the server and removes its data. */
  stop(): Promise<void>;
}

export interface Deployment {
  /** `three containers` */
  readonly what: string;
  readonly servers: readonly Server[];
  /** Whether `start` has started the servers and `stop` has not stopped them. */
  readonly isStarted: boolean;
  /** What servers that have ended have said of it, a line each. */
  lastWords(): string[];
  /** Returns what writers must present, if anything. */
  readonly token: () => string | undefined;
  /** Builds what is needed and starts the servers, without waiting for them to serve. Rejects with a Failure. */
  start(): Promise<void>;
  /** Stops the servers; their counters stay. Returns what was done, for people. */
  stop(): Promise<string>;
  /** Shows the logs as they are written. Ends when the servers do, and with a Failure if none run. */
  followLogs(): Promise<string>;
  startFurther(further: FurtherServer): Promise<Running>;
}

/** How many servers a deployment has. */
export const SERVERS = 3;

export const nodeId = (index: number): string => `node-${index + 1}`;

export const urlOf = (port: number): string => `http://127.0.0.1:${port}`;
