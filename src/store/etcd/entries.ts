/**
 * A counter as its entries in etcd tell it.
 */
import type { GCounter } from '../../crdt/g-counter.ts';
import { DecodeError, decodeJson, integer } from '../../runtime/decode.ts';
import type { NamedCounter } from '../store.ts';
import type { KeyValue } from './etcd.ts';
import type { Keyspace } from './keys.ts';

export interface Entries {
  /** The totals by name, in the order of the names. */
  readonly nodes: GCounter;
  readonly value: number;
  /** Whether the counter has the mark of those that may be near 2^53. */
  readonly isLarge: boolean;
}

/** What some entries of one counter say. Throws a DecodeError if they are not a counter's. */
export function entriesFrom(keys: Keyspace, found: readonly KeyValue[]): Entries {
  const nodes = new Map<string, number>();
  let value = 0;
  let isLarge = false;
  for (const { key, value: text } of found) {
    const { name } = keys.parseEntry(key);
    if (name === '') {
      isLarge = true;
      continue;
    }
    const total = integer(decodeJson(text));
    nodes.set(name, total);
    value += total;
  }
  if (!Number.isSafeInteger(value)) throw new DecodeError('a counter in etcd has passed 2^53 - 1');
  return { nodes, value, isLarge };
}

/** The counter with some entries, as the port shows it. */
export function counterFrom(keys: Keyspace, key: string, found: readonly KeyValue[]): NamedCounter {
  const { nodes, value } = entriesFrom(keys, found);
  return { key, value, nodes, lowerBound: 0 };
}
