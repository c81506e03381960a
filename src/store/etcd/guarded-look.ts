/**
 * What a guarded write depends on, read at one revision.
 */
import type { Endpoints } from './endpoints.ts';
import { entriesFrom } from './entries.ts';
import type { GuardedView, GuardedWrite } from './guarded.ts';
import type { Keyspace } from './keys.ts';

/** Rejects with an EtcdError when `untilMs` has come. */
export async function look(
  endpoints: Endpoints,
  keys: Keyspace,
  { counters, names }: Pick<GuardedWrite, 'counters' | 'names'>,
  untilMs: number,
): Promise<Pick<GuardedView, 'entries' | 'slots'> & { readonly revision: number }> {
  const ofNames = names.flatMap((name) => [
    { range: keys.live(name) },
    { range: keys.seq(name) },
    { range: keys.retired(name) },
  ]);
  const { results, revision } = await endpoints.ranges(
    [...counters.map(keys.entriesOf), ...ofNames],
    untilMs,
  );
  const entries = new Map(
    counters.map((counter, at) => [counter, entriesFrom(keys, results[at]?.found ?? [])]),
  );
  const slots = new Map(
    names.map((name, index) => {
      const at = counters.length + 3 * index;
      const [live, seq, retired] = results.slice(at, at + 3).map(({ found }) => found[0]);
      return [name, { live, seq, isRetired: retired !== undefined }];
    }),
  );
  return { entries, slots, revision };
}
