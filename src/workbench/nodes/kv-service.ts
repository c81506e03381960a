/**
 * Maelstrom's key-value services `lin-kv` and `seq-kv`: a pure function from what a key holds and a request to a reply and
 * what the key holds then, and two consistency models around it, as in `maelstrom.service` of Maelstrom's source.
 */
import { isDeepStrictEqual } from 'node:util';
import { errorCodes } from '../../maelstrom/errors.ts';
import type { Body, OutgoingBody } from '../../maelstrom/message.ts';
import type { Random } from '../../runtime/random.ts';
import { below } from '../sim/random.ts';

export interface Service {
  /** Returns the reply to a request of `client`, or undefined to an unknown type of request, which gets no reply. */
  handle(client: string, request: Body): OutgoingBody | undefined;
}

/** What one state holds under one key. */
interface Found {
  readonly present: boolean;
  readonly value: unknown;
}

/** What becomes of one operation. `written` is undefined if nothing changes. */
interface Step {
  readonly reply: OutgoingBody;
  readonly written?: { readonly value: unknown } | undefined;
}

/** One operation on what its key holds. Writing what is there already changes nothing. */
function step({ present, value: found }: Found, request: Body): Step | undefined {
  const written = (value: unknown): Step['written'] =>
    present && isEqual(found, value) ? undefined : { value };
  switch (request['type']) {
    case 'read':
      return { reply: present ? { type: 'read_ok', value: found } : keyError.missing() };
    case 'write':
      return { reply: { type: 'write_ok' }, written: written(request['value']) };
    case 'cas':
      if (!present && !isTruthy(request['create_if_not_exists'])) return { reply: keyError.missing() };
      if (present && !isEqual(found, request['from'])) {
        return { reply: keyError.different(found, request['from']) };
      }
      return { reply: { type: 'cas_ok' }, written: written(request['to']) };
    default:
      return undefined;
  }
}

/** As in Clojure, where 0 and the empty string are true. */
const isTruthy = (json: unknown): boolean => json !== undefined && json !== null && json !== false;

/** Any JSON can be a key; two keys are equal if their JSON is. */
export const mapKey = (key: unknown): unknown =>
  typeof key === 'object' && key !== null ? Symbol.for(JSON.stringify(key)) : key;

/** The general comparison is slow, and nearly all values are numbers. */
export const isEqual = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === 'object' && isDeepStrictEqual(a, b));

const error = (name: 'key-does-not-exist' | 'precondition-failed', text: string): OutgoingBody => ({
  type: 'error',
  code: errorCodes[name].code,
  text,
});

/** The errors of all key-value services, with Maelstrom's texts. */
export const keyError = {
  missing: () => error('key-does-not-exist', 'key does not exist'),
  different: (found: unknown, from: unknown) =>
    error('precondition-failed', `current value ${JSON.stringify(found)} is not ${JSON.stringify(from)}`),
} as const;

/** `lin-kv`: every operation acts on the latest state. */
export class LinearizableKv implements Service {
  readonly #state = new Map<unknown, unknown>();

  handle(_client: string, request: Body): OutgoingBody | undefined {
    const key = mapKey(request['key']);
    const done = step({ present: this.#state.has(key), value: this.#state.get(key) }, request);
    if (done?.written !== undefined) this.#state.set(key, done.written.value);
    return done?.reply;
  }
}

/**
 * Which of the states that sequential consistency allows `seq-kv` reads from: a random one, as Maelstrom's does, the
 * stalest that it remembers, or the latest.
 */
export const storeModels = ['random', 'stalest', 'latest'] as const;
export type StoreModel = (typeof storeModels)[number];

/** How many states `seq-kv` remembers. */
const WINDOW = 32;

/**
 * `seq-kv`: an operation that changes nothing sees some state between the latest one that its client has seen and the
 * latest of all. One that changes something acts on the latest state and brings its client to it.
 */
export class SequentialKv implements Service {
  readonly #random: Random;
  readonly #model: StoreModel;
  /** What each key holds, in the last states. The states are numbered from 0, the empty one. */
  readonly #histories = new Map<unknown, KeyHistory>();
  #latest = 0;
  /** For each client, the index of the latest state it has seen. A restarted node is still the same client. */
  readonly #seen = new Map<string, number>();

  constructor(random: Random, model: StoreModel = 'random') {
    this.#random = random;
    this.#model = model;
  }

  handle(client: string, request: Body): OutgoingBody | undefined {
    const seen = this.#seen.get(client) ?? 0;
    const index = this.#choose(seen);
    const key = mapKey(request['key']);
    const history = this.#histories.get(key) ?? new KeyHistory();
    const past = step(history.at(this.#inWindow(index)), request);
    if (past === undefined) return undefined;
    if (past.written === undefined) {
      this.#seen.set(client, index);
      return past.reply;
    }
    const present = step(history.at(this.#latest), request);
    if (present === undefined) return undefined;
    this.#seen.set(client, ++this.#latest);
    if (present.written !== undefined) {
      history.set(this.#latest, present.written.value);
      this.#histories.set(key, history);
    }
    return present.reply;
  }

  #choose(seen: number): number {
    switch (this.#model) {
      case 'random':
        return seen + below(this.#random, this.#latest - seen + 1);
      case 'stalest':
        return Math.max(seen, this.#latest - WINDOW + 1);
      case 'latest':
        return this.#latest;
    }
  }

  /** For a client more than a window behind, Maelstrom's ring buffer wraps around: it gets some later state. */
  #inWindow(index: number): number {
    return this.#latest - ((this.#latest - index) % WINDOW);
  }
}

/** What one key held, from which state on: as much of it as the last states need. */
class KeyHistory {
  readonly #values: { readonly since: number; readonly value: unknown }[] = [];

  at(state: number): Found {
    const values = this.#values;
    for (let last = values.length - 1; last >= 0; last--) {
      const held = values[last];
      if (held !== undefined && held.since <= state) return { present: true, value: held.value };
    }
    return ABSENT;
  }

  set(state: number, value: unknown): void {
    const values = this.#values;
    values.push({ since: state, value });
    const oldest = state - WINDOW + 1;
    while (values[1] !== undefined && values[1].since <= oldest) values.shift();
  }
}

const ABSENT: Found = { present: false, value: undefined };
