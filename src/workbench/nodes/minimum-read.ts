/**
 * The least that a read of a counter which only grows may return, given the reads that ended before it began: for
 * each of them, what it returned plus every add that was invoked after it ended and has been acknowledged since.
 *
 * Only the reads that can still decide are kept. An add counts on top of all reads that ended before it was invoked,
 * so a read drops out once an earlier one has caught up with it. Those kept ascend with time and are stored as
 * differences, so that an add changes only two of them.
 */
import type { AddOperation, ReadOperation } from './history.ts';

export class MinimumRead {
  readonly #ended: { readonly read: ReadOperation; gain: number }[] = [];
  #value = 0;

  /** The minimum for a read that begins now. */
  get value(): number {
    return this.#value;
  }

  /** The read that sets the minimum; undefined while none has returned more than 0. */
  get setBy(): ReadOperation | undefined {
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
    // Reads from `next` on may have counted this add already, so it does not raise them.
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
