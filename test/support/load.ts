import { parseJson } from '../../src/runtime/json.ts';
import { Connection, ConnectionClosed, requestText } from './connection.ts';
import { numberFrom, objectFrom } from './json.ts';

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
  readonly key: string;
  readonly amount: number;
  readonly request: string;
}

/** A client that sends one increment after the other for as long as the server is there. */
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
    const key = this.#keys[below(this.#keys.length)] ?? '';
    const amount = 1 + below(9);
    const headers = this.#isIdempotent ? { 'idempotency-key': `${this.#name}-${this.#wishes++}` } : {};
    this.#ledger.ask(key, amount);
    return {
      key,
      amount,
      request: requestText('POST', `/counter/incr/${key}`, headers, `{"amount":${amount}}`),
    };
  }

  async #send(connection: Connection, wish: Wish): Promise<void> {
    this.#open = wish;
    const body = await this.#ask(connection, wish);
    this.#open = undefined;
    this.#answered = { wish, body };
    this.#ledger.answer(wish.key, wish.amount);
  }

  async #sendAgain(connection: Connection): Promise<void> {
    if (this.#answered !== undefined) {
      const { wish, body } = this.#answered;
      const again = await this.#ask(connection, wish);
      if (again !== body) throw new Error(`answered ${body} before and ${again} now`);
    }
    if (this.#open !== undefined) await this.#send(connection, this.#open);
  }

  async #ask(connection: Connection, { request, amount }: Wish): Promise<string> {
    const { status, body } = await connection.ask(request);
    if (status !== 200) throw new Error(`status ${status}: ${body}`);
    if (numberFrom(objectFrom(parseJson(body))['new_value']) < amount) throw new Error(`too little: ${body}`);
    return body;
  }
}
