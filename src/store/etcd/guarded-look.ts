/**
 * What a guarded write depends on, read at one revision.
 */
import type { Endpoints } from './endpoints.ts';
import { entriesFrom } from './entries.ts';
import type { KeyValue } from './etcd.ts';
import type { GuardedView, GuardedWrite } from './guarded.ts';
import type { Keyspace } from './keys.ts';

export interface Seen extends Pick<GuardedView, 'entries' | 'slots'> {
  /** Of its idempotency key, if it has one: a refusal is final, so it must not have been counted. */
  readonly record: KeyValue | undefined;
  readonly revision: number;
}

/** Rejects with an EtcdError when `untilMs` has come. */
export async function look(
  endpoints: Endpoints,
  keys: Keyspace,
  { counters, names, idempotencyKey }: Pick<GuardedWrite, 'counters' | 'names' | 'idempotencyKey'>,
  untilMs: number,
): Promise<Seen> {
  const ofNames = names.flatMap((name) => [
    { range: keys.live(name) },
    { range: keys.seq(name) },
    { range: keys.retired(name) },
  ]);
  const { results, revision } = await endpoints.ranges(
    [
      ...counters.map(keys.entriesOf),
      ...ofNames,
      ...(idempotencyKey === undefined ? [] : [{ range: keys.idempotencyRecord(idempotencyKey) }]),
    ],
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
  const record = results[counters.length + ofNames.length]?.found[0];
  return { entries, slots, record, revision };
}
