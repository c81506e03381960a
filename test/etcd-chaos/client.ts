/**
 * A client of all front ends. Each of its increments has an idempotency key and is sent to one front end after another until
 * there is an answer; some go to two at the same moment, and some are sent again when they have been answered. A few have no
 * key, on counters of their own: they are sent once, and if nothing tells whether they count, either will do.
 */
import { setTimeout as pass } from 'node:timers/promises';
import { parseJson } from '../../src/runtime/json.ts';
import type { Random } from '../../src/runtime/random.ts';
import { below, pick } from '../../src/workbench/sim/random.ts';
import { listFrom, numberFrom, objectFrom } from '../support/json.ts';
import { type Answer, type Question, ask } from './ask.ts';
import type { Figures } from './figures.ts';
import type { FrontEnd } from './front-end.ts';
import { type Increment, type Ledger, Violation } from './ledger.ts';

/** Counters of increments with idempotency keys, and of those without. */
export const KEYS: readonly string[] = Array.from({ length: 20 }, (_, n) => `counter-${n}`);
export const PLAIN_KEYS: readonly string[] = Array.from({ length: 5 }, (_, n) => `plain-${n}`);
const ALL_KEYS = [...KEYS, ...PLAIN_KEYS];
const MAX_BATCH = 20;
const MAX_REST_MS = 50;
/** Before the next front end is asked. */
const MAX_PAUSE_MS = 200;
/** Most clients have little patience; a few wait longer than a front end lets them. */
const TIMEOUTS_MS = [2000, 2000, 2000, 2000, 12_000];

interface Answered {
  readonly question: Question;
  readonly body: string;
}

export class Client {
  readonly #name: string;
  readonly #frontEnds: readonly FrontEnd[];
  readonly #ledger: Ledger;
  readonly #figures: Figures;
  readonly #random: Random;
  #questions = 0;
  #answered: Answered | undefined;

  constructor(
    name: string,
    frontEnds: readonly FrontEnd[],
    ledger: Ledger,
    figures: Figures,
    random: Random,
  ) {
    this.#name = name;
    this.#frontEnds = frontEnds;
    this.#ledger = ledger;
    this.#figures = figures;
    this.#random = random;
  }

  /** Counts and reads until it is told to stop, and has all its answers. Rejects with a Violation. */
  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const kind = this.#random.next();
      if (kind < 0.3) await this.#read(pick(this.#random, ALL_KEYS));
      else if (kind < 0.35) await this.#askAgain();
      else if (kind < 0.5) await this.#incrementPlainly();
      else await this.#increment(kind < 0.65);
      await pass(below(this.#random, MAX_REST_MS));
    }
    await this.#askAgain();
  }

