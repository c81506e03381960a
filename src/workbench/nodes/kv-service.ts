/**
 * Maelstrom's key-value services `lin-kv` and `seq-kv`: a pure function from a state and a request to a state and a reply,
 * and two consistency models around it, as in `maelstrom.service` of Maelstrom's source.
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

type State = ReadonlyMap<unknown, unknown>;
/** `state` is the same object as before if nothing has changed. */
type Step = { readonly state: State; readonly reply: OutgoingBody };

/** One operation on one state. Writing what is there already changes nothing. */
function step(state: State, request: Body): Step | undefined {
  const key = mapKey(request['key']);
  const present = state.has(key);
  const found = state.get(key);
  const put = (value: unknown): State =>
    present && isEqual(found, value) ? state : new Map(state).set(key, value);
  switch (request['type']) {
    case 'read':
      return present
        ? { state, reply: { type: 'read_ok', value: found } }
        : { state, reply: keyError.missing() };
    case 'write':
      return { state: put(request['value']), reply: { type: 'write_ok' } };
    case 'cas':
      if (!present && !isTruthy(request['create_if_not_exists'])) {
        return { state, reply: keyError.missing() };
      }
      if (present && !isEqual(found, request['from'])) {
        return { state, reply: keyError.different(found, request['from']) };
      }
      return { state: put(request['to']), reply: { type: 'cas_ok' } };
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
  #state: State = new Map();

  handle(_client: string, request: Body): OutgoingBody | undefined {
    const done = step(this.#state, request);
    if (done !== undefined) this.#state = done.state;
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
  /** The last states, the latest at the end. */
  readonly #states: State[] = [new Map()];
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
    const state = this.#stateAt(index);
    const past = step(state, request);
    if (past === undefined) return undefined;
    if (past.state === state) {
      this.#seen.set(client, index);
      return past.reply;
    }
    const present = step(this.#stateAt(this.#latest), request);
    if (present === undefined) return undefined;
    this.#states.push(present.state);
    if (this.#states.length > WINDOW) this.#states.shift();
    this.#seen.set(client, ++this.#latest);
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
  #stateAt(index: number): State {
    const state = this.#states.at(-1 - ((this.#latest - index) % WINDOW));
    if (state === undefined) throw new Error(`no state ${index} of ${this.#latest}`);
    return state;
  }
}
