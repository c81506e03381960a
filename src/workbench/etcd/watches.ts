/**
 * The watches of the model of etcd. Each is told of every revision that changes something in its range, in order.
 */
import type { Watch, Watching } from '../../store/etcd/etcd.ts';
import { type Change, isBefore } from './revisions.ts';

export class Watches {
  readonly #watches = new Set<Watch>();

  /** Adds a watch, and tells it what has been since its revision. */
  add(watch: Watch, past: readonly Change[]): Watching {
    const watching = { ...watch };
    this.#watches.add(watching);
    for (const change of past) {
      if (this.#watches.has(watching)) tell(watching, change);
    }
    return { cancel: () => void this.#watches.delete(watching) };
  }

  /** Tells all watches what has changed. */
  tell(change: Change): void {
    for (const watch of this.#watches) tell(watch, change);
  }
}

function tell({ key, rangeEnd, fromRevision, onChanges }: Watch, change: Change): void {
  if (change.revision < fromRevision) return;
  const keys = change.keys.filter((changed) => changed >= key && isBefore(changed, rangeEnd));
  if (keys.length > 0) onChanges(keys, change.revision);
}