  async #read(key: string): Promise<void> {
    const startMs = performance.now();
    const question: Question = { method: 'GET', path: `/counter/${key}` };
    for (;;) {
      // Each attempt is a read of its own.
      const least = this.#ledger.least(key);
      const { status, body } = await this.#attempt(question);
      if (status !== 200) continue;
      this.#judge(question, body, () =>
        this.#ledger.show(key, least, numberFrom(objectFrom(parseJson(body))['value'])),
      );
      return this.#figures.read(performance.now() - startMs);
    }
  }

  async #increment(isBatch: boolean): Promise<void> {
    const count = isBatch ? 1 + below(this.#random, MAX_BATCH) : 1;
    const increments = Array.from({ length: count }, (): Increment => {
      const amount = 1 + below(this.#random, 9);
      return { key: pick(this.#random, KEYS), amount };
    });
    const question = this.#questionOf(increments, isBatch);
    const isSentTwice = this.#random.next() < 0.1;
    const startMs = performance.now();
    const least = this.#ledger.ask(increments);
    let first: string | undefined;
    const acknowledge = (body: string): void => {
      if (first === undefined) {
        first = body;
        this.#judge(question, body, () =>
          this.#ledger.acknowledge(increments, least, valuesFrom(body, increments.length)),
        );
        this.#figures.acknowledged(performance.now() - startMs);
      } else this.#compare({ question, body: first }, body);
    };
    const send = async (): Promise<void> => acknowledge(await this.#untilAnswered(question));
    await Promise.all(isSentTwice ? [send(), send()] : [send()]);
    if (isSentTwice) this.#figures.count('sent to two front ends at once');
    this.#answered = { question, body: first ?? '' };
  }

  async #incrementPlainly(): Promise<void> {
    const increments = [{ key: pick(this.#random, PLAIN_KEYS), amount: 1 + below(this.#random, 9) }];
    const { headers: _, ...question } = this.#questionOf(increments, false);
    const startMs = performance.now();
    const least = this.#ledger.ask(increments);
    const answer = await this.#attempt(question);
    if (answer.status === 200) {
      this.#judge(question, answer.body, () =>
        this.#ledger.acknowledge(increments, least, valuesFrom(answer.body, 1)),
      );
      this.#figures.acknowledged(performance.now() - startMs);
    } else if (doesNotCount(answer)) this.#ledger.withdraw(increments);
    else this.#figures.count('not known whether it counts');
  }

  #questionOf(increments: readonly Increment[], isBatch: boolean): Question {
    const headers = { 'idempotency-key': `${this.#name}-${this.#questions++}` };
    const [{ key, amount } = { key: '', amount: 0 }] = increments;
    return isBatch
      ? { method: 'POST', path: '/counters/incr', headers, body: JSON.stringify({ increments }) }
      : { method: 'POST', path: `/counter/incr/${key}`, headers, body: JSON.stringify({ amount }) };
  }

  async #askAgain(): Promise<void> {
    const before = this.#answered;
    if (before === undefined) return;
    this.#compare(before, await this.#untilAnswered(before.question));
    this.#figures.count('asked again after the answer');
  }

  #compare({ question, body }: Answered, again: string): void {
    if (again !== body)
      throw new Violation(`${textOf(question)} was answered\n${body}\nbefore, and now\n${again}`);
  }

  /** Adds to a Violation what was asked and answered. */
  #judge(question: Question, body: string, check: () => void): void {
    try {
      check();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new Violation(`${error.message}: ${textOf(question)} was answered\n${body}`, { cause: error });
    }
  }

  async #untilAnswered(question: Question): Promise<string> {
    for (;;) {
      const { status, body } = await this.#attempt(question);
      if (status === 200) return body;
    }
  }

  /** The answer of a front end. Pauses if it gives none for the time being. */
  async #attempt(question: Question): Promise<Answer> {
    const { port } = pick(this.#random, this.#frontEnds);
    const answer = await ask(port, question, pick(this.#random, TIMEOUTS_MS));
    const { status, body } = answer;
    if (status === 200) return answer;
    if (status !== 0 && status !== 429 && status !== 503)
      throw new Violation(`${textOf(question)} was answered with status ${status}: ${body}`);
    this.#figures.count(`not answered: ${codeOf(answer)}`);
    await pass(below(this.#random, MAX_PAUSE_MS));
    return answer;
  }
}

const codeOf = ({ body }: Answer): string => /"(?:code|status)":"([\w-]+)"/.exec(body)?.[1] ?? body;

/** Whether what was asked for definitely has no effect. */
const doesNotCount = (answer: Answer): boolean =>
  answer.status === 0 ? answer.body === 'connect ECONNREFUSED' : codeOf(answer) !== 'unknown_outcome';

const textOf = ({ method, path, headers, body = '' }: Question): string =>
  `${method} ${path} ${JSON.stringify(headers ?? {})} ${body}`;

function valuesFrom(body: string, count: number): number[] {
  const json = objectFrom(parseJson(body));
  const values = listFrom(json['results'] ?? [json]).map((result) =>
    numberFrom(objectFrom(result)['new_value']),
  );
  if (values.length !== count) throw new Violation(`${count} values are missing`);
  return values;
}
