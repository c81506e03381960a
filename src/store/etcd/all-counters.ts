/**
 * All counters in etcd, as they were at one revision.
 */
import type { GCounter } from '../../crdt/g-counter.ts';
import type { Endpoints } from './endpoints.ts';
import { entriesFrom } from './entries.ts';
import type { KeyValue, Range } from './etcd.ts';
import type { Keyspace } from './keys.ts';

/** How many entries are asked for at a time. For each page, etcd walks through all entries that follow: few pages are quicker. */
const PAGE = 20_000;

/**
 * The totals of all counters by name, page by page, in the order of the keys; what is put after the first page was read is
 * not among them. Throws an EtcdError: `compacted` if etcd has forgotten that revision since. `untilMs` says how long to ask
 * for a page.
 */
export async function* allCounters(
  endpoints: Endpoints,
  keys: Keyspace,
  untilMs: () => number,
): AsyncGenerator<[key: string, nodes: GCounter][]> {
  const { range, rangeEnd } = keys.all('c');
  let next: Range = { range, rangeEnd, limit: PAGE };
  let last: { readonly counter: string; readonly entries: KeyValue[] } | undefined;
  for (;;) {
    const { results, revision } = await endpoints.ranges([next], untilMs());
    const { found, more } = results[0] ?? { found: [], more: false };
    const page: [string, GCounter][] = [];
    for (const entry of found) {
      const { counter } = keys.parseEntry(entry.key);
      if (last?.counter === counter) {
        last.entries.push(entry);
        continue;
      }
      if (last !== undefined) page.push([last.counter, entriesFrom(keys, last.entries).nodes]);
      last = { counter, entries: [entry] };
    }
    const end = found.at(-1);
    if (!more || end === undefined) {
      if (last !== undefined) page.push([last.counter, entriesFrom(keys, last.entries).nodes]);
      yield page;
      return;
    }
    // Of the last counter, there may be more entries.
    yield page;
    next = { range: `${end.key}\0`, rangeEnd, limit: PAGE, revision: next.revision ?? revision };
  }
}
