/**
 * The clients of simulated servers on etcd. They ask any server, and repeat idempotent requests until there is an answer:
 * after a while, at another server, at two at once, and now and then once more after the answer.
 */
import type { Clock } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import { ApiError } from '../../store/api-error.ts';
import type { Counted, Store } from '../../store/store.ts';
import { type Streams, below, pick } from '../sim/random.ts';
import type { EtcdOperation, IncrementOperation, OtherOperation } from './history.ts';
import type { Host } from './host.ts';

/** Counters that are only incremented, one that is also raised, one whose slots are also merged, and one that is large. */
const PLAIN_KEYS = ['likes', 'views', 'plays'];
const RAISED_KEY = 'raised';
const MERGED_KEY = 'merged';
const LARGE_KEY = 'large';
export const KEYS: readonly string[] = [...PLAIN_KEYS, RAISED_KEY, MERGED_KEY, LARGE_KEY];

const MAX_AMOUNT = 5;
const MAX_TOTAL = 300;
const LARGE_AMOUNT = 2 ** 49;
/** How long a client waits for an answer before it asks again, at most. */
const MAX_RETRY_MS = 4000;
/** The share of answers to idempotent requests that are lost. */
const LOST_ANSWERS = 0.1;
/** The share of them that are sent again after the answer. */
const REPEATED = 0.2;

export interface ClientsOptions {
  readonly hosts: readonly Host[];
  readonly clock: Clock;
  readonly streams: Streams;
}

export class Clients {
  readonly operations: EtcdOperation[] = [];
  readonly problems: string[] = [];
  readonly #options: ClientsOptions;
  readonly #random: Random;
  #requests = 0;
  #claimed = 0;
  /** How many idempotent requests have no answer yet. */
  #open = 0;

  constructor(options: ClientsOptions) {
    this.#options = options;
    this.#random = options.streams('clients');
  }

  /** Whether each idempotent request has been answered. */
  get areContent(): boolean {
    return this.#open === 0;
  }

  /** Does something at random. */
  operate(): void {
    const random = this.#random;
    const choice = random.next();
    const amount = 1 + below(random, MAX_AMOUNT);
    const key = pick(random, PLAIN_KEYS);
    if (choice < 0.35) this.#incrementOnce([[key, amount]]);
    else if (choice < 0.45) this.#incrementOnce(PLAIN_KEYS.map((each) => [each, amount]));
    else if (choice < 0.58) void this.#incrementUnkeyed(this.#anyHost(), key, amount);
    else if (choice < 0.87) this.#read(pick(random, KEYS));
    else if (choice < 0.9) void this.#change(RAISED_KEY, 'raise', 1 + below(random, MAX_TOTAL), '');
    else if (choice < 0.95) this.#incrementOnce([[pick(random, [RAISED_KEY, MERGED_KEY]), amount]]);
    else if (choice < 0.98) void this.#change(MERGED_KEY, 'merge', 1 + below(random, MAX_TOTAL), 'elsewhere');
    else if (choice < 0.985) void this.#claimMore(this.#anyHost());
    else this.#incrementOnce([[LARGE_KEY, LARGE_AMOUNT + amount]]);
  }

