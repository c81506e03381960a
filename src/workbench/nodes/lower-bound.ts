import type { AddOperation, ReadOperation } from './history.ts';

/**
 * The least that a read of a counter which only grows may return, in view of the reads that ended before it began:
 * for each of them, what it returned plus every add that was invoked after it had ended and acknowledged since.
 *
 * Of the reads that have ended only those are kept that could still decide. An add counts on top of all reads that
 * ended before it was invoked, so a read is out of the race once an earlier one has caught up with it. What is kept
 * ascends with time, as differences, so that an add changes only two of them.
 */
export class Floor {
  readonly #ended: { readonly read: ReadOperation; gain: number }[] = [];
  #value = 0;

  /** As of now. */
  get value(): number {
    return this.#value;
  }

  /** The read from which it follows. */
  get read(): ReadOperation | undefined {
    return this.#ended.at(-1)?.read;
  }

  readEnded(read: ReadOperation): void {
    const gain = (read.value ?? 0) - this.#value;
    if (gain <= 0) return;
    this.#ended.push({ read, gain });
    this.#value += gain;
  }

  addAcknowledged({ invoked, delta }: AddOperation): void {
    let next = this.#ended.length;
    while ((this.#ended[next - 1]?.read.completed.index ?? -1) > invoked.index) next--;
    const [first] = this.#ended;
    if (first === undefined || next === 0) return;
    first.gain += delta;
    this.#value += delta;
    // Reads from `next` on may have counted this add already, so it does not lift them.
    for (let excess = delta; excess > 0;) {
      const later = this.#ended[next];
      if (later === undefined) return;
      const taken = Math.min(excess, later.gain);
      later.gain -= taken;
      this.#value -= taken;
      excess -= taken;
      if (later.gain === 0) this.#ended.splice(next, 1);
    }
  }
}
