/**
 * What a scenario of the client needs of the world outside it. Arguments and results are JSON, so that a page in a browser can
 * ask for all of it, too.
 */
export interface Outside {
  /** The URLs of all servers. */
  readonly endpoints: readonly string[];
  /** Whether, from now on, 5 % of the answers are lost and 5 % of the requests come twice. */
  setLossy(isLossy: boolean): Promise<void>;
  /** Breaks all connections of clients. */
  cut(): Promise<void>;
  /** Kills the next server in turn, and starts it again. A key is incremented there before clients can reach it. */
  kill(key?: string): Promise<void>;
  /** Resolves when every server tells these values, which servers of a cluster do a little later. Rejects if one never does. */
  shows(values: readonly (readonly [key: string, value: number])[]): Promise<void>;
}

/** What the servers want of those who increment. */
export const TOKEN = 'secret';