  /** Merges more than a server's slot holds, which it has to let go then, and has it count on. */
  async #claimMore(holder: Host): Promise<void> {
    const slot = await this.#incrementUnkeyed(holder, MERGED_KEY, 1);
    this.#claimed += MAX_TOTAL;
    await this.#change(MERGED_KEY, 'merge', this.#claimed, slot);
    await this.#incrementUnkeyed(holder, MERGED_KEY, 1);
  }

  /** Increments under an idempotency key until there is an answer. */
  #incrementOnce(entries: readonly (readonly [key: string, amount: number])[]): void {
    const random = this.#random;
    const operations = this.#invoke(entries);
    const id = `request ${this.#requests++}`;
    const increments = entries.map(([key, amount]) => ({ key, amount }));
    const idempotency = { id, fingerprint: JSON.stringify(entries) };
    let answer: Counted | undefined;
    let isOver = false;
    this.#open++;
    const end = (): void => {
      if (!isOver) this.#open--;
      isOver = true;
    };
    const answered = (counted: Counted): void => {
      if (answer !== undefined && text(answer) !== text(counted)) {
        this.problems.push(`${id} was answered with ${text(answer)} and with ${text(counted)}`);
      }
      if (isOver) return;
      answer ??= counted;
      end();
      for (const [index, operation] of operations.entries()) this.#answer(operation, counted.values[index]);
      if (random.next() < REPEATED) this.#options.clock.after(random.next() * MAX_RETRY_MS, ask);
    };
    const refused = (error: unknown): void => {
      if (codeOf(error) !== 'overflow' || isOver) return;
      for (const operation of operations) operation.isRefused = true;
      end();
    };
    const ask = (): void =>
      this.#anyHost().whenServing((store) => {
        const isLost = random.next() < LOST_ANSWERS;
        store.increment(increments, idempotency).then((counted) => {
          if (!isLost) answered(counted);
        }, refused);
      });
    const attempt = (): void => {
      if (isOver) return;
      ask();
      if (random.next() < 0.3) ask();
      this.#options.clock.after(random.next() * MAX_RETRY_MS, attempt);
    };
    attempt();
  }

  /**
   * Increments without an idempotency key: nobody knows about what is not answered. Resolves with the slot if it is.
   */
  #incrementUnkeyed(host: Host, key: string, amount: number): Promise<string> {
    return new Promise((resolve) => {
      host.whenServing((store) => {
        for (const operation of this.#invoke([[key, amount]])) {
          store.increment([{ key, amount }]).then(
            ({ nodeId, values }) => {
              this.#answer(operation, values[0]);
              resolve(nodeId);
            },
            (error: unknown) => (operation.isRefused = codeOf(error) !== 'unknown_outcome'),
          );
        }
      });
    });
  }

  #read(key: string): void {
    void this.#other({ key, f: 'read', total: 0, name: '' }, async (store) => (await store.read(key)).value);
  }

  #change(key: string, f: 'merge' | 'raise', total: number, name: string): Promise<void> {
    return this.#other({ key, f, total, name }, async (store) =>
      f === 'raise' ? store.raiseTo(key, total) : (await store.merge(key, new Map([[name, total]]))).value,
    );
  }

  #other(
    what: Pick<OtherOperation, 'key' | 'f' | 'total' | 'name'>,
    ask: (store: Store) => Promise<number>,
  ): Promise<void> {
    return new Promise((resolve) => {
      this.#anyHost().whenServing((store) => {
        const invokedMs = this.#options.clock.nowMs();
        const operation: OtherOperation = { ...what, invokedMs, answeredMs: undefined, value: undefined };
        this.operations.push(operation);
        ask(store).then(
          (value) => {
            this.#answer(operation, value);
            resolve();
          },
          (error: unknown) => void codeOf(error),
        );
      });
    });
  }

  #invoke(entries: readonly (readonly [key: string, amount: number])[]): IncrementOperation[] {
    const invokedMs = this.#options.clock.nowMs();
    const operations = entries.map(([key, amount]): IncrementOperation => ({
      f: 'increment',
      key,
      amount,
      invokedMs,
      answeredMs: undefined,
      value: undefined,
      isRefused: false,
    }));
    this.operations.push(...operations);
    return operations;
  }

  #answer(operation: EtcdOperation, value: number | undefined): void {
    operation.answeredMs = this.#options.clock.nowMs();
    operation.value = value;
  }

  #anyHost(): Host {
    return pick(this.#random, this.#options.hosts);
  }
}

const text = ({ nodeId, values }: Counted): string => `${values.join(', ')} by ${nodeId}`;

/** Anything but an ApiError is a bug. */
function codeOf(error: unknown): string {
  if (error instanceof ApiError) return error.code;
  throw error;
}
