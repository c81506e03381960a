/**
 * What the server runs on: a store with all that belongs to it.
 */
import type { Cluster } from '../../cluster/cluster.ts';
import type { Log } from '../../runtime/log.ts';
import type { TlsMaterial } from '../../runtime/tls-material.ts';
import type { Figure, Metrics } from '../../server/http/metrics.ts';
import type { Store } from '../../store/store.ts';

export interface Engine {
  readonly store: Store;
  /** Undefined for stores whose servers have no peers. */
  readonly cluster: Cluster | undefined;
  /** What the metrics say of it besides. */
  readonly figures: () => readonly Figure[];
  /** For the log, when the server serves. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Whether what is stored may lack something, so that the process must not end with 0. */
  readonly hasFailed: boolean;
  /** Shows peers this certificate from now on. */
  useTls(tls: TlsMaterial): void;
  /** Leaves the cluster. Requests are still answered. */
  leave(): Promise<void>;
  /** Stores what is not stored yet. There are no requests any more. */
  close(): Promise<void>;
}

/** What every engine gets from the program. */
export interface EngineOptions {
  readonly host: string;
  /** The port that the server listens on. */
  readonly port: number;
  readonly bootId: string;
  readonly tls: TlsMaterial | undefined;
  readonly metrics: Metrics;
  readonly info: Log;
  readonly warn: Log;
  readonly error: Log;
  /** Stops the server: it must not go on. The exit status is that of a failure. */
  readonly stop: () => void;
}
