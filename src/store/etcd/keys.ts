/**
 * Where things are in etcd. Names and keys contain no control characters, so no entry is among those of another counter.
 */

/** Keys from `key` up to, not including, `rangeEnd`. */
export interface KeyRange {
  readonly range: string;
  readonly rangeEnd: string;
}

/**
 * The keys below a prefix, which the servers of one store share:
 *
 *   live/SLOT         CLAIM WHERE, of the server that holds the slot, under a lease
 *   seq/SLOT          CLAIM:N, one up for each commit of the claim
 *   retired/NAME      nobody may claim this slot: somebody else counts under its name
 *   created/SLOT      how many counters the holders of the slot have created
 *   c/KEY\0SLOT       a total of a counter; the value of the counter is the sum of them
 *   c/KEY\0           there if the counter may be near 2^53 (see groups.ts)
 *   idem/ID           an idempotency record
 */
export class Keyspace {
  readonly #prefix: string;

  /** The prefix must end in a character that is in no other store's, such as `/`, or be empty. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  live = (slot: string): string => `${this.#prefix}live/${slot}`;
  seq = (slot: string): string => `${this.#prefix}seq/${slot}`;
  retired = (name: string): string => `${this.#prefix}retired/${name}`;
  created = (slot: string): string => `${this.#prefix}created/${slot}`;
  idempotencyRecord = (id: string): string => `${this.#prefix}idem/${id}`;
  entry = (counter: string, name: string): string => `${this.#prefix}c/${counter}\0${name}`;
  largeMark = (counter: string): string => this.entry(counter, '');

  /** All entries of a counter. */
  entriesOf = (counter: string): KeyRange => ({
    range: `${this.#prefix}c/${counter}\0`,
    rangeEnd: `${this.#prefix}c/${counter}\x01`,
  });

  /** All keys of a kind. */
  all(kind: 'live' | 'seq' | 'retired' | 'created' | 'c'): KeyRange {
    return { range: `${this.#prefix}${kind}/`, rangeEnd: `${this.#prefix}${kind}0` };
  }

  /** The entries of the counters whose keys begin with `prefix` and come after the key `after`, if one is given. */
  entriesFrom(prefix: string, after: string | undefined): KeyRange {
    const all = this.all('c');
    const range = after !== undefined && after >= prefix ? `${all.range}${after}\x01` : all.range + prefix;
    return { range, rangeEnd: afterPrefix(all.range + prefix) };
  }

  /** The counter and the name that an entry is of. */
  parseEntry(entry: string): { counter: string; name: string } {
    const [counter = '', name = ''] = entry.slice(this.#prefix.length + 2).split('\0');
    return { counter, name };
  }

  /** The last part of a key of a kind: a slot, a name. */
  lastPart = (key: string): string => key.slice(key.indexOf('/', this.#prefix.length) + 1);
}

/** The first text, in the order of UTF-16 code units, after all that begin with `prefix`, which must not be empty. */
function afterPrefix(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  const before = prefix.slice(0, -1);
  return last === 0xffff ? afterPrefix(before) : before + String.fromCharCode(last + 1);
}
