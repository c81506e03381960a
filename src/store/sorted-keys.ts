/**
 * A growing set of strings in the order of their UTF-16 code units, in runs of bounded length: adding one to a million
 * moves a few hundred, and iterating from any place copies nothing.
 */
export class SortedKeys {
  readonly #runs: string[][] = [];
  /** The run that was added to last: keys tend to arrive in order. */
  #last = 0;

  /** Adds a key that is not in the set. */
  add(key: string): void {
    const at = this.#isIn(this.#last, key) ? this.#last : this.#runFor(key);
    this.#last = at;
    const run = this.#runs[at];
    if (run === undefined) {
      this.#runs.push([key]);
      return;
    }
    const isLast = !isAfter(run.at(-1), key);
    const place = isLast ? run.length : firstIndex(run.length, (index) => isAfter(run[index], key));
    run.splice(place, 0, key);
    if (run.length <= MAX_RUN) return;
    // Keys that arrive in order fill the runs they leave behind.
    const kept = place === MAX_RUN ? MAX_RUN : MAX_RUN / 2;
    this.#runs.splice(at + 1, 0, run.splice(kept));
  }

  /** The keys from `key` on, including `key` itself if it is in the set. */
  *from(key: string): Generator<string> {
    const first = this.#runFor(key);
    for (let at = first; at < this.#runs.length; at++) {
      const run = this.#runs[at] ?? [];
      // Only the first run can have keys before it.
      let place = at === first ? firstIndex(run.length, (index) => (run[index] ?? '') >= key) : 0;
      for (; place < run.length; place++) yield run[place] ?? '';
    }
  }

  /** Whether a key belongs to the run at `at`. */
  #isIn(at: number, key: string): boolean {
    const next = this.#runs[at + 1]?.[0];
    return (at === 0 || !isAfter(this.#runs[at]?.[0], key)) && (next === undefined || next > key);
  }

  /** The last run that begins at or before `key`, or the first. */
  #runFor(key: string): number {
    return Math.max(0, firstIndex(this.#runs.length, (index) => isAfter(this.#runs[index]?.[0], key)) - 1);
  }
}

const MAX_RUN = 512;

const isAfter = (candidate: string | undefined, key: string): boolean =>
  candidate !== undefined && candidate > key;

/** The first index below `length` for which `holds` is true; it must stay true after that. `length` if there is none. */
export function firstIndex(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
