/**
 * All counters in etcd, as they were at one revision.
 */
import type { NamedCounter } from '../store.ts';
import type { Endpoints } from './endpoints.ts';
import { counterFrom } from './entries.ts';
import type { KeyValue, Range } from './etcd.ts';
import type { Keyspace } from './keys.ts';

export interface AllCountersOptions {
  /** Of the keys. */
  readonly prefix?: string;
  /** How many entries are asked for at a time. For each page, etcd walks through all entries that follow: few pages are quicker. */
  readonly page?: number;
}

/**
 * All counters with a prefix, page by page, in the order of the keys; what is put after the first page was read is not among
 * them. Throws an EtcdError: `compacted` if etcd has forgotten that revision since; or a DecodeError. `untilMs` says how long
 * to ask for a page.
 */
export async function* allCounters(
  endpoints: Endpoints,
  keys: Keyspace,
  untilMs: () => number,
  { prefix = '', page: pageEntries = 20_000 }: AllCountersOptions = {},
): AsyncGenerator<NamedCounter[], void, void> {
  const { range, rangeEnd } = keys.entriesFrom(prefix, undefined);
  let next: Range = { range, rangeEnd, limit: pageEntries };
  let last: { readonly counter: string; readonly entries: KeyValue[] } | undefined;
  for (;;) {
    const { results, revision } = await endpoints.ranges([next], untilMs());
    const { found, more } = results[0] ?? { found: [], more: false };
    const page: NamedCounter[] = [];
    for (const entry of found) {
      const { counter } = keys.parseEntry(entry.key);
      if (last?.counter === counter) {
        last.entries.push(entry);
        continue;
      }
      if (last !== undefined) page.push(counterFrom(keys, last.counter, last.entries));
      last = { counter, entries: [entry] };
    }
    const end = found.at(-1);
    if (!more || end === undefined) {
      if (last !== undefined) page.push(counterFrom(keys, last.counter, last.entries));
      yield page;
      return;
    }
    // Of the last counter, there may be more entries.
    yield page;
    next = { range: `${end.key}\0`, rangeEnd, limit: pageEntries, revision: next.revision ?? revision };
  }
}
