/**
 * The multi-version keys of the model of etcd: each key with its versions, so that it can be read as it was at any revision
 * since the last compaction, and the changes of each revision, for watches that begin in the past.
 */
import type { KeyValue, Range } from '../../store/etcd/etcd.ts';
import { SortedKeys, firstIndex } from '../../store/sorted-keys.ts';

/** What a key was from a revision on. */
interface Version {
  readonly modRevision: number;
  /** Undefined where it was deleted. */
  readonly pair: KeyValue | undefined;
}

/** What changed at a revision, in the order in which it was done. */
export interface Change {
  readonly revision: number;
  readonly keys: readonly string[];
}

/** What a version takes of the backend's file besides its key and value, about. */
const VERSION_BYTES = 100;

export class Revisions {
  /** The latest revision. etcd's first is 1, with nothing in it. */
  revision = 1;
  /** The oldest revision that can still be read; 0 before the first compaction. */
  compactRevision = 0;
  /** About what all versions take of the backend's file. */
  bytes = 0;
  /** Oldest first. A key without versions is in neither. */
  readonly #versions = new Map<string, Version[]>();
  #keys = new SortedKeys();
  #changes: Change[] = [];

  /** The key as it was at a revision; undefined if it was not there. */
  at(key: string, revision: number): KeyValue | undefined {
    const versions = this.#versions.get(key);
    if (versions === undefined) return undefined;
    // Almost always the latest is meant.
    const last = versions.at(-1);
    if (last !== undefined && last.modRevision <= revision) return last.pair;
    return versions[firstLater(versions, revision) - 1]?.pair;
  }

  /** What a range finds at a revision, whatever it says about revisions itself. */
  range({ range, rangeEnd, limit = 0 }: Range, revision: number): { found: KeyValue[]; more: boolean } {
    const found: KeyValue[] = [];
    for (const pair of this.pairs(range, rangeEnd, revision)) {
      if (limit > 0 && found.length === limit) return { found, more: true };
      found.push(pair);
    }
    return { found, more: false };
  }

  /** The keys from `key` up to, and without, `rangeEnd` that were there at a revision, in order. */
  *pairs(key: string, rangeEnd: string | undefined, revision: number): Generator<KeyValue> {
    if (isSingle(rangeEnd)) {
      const pair = this.at(key, revision);
      if (pair !== undefined) yield pair;
      return;
    }
    for (const candidate of this.#keys.from(key)) {
      if (!isBefore(candidate, rangeEnd)) return;
      const pair = this.at(candidate, revision);
      if (pair !== undefined) yield pair;
    }
  }

  /** Puts a key at the next revision. `commit` makes that the latest. */
  put(key: string, value: string, lease: string | undefined): void {
    const modRevision = this.revision + 1;
    const before = this.at(key, modRevision);
    this.#add(key, {
      modRevision,
      pair: {
        key,
        value,
        createRevision: before?.createRevision ?? modRevision,
        modRevision,
        version: (before?.version ?? 0) + 1,
        lease,
      },
    });
  }

  /** Deletes a key at the next revision, if it is there. `commit` makes that the latest. */
  delete(key: string): boolean {
    const modRevision = this.revision + 1;
    if (this.at(key, modRevision) === undefined) return false;
    this.#add(key, { modRevision, pair: undefined });
    return true;
  }

  /** Ends the next revision, in which these keys were changed, in this order. */
  commit(keys: readonly string[]): void {
    this.revision++;
    this.#changes.push({ revision: this.revision, keys });
  }

  /** The changes from a revision on. */
  changesFrom(revision: number): readonly Change[] {
    const all = this.#changes;
    return all.slice(firstIndex(all.length, (index) => (all[index]?.revision ?? 0) >= revision));
  }

  /** Forgets what no read at this revision or a later one can see. */
  compact(revision: number): void {
    this.compactRevision = revision;
    let hasGone = false;
    for (const [key, versions] of this.#versions) {
      const first = firstLater(versions, revision) - 1;
      // A deletion at that very revision goes too: whoever reads there finds nothing with or without it.
      const dropped = versions.splice(0, versions[first]?.pair === undefined ? first + 1 : first);
      for (const version of dropped) this.bytes -= bytesOf(key, version);
      if (versions.length > 0) continue;
      this.#versions.delete(key);
      hasGone = true;
    }
    this.#changes = this.changesFrom(revision).map((change) =>
      change.revision > revision ? change : this.#withoutDropped(change),
    );
    if (!hasGone) return;
    this.#keys = new SortedKeys();
    for (const key of [...this.#versions.keys()].toSorted()) this.#keys.add(key);
  }

  /** A watch from the compacted revision on is told only of what was put there and is still there. */
  #withoutDropped({ revision, keys }: Change): Change {
    const isKept = (key: string): boolean => this.at(key, revision)?.modRevision === revision;
    return { revision, keys: keys.filter(isKept) };
  }

  #add(key: string, version: Version): void {
    const versions = this.#versions.get(key);
    if (versions === undefined) {
      this.#versions.set(key, [version]);
      this.#keys.add(key);
    } else versions.push(version);
    this.bytes += bytesOf(key, version);
  }
}

/** Where the versions after a revision begin. */
const firstLater = (versions: readonly Version[], revision: number): number =>
  firstIndex(versions.length, (index) => (versions[index]?.modRevision ?? 0) > revision);

const bytesOf = (key: string, { pair }: Version): number =>
  key.length + (pair?.value.length ?? 0) + VERSION_BYTES;

/** Whether a range is of one key. */
const isSingle = (rangeEnd: string | undefined): rangeEnd is undefined | '' =>
  rangeEnd === undefined || rangeEnd === '';

/** Whether a key is before the end of a range. To etcd, an end of one zero byte is none. */
export const isBefore = (key: string, rangeEnd: string): boolean => rangeEnd === '\0' || key < rangeEnd;
