/**
 * The adapter between a cluster and the disk store that it replicates: the port `Replica` on the store's synchronous
 * view. (The port of src/store is for HTTP handlers; replication needs every change, synchronously and in order.)
 */
import type { Identity } from '../crdt/replica-id.ts';
import type { Totals } from '../crdt/counter-state.ts';
import type { Log } from '../runtime/log.ts';
import type { Counters } from '../store/counters.ts';
import type { DiskStore } from '../store/disk/disk-store.ts';
import type { Replica } from './replica.ts';

export class DiskReplica implements Replica {
  readonly #store: DiskStore;
  readonly #warn: Log;
  /** What cannot be merged is offered again with every exchange, but one warning is enough. */
  #warned = '';

  constructor(store: DiskStore, warn: Log) {
    this.#store = store;
    this.#warn = warn;
  }

  get identity(): Identity {
    return this.#store.identity;
  }

  get counters(): Counters {
    return this.#store.counters;
  }

  async merge(totals: Totals): Promise<boolean> {
    const [error] = await this.#store.mergeAll(totals);
    if (this.#store.failure !== undefined) throw this.#store.failure;
    if (error !== undefined && error.message !== this.#warned) {
      this.#warned = error.message;
      this.#warn(`cannot merge what a peer has sent: ${error.message}`);
    }
    return error === undefined;
  }

  useRandomReplicaId(): Promise<void> {
    return this.#store.useRandomReplicaId();
  }
}
