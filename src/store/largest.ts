/**
 * The counters with the largest values: chosen from all of them, slice by slice, in memory for no more than are asked for.
 */
import type { Counters } from './counters.ts';
import { namedCounter } from './named-counter.ts';
import type { NamedCounter, Store } from './store.ts';
import { Walks } from './walks.ts';

/** How many counters are looked at before others get their turn: about a millisecond of work. */
const SLICE_COUNTERS = 2048;
/** How many more are kept than are wanted, before they are sorted and the rest is dropped. */
const SLACK_COUNTERS = 256;

type Slices = AsyncIterable<Iterable<NamedCounter>>;

/** `Store.largest` of an engine whose counters with a prefix come in slices, all as they were when the first was asked for. */
export function largestAmong(slices: (prefix: string) => Slices): Store['largest'] {
  const walks = new Walks<NamedCounter[]>();
  return (prefix, limit) => walks.share(`${limit} ${prefix}`, () => largestOf(slices(prefix), limit));
}

/** The `limit` largest of all counters in the slices, the largest first and equal ones in the order of their keys. */
export async function largestOf(slices: Slices, limit: number): Promise<NamedCounter[]> {
  let kept: NamedCounter[] = [];
  /** The smallest of as many as are wanted; undefined while there are fewer. */
  let smallest: NamedCounter | undefined;
  const cut = (): void => {
    kept = kept.toSorted(byValue).slice(0, limit);
    smallest = kept[limit - 1];
  };
  for await (const slice of slices) {
    for (const counter of slice) {
      if (smallest !== undefined && byValue(counter, smallest) > 0) continue;
      kept.push(counter);
      if (kept.length === limit + SLACK_COUNTERS) cut();
    }
  }
  cut();
  return kept;
}

const byValue = (a: NamedCounter, b: NamedCounter): number => b.value - a.value || (a.key < b.key ? -1 : 1);

/**
 * Counters in memory as they are when the first slice is asked for, as the server with this node id shows them. `pause` is
 * awaited between slices.
 */
export async function* slicesOf(
  nodeId: string,
  counters: Counters,
  prefix: string,
  pause: () => Promise<void>,
): AsyncGenerator<NamedCounter[], void, void> {
  const past = counters.asOfNow(prefix);
  try {
    for (const chunk of past.chunks(SLICE_COUNTERS)) {
      yield chunk.map(([key, state]) => namedCounter(nodeId, key, state));
      await pause();
    }
  } finally {
    past.end();
  }
}
