/**
 * Whether other servers commit. Each commit of this one finds out whether anybody else has since the one before. If nobody has,
 * the next is made on the assumption that it stays so, and compares it: then what this server knows of the others' totals is
 * right, and they need not be read again, which costs etcd as much as to put its own. If the assumption is wrong, that commit
 * is refused, and is made again without it.
 *
 * Everybody who changes a total puts a key of the kinds `seq` or `created` with it.
 */
import type { Compare } from './etcd.ts';
import type { Keyspace } from './keys.ts';

export class Quiet {
  #isQuiet = false;
  /** From the one revision to the other, nobody else has committed. */
  #sinceRevision = Infinity;
  #untilRevision = 0;

  /** Comparisons that hold if nobody else has committed since the last commit of this server. */
  compare(keys: Keyspace): Compare[] {
    return (['seq', 'created'] as const).map((kind) => {
      const { range: key, rangeEnd } = keys.all(kind);
      return { key, rangeEnd, notPutAfter: this.#untilRevision };
    });
  }

  /** Whether to assume that nobody else commits, and that therefore what was read at a revision is right. */
  covers(revision: number): boolean {
    return this.#isQuiet && revision >= this.#sinceRevision;
  }

  /** Takes note of a commit that was done at a revision, and of whether the comparisons held in it. */
  committed(revision: number, didHold: boolean): void {
    this.#isQuiet = didHold;
    if (!didHold) this.#sinceRevision = revision;
    this.#untilRevision = revision;
  }

  /** The assumption was wrong, or there is another claim. */
  end(): void {
    this.#isQuiet = false;
    this.#sinceRevision = Infinity;
  }
}
