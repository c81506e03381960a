/**
 * The disk of a simulated machine. It outlives processes and losses of power, until it is lost itself; what has been
 * synced survives, and of the rest only what chance leaves.
 */
import { partsOf } from '../../crdt/counter-state.ts';
import type { GCounter } from '../../crdt/g-counter.ts';
import { replicaIdOf } from '../../crdt/replica-id.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Files } from '../../runtime/files.ts';
import type { Random } from '../../runtime/random.ts';
import type { DiskStore } from '../../store/disk/disk-store.ts';
import { Directory } from '../sim/files/directory.ts';
import { SimulatedFiles } from '../sim/files/simulated-files.ts';
import { below } from '../sim/random.ts';

/** How long a sync takes on average. */
const SYNC_MS = 2;

const noParts: GCounter = new Map();

export class Disk {
  /** The latest store on this disk: what it shows is on the disk, also when its process has died. */
  store: Pick<DiskStore, 'counters' | 'identity'> | undefined;
  readonly #random: Random;
  #directory = new Directory();

  constructor(random: Random) {
    this.#random = random;
  }

  /** The replica id that it counts under. */
  get replicaId(): string | undefined {
    const identity = this.store?.identity;
    return identity && replicaIdOf(identity.nodeId, identity.suffix);
  }

  /** What it has of a counter. */
  parts(key: string): GCounter {
    const state = this.store?.counters.get(key);
    return this.store === undefined || state === undefined ? noParts : partsOf(this.store.identity, state);
  }

  /** Its files, for a process with this clock. Only syncs take time. */
  mount(clock: Clock): Files {
    return new SimulatedFiles(this.#directory, (operation) => {
      if (!operation.startsWith('sync')) return Promise.resolve();
      return new Promise((resolve) => clock.after(2 * SYNC_MS * this.#random.next(), resolve));
    });
  }

  /** Ends the process that has mounted it; every other time, the machine loses its power as well. */
  unmount(): void {
    const isPowerLost = this.#random.next() < 0.5;
    this.#directory = isPowerLost
      ? this.#directory.crash((bound) => below(this.#random, bound))
      : this.#directory.clone();
  }
}
