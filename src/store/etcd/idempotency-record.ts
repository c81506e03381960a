/**
 * Idempotency records in etcd. A record is put in the transaction that does the increments, so there is one exactly if
 * they count. But the values after them are known only when that is done, and the transaction must say beforehand what it
 * puts. So it puts a forecast: the values as they are if no other server has raised the counters since this one looked.
 *
 * If the forecast proves right, the record stays as it is. If not, nobody is answered before the record is corrected: it
 * is put a second time, if nobody else has. Whoever is asked for a record that was put once finds out at the record's
 * revision whether the forecast was right, and otherwise corrects it too. So all who ask get the same values, and if the
 * revision has been compacted, they are those of the forecast: settled by putting it again.
 */
import { fields, decodeJson, text, integer } from '../../runtime/decode.ts';
import { valuesAfterEach, valuesToKeep } from '../idempotency.ts';
import { packIntegers, unpackIntegers } from '../packed-integers.ts';
import { idempotencyKeyReused } from '../store-errors.ts';
import type { Counted, Idempotency, Increment } from '../store.ts';
import type { Endpoints } from './endpoints.ts';
import { entriesFrom } from './entries.ts';
import { type Compare, EtcdError, type KeyValue, type Operation, type TxnResult } from './etcd.ts';
import type { Keyspace } from './keys.ts';

export interface Forecast {
  readonly fingerprint: string;
  /** The slot whose total the increments raised. */
  readonly slot: string;
  /** What all others had counted, for each counter in the order in which they first occur. */
  readonly others: readonly number[];
  /** The values after the increments, packed by valuesToKeep. */
  readonly values: string;
}

/** What is put for a forecast. */
const encodeForecast = ({ fingerprint, slot, others, values }: Forecast): string =>
  JSON.stringify({ f: fingerprint, s: slot, o: packIntegers(others), v: values });

/** Throws a DecodeError if that is not a record. */
function decodeForecast(record: string): Forecast {
  const { f, s, o, v } = fields(decodeJson(record), 'an idempotency record', ['f', 's', 'o', 'v']);
  return {
    fingerprint: text(f),
    slot: text(s),
    others: unpackIntegers(text(o)).map(integer),
    values: text(v),
  };
}

/** Increments that may have come under an idempotency key. */
interface Request {
  readonly increments: readonly Increment[];
  readonly idempotency: Idempotency | undefined;
}

/** What a request's record is put with, on the condition that there is none; undefined for one without a key. */
export function recordOf(
  keys: Keyspace,
  { idempotency, increments }: Request,
  { slot, others, values }: Pick<Forecast, 'slot' | 'others'> & { readonly values: readonly number[] },
  lease: string,
): { readonly compare: Compare; readonly put: Operation } | undefined {
  if (idempotency === undefined) return undefined;
  const { id, fingerprint } = idempotency;
  const key = keys.idempotencyRecord(id);
  const forecast = { fingerprint, slot, others, values: valuesToKeep(increments, values) };
  return { compare: { key, isAbsent: true }, put: { put: key, value: encodeForecast(forecast), lease } };
}

/** The counters of some increments, in the order in which they first occur. */
export const countersOf = (increments: readonly Increment[]): string[] => [
  ...new Set(increments.map(({ key }) => key)),
];

/** The values after some increments if, of each counter, others have counted so much more than was forecast. */
export function corrected(
  increments: readonly Increment[],
  values: readonly number[],
  more: ReadonlyMap<string, number>,
): number[] {
  return values.map((value, index) => value + (more.get(increments[index]?.key ?? '') ?? 0));
}

export interface RecordContext {
  readonly endpoints: Endpoints;
  readonly keys: Keyspace;
}

/** The put that corrects a record which has been put once. */
export const correction = (
  { key, modRevision, lease }: Pick<KeyValue, 'key' | 'modRevision' | 'lease'>,
  forecast: Forecast,
): Operation => ({
  txn: {
    compare: [{ key, modRevision }],
    success: [{ put: key, value: encodeForecast(forecast), ...(lease === undefined ? {} : { lease }) }],
    failure: [{ range: key }],
  },
});

/**
 * What a request with these increments was answered with, from its record as found. Rejects with
 * `idempotency_key_reused` if it was another request's, or with an EtcdError.
 */
export async function settledAnswer(
  context: RecordContext,
  found: KeyValue,
  { fingerprint }: Pick<Idempotency, 'fingerprint'>,
  increments: readonly Increment[],
  untilMs: number,
): Promise<Counted> {
  const forecast = decodeForecast(found.value);
  if (forecast.fingerprint !== fingerprint) {
    throw idempotencyKeyReused();
  }
  return {
    nodeId: forecast.slot,
    values: await settledValues(context, found, forecast, increments, untilMs),
  };
}

async function settledValues(
  context: RecordContext,
  found: KeyValue,
  forecast: Forecast,
  increments: readonly Increment[],
  untilMs: number,
): Promise<readonly number[]> {
  const values = valuesAfterEach(increments, forecast.values);
  if (found.version > 1) return values;
  const more = await moreThanForecast(context, found, forecast, countersOf(increments), untilMs);
  if (more?.size === 0) return values;
  const exact = more === undefined ? values : corrected(increments, values, more);
  const settled = { ...forecast, values: valuesToKeep(increments, exact) };
  const result = await putCorrection(context, [correction(found, settled)], untilMs);
  return latestValues(result?.results[0]?.txn, increments, exact);
}

/** Puts corrections. Resolves with undefined if the lease of one has ended, and with it the window of its key. */
export async function putCorrection(
  { endpoints }: RecordContext,
  corrections: readonly Operation[],
  untilMs: number,
): Promise<TxnResult | undefined> {
  try {
    return await endpoints.txnUntil({ compare: [], success: corrections, failure: [] }, untilMs);
  } catch (error) {
    if (error instanceof EtcdError && error.code === 'not_found') return undefined;
    throw error;
  }
}

/** The values that count after a correction was tried: its own, or those of whoever came first. */
export function latestValues(
  tried: TxnResult | undefined,
  increments: readonly Increment[],
  values: readonly number[],
): readonly number[] {
  const [other] = tried?.succeeded === false ? (tried.results[0]?.found ?? []) : [];
  return other === undefined ? values : valuesAfterEach(increments, decodeForecast(other.value).values);
}

/** What others had counted more than was forecast, by counter; undefined if it is no longer known. */
async function moreThanForecast(
  { endpoints, keys }: RecordContext,
  { modRevision }: KeyValue,
  { slot, others }: Forecast,
  counters: readonly string[],
  untilMs: number,
): Promise<ReadonlyMap<string, number> | undefined> {
  const ranges = counters.map((counter) => ({ ...keys.entriesOf(counter), revision: modRevision }));
  try {
    const { results } = await endpoints.ranges(ranges, untilMs);
    const more = new Map<string, number>();
    for (const [index, counter] of counters.entries()) {
      const { nodes, value } = entriesFrom(keys, results[index]?.found ?? []);
      const difference = value - (nodes.get(slot) ?? 0) - (others[index] ?? 0);
      if (difference !== 0) more.set(counter, difference);
    }
    return more;
  } catch (error) {
    if (error instanceof EtcdError && error.code === 'compacted') return undefined;
    throw error;
  }
}
