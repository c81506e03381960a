/**
 * A front end: the shipped etcd engine with etcd, clock and randomness as arguments.
 */
import type { Clock } from '../../runtime/clock.ts';
import { silent } from '../../runtime/log.ts';
import type { Random } from '../../runtime/random.ts';
import type { Endpoint, Etcd } from '../../store/etcd/etcd.ts';
import { EtcdStore } from '../../store/etcd/etcd-store.ts';
import type { Store } from '../../store/store.ts';

/** What a simulated server on etcd is built from. */
export interface FrontEndPorts {
  readonly etcd: Etcd;
  /** The same, but a read is answered by the member that is asked, from what it has heard of. */
  readonly serializable: Etcd;
  readonly endpoints: readonly Endpoint[];
  readonly clock: Clock;
  readonly random: Random;
  /** Called with an error of the engine itself. */
  readonly onFailure: (error: unknown) => void;
}

/** Starts a server. Resolves when it holds a slot. */
export type CreateFrontEnd = (ports: FrontEndPorts) => Promise<Store>;

/** What the keys of all servers begin with. */
export const PREFIX = 'simulated/';

const TIMEOUT_MS = 1000;
const LIMITS = { maxCounters: 1000, maxNodes: 1000, windowMs: 600_000, maxIdempotencyRecords: 100_000 };

/** The server as it is shipped. */
export const shippedFrontEnd: CreateFrontEnd = ({ etcd, endpoints, clock, random, onFailure }) =>
  EtcdStore.open({
    etcd,
    endpoints,
    prefix: PREFIX,
    timeoutMs: TIMEOUT_MS,
    nodeId: undefined,
    at: 'simulated',
    limits: LIMITS,
    clock,
    random,
    afterThisTurn: (task) => void clock.after(0, task),
    info: silent,
    warn: silent,
    onCommit: () => {},
    onRead: () => {},
    onFailure,
  });
