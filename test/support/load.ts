import { parseJson } from '../../src/runtime/json.ts';
import { Connection, ConnectionClosed, requestText } from './connection.ts';
import { listFrom, numberFrom, objectFrom } from './json.ts';

/** What clients have asked a counter for, and what of that has been answered. */
export interface Tally {
  asked: number;
  answered: number;
}

/** The tallies of all counters that clients have incremented. */
export class Ledger {
  readonly tallies = new Map<string, Tally>();
  /** How many increments have been answered. */
  answers = 0;
  /** Called after each answer. */
  onAnswer: () => void = () => {};

  ask(key: string, amount: number): void {
    this.#of(key).asked += amount;
  }

  answer(key: string, amount: number): void {
    this.#of(key).answered += amount;
    this.answers++;
    this.onAnswer();
  }

  /** Resolves after so many more answers. */
  more(answers: number): Promise<void> {
    const enough = this.answers + answers;
    return new Promise((resolve) => {
      this.onAnswer = () => {
        if (this.answers >= enough) resolve();
      };
    });
  }

  #of(key: string): Tally {
    let tally = this.tallies.get(key);
    if (tally === undefined) {
      tally = { asked: 0, answered: 0 };
      this.tallies.set(key, tally);
    }
    return tally;
  }
}

const below = (limit: number): number => Math.floor(Math.random() * limit);

interface Wish {
  readonly increments: readonly { readonly key: string; readonly amount: number }[];
  readonly request: string;
}

/** A client that sends one request after the other for as long as the server is there; one in three is a batch. */
export class Client {
  readonly #name: string;
  readonly #keys: readonly string[];
  readonly #ledger: Ledger;
  readonly #isIdempotent: boolean;
  #wishes = 0;
  /** Was not answered: nobody knows whether it counts. */
  #open: Wish | undefined;
  #answered: { readonly wish: Wish; readonly body: string } | undefined;

  /** Sends its increments again until they are answered where it is idempotent. Else a lost answer is lost. */
  constructor(name: string, keys: readonly string[], ledger: Ledger, isIdempotent: boolean) {
    this.#name = name;
    this.#keys = keys;
    this.#ledger = ledger;
    this.#isIdempotent = isIdempotent;
  }

  /** Resolves when the server has gone away, or after `most` increments. */
  async run(port: number, most = Infinity): Promise<void> {
    try {
      const connection = await Connection.open(port);
      if (this.#isIdempotent) await this.#sendAgain(connection);
      for (let sent = 0; sent < most; sent++) await this.#send(connection, this.#next());
      connection.close();
    } catch (error) {
      if (!(error instanceof ConnectionClosed)) throw error;
    }
  }

  #next(): Wish {
    const count = below(3) === 0 ? 1 + below(6) : 0;
    const increments = Array.from({ length: Math.max(1, count) }, () => ({
      key: this.#keys[below(this.#keys.length)] ?? '',
      amount: 1 + below(9),
    }));
    const headers = this.#isIdempotent ? { 'idempotency-key': `${this.#name}-${this.#wishes++}` } : {};
    for (const { key, amount } of increments) this.#ledger.ask(key, amount);
    const [{ key, amount } = { key: '', amount: 1 }] = increments;
    const [path, body] =
      count === 0 ? [`/counter/incr/${key}`, { amount }] : ['/counters/incr', { increments }];
    return { increments, request: requestText('POST', path, headers, JSON.stringify(body)) };
  }

  async #send(connection: Connection, wish: Wish): Promise<void> {
    this.#open = wish;
    const body = await this.#ask(connection, wish);
    this.#open = undefined;
    this.#answered = { wish, body };
    for (const { key, amount } of wish.increments) this.#ledger.answer(key, amount);
  }

  async #sendAgain(connection: Connection): Promise<void> {
    if (this.#answered !== undefined) {
      const { wish, body } = this.#answered;
      const again = await this.#ask(connection, wish);
      if (again !== body) throw new Error(`answered ${body} before and ${again} now`);
    }
    if (this.#open !== undefined) await this.#send(connection, this.#open);
  }

  async #ask(connection: Connection, { request, increments }: Wish): Promise<string> {
    const { status, body } = await connection.ask(request);
    if (status !== 200) throw new Error(`status ${status}: ${body}`);
    const json = objectFrom(parseJson(body));
    const values = listFrom(json['results'] ?? [json]).map((result) =>
      numberFrom(objectFrom(result)['new_value']),
    );
    const isEnough = increments.every(({ amount }, index) => (values[index] ?? 0) >= amount);
    if (!isEnough || values.length !== increments.length) throw new Error(`too little: ${body}`);
    return body;
  }
}
