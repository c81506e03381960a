/**
 * Carries increments to servers, exactly once. What is called within a few milliseconds goes into one batch, and a batch is
 * repeated under its idempotency key until its outcome is known.
 *
 * The rule that keeps it exact: a batch that was ever sent stays with its server, whatever that has answered, unless all
 * servers on the same store know its key. A request may come twice, so even a refusal for now does not prove that it will not
 * count. Only what was never sent goes to another server. When the first attempt may be forgotten there, it gives up.
 */
import { Batch, type Call, type Entry, MAX_ENTRIES, addTo, entryOf, takeFrom } from './batch.ts';
import { CounterError } from './counter-error.ts';
import { type Answer, type Endpoint, backoffMs } from './endpoint.ts';
import { listFrom, membersOf } from './json.ts';
import type { Pool } from './pool.ts';

/** How long calls are collected. It also bounds how many idempotency keys a server has to remember. */
const LINGER_MS = 3;
/** How many batches are under way to a server at a time. What comes meanwhile is summed. */
const MAX_BATCHES = 4;
/**
 * The longest body that the browser is asked to deliver even if the page goes. It does that for 64 KiB at a time, which is
 * enough for MAX_BATCHES of these, at three bytes a character.
 */
const MAX_KEEPALIVE_CHARS = 5000;

export class Sender {
  readonly #pool: Pool;
  readonly #maxWaiting: number;
  readonly #clientId: string;
  readonly #ignorePage: () => void;
  /** What is not in a batch yet, by key, in the order of the first calls. */
  readonly #unsent = new Map<string, Entry>();
  /** The same, in groups that each make a batch. */
  readonly #groups: Entry[][] = [];
  readonly #onIdle: (() => void)[] = [];
  /** How many batches there have been. */
  #batches = 0;
  /** How many calls are not settled. */
  #waiting = 0;
  #isLingering = false;
  /** Whether the page is about to go. What its own listeners still call must not wait for a timer. */
  #isLeaving = false;
  #isRechecking = false;

  constructor(pool: Pool, maxWaiting: number) {
    this.#pool = pool;
    this.#maxWaiting = maxWaiting;
    this.#clientId = pool.platform.uniqueId();
    this.#ignorePage = pool.platform.onPageHide(() => {
      this.#isLeaving = true;
      // Timers stand still until the page comes back, if it does.
      pool.platform.after(0, () => (this.#isLeaving = false));
      pool.wake();
      this.#pump(true);
    });
  }

  /** Resolves with the value of the counter after the batch with this call. Rejects with a CounterError or the signal's reason. */
  increment(key: string, amount: number, signal?: AbortSignal): Promise<number> {
    return new Promise((resolve, reject) => {
      if (!Number.isSafeInteger(amount) || amount < 1) {
        throw new CounterError('invalid_amount', 'the amount must be a whole number from 1');
      }
      signal?.throwIfAborted();
      if (this.#isClosed) throw new CounterError('closed', 'the client is closed');
      if (this.#waiting >= this.#maxWaiting) {
        throw new CounterError('too_many_waiting', `${this.#waiting} increments wait`);
      }
      const call: Call = { amount, resolve, reject };
      this.#add(key, call);
      if (signal !== undefined) this.#abortAt(signal, call);
      this.#pumpSoon();
    });
  }

  /** Sends what waits. Resolves when the pool is closed and the outcome of all is known. */
  flush(): Promise<void> {
    this.#pump();
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
      this.#settle(0);
    });
  }

  get #isClosed(): boolean {
    return this.#pool.closing.signal.aborted;
  }

  get #hasUnsent(): boolean {
    return this.#unsent.size + this.#groups.length > 0;
  }

  #add(key: string, call: Call): void {
    this.#waiting++;
    let entry = this.#unsent.get(key);
    if (entry !== undefined && entry.amount + call.amount > Number.MAX_SAFE_INTEGER) {
      this.#groups.push([entry]);
      entry = undefined;
    }
    if (entry === undefined) this.#unsent.set(key, (entry = entryOf(key)));
    addTo(entry, call);
  }

  #abortAt(signal: AbortSignal, call: Call): void {
    const abort = (): void => {
      const { reason: cause } = signal;
      const { entry } = call;
      if (entry === undefined || entry.isSent) {
        call.reject(new CounterError('unknown', 'aborted after it was sent: it may count', { cause }));
        return;
      }
      takeFrom(entry, call);
      if (entry.calls.length === 0 && this.#unsent.get(entry.key) === entry) this.#unsent.delete(entry.key);
      call.reject(cause);
      this.#settle(1);
    };
    signal.addEventListener('abort', abort);
    call.forget = () => signal.removeEventListener('abort', abort);
  }

  #pumpSoon(): void {
    if (this.#isLeaving) return this.#pump(true);
    if (this.#isLingering) return;
    this.#isLingering = true;
    this.#pool.platform.after(LINGER_MS, () => {
      this.#isLingering = false;
      this.#pump();
    });
  }

  /** Sends what can be sent; and all of it if the page goes. */
  #pump(isLast = false): void {
    while (this.#hasUnsent) {
      const endpoint = this.#pool.choose() ?? (isLast ? this.#pool.inTurn[0] : undefined);
      if (endpoint === undefined) return this.#lookForServer();
      if (endpoint.batches >= MAX_BATCHES && !isLast) return;
      const entries = this.#nextEntries();
      if (entries.length > 0) void this.#deliver(this.#batchOf(entries), endpoint);
    }
  }

  #nextEntries(): Entry[] {
    const group: Entry[] = this.#groups.shift() ?? [];
    if (group[0] === undefined) {
      for (const [key, entry] of this.#unsent) {
        group.push(entry);
        this.#unsent.delete(key);
        if (group.length === MAX_ENTRIES) break;
      }
    }
    return group.filter(({ calls }) => calls.length > 0);
  }

  /** Asks servers how they are, as soon as they may be asked. Rejects what waits if none of them will ever tell. */
  #lookForServer(): void {
    const { endpoints, platform } = this.#pool;
    const refusals = endpoints.flatMap(({ refusal }) => refusal ?? []);
    if (refusals[0] !== undefined && refusals.length === endpoints.length) {
      for (const endpoint of endpoints) endpoint.refusal = undefined;
      while (this.#hasUnsent) this.#reject(this.#batchOf(this.#nextEntries()), refusals[0]);
      return;
    }
    let waitMs = Infinity;
    for (const endpoint of endpoints) {
      if (endpoint.isBeingChecked) continue;
      const leftMs = endpoint.retryAtMs - platform.nowMs();
      if (leftMs <= 0) void endpoint.check().then(() => this.#pump());
      else waitMs = Math.min(waitMs, leftMs);
    }
    if (waitMs === Infinity || this.#isRechecking) return;
    this.#isRechecking = true;
    void this.#pool.sleep(waitMs).then(() => {
      this.#isRechecking = false;
      this.#pump();
    });
  }

  #batchOf(entries: readonly Entry[]): Batch {
    return new Batch(entries, `${this.#clientId}-${this.#batches++}`);
  }

  async #deliver(batch: Batch, first: Endpoint): Promise<void> {
    let endpoint = first;
    endpoint.batches++;
    for (;;) {
      const answer = await endpoint.send(batch, batch.body.length <= MAX_KEEPALIVE_CHARS);
      if (this.#isOver(batch, answer)) break;
      if (!(await this.#mayRepeat(batch, answer))) {
        const { error: cause } = answer;
        const text = 'the server may not remember it any more: it may count';
        const isKnown = cause !== undefined && !batch.isOpen;
        this.#reject(batch, isKnown ? cause : new CounterError('unknown', text, { cause }));
        break;
      }
      const { inTurn } = this.#pool;
      const other = inTurn.find((each) => each !== endpoint && each.isShared && each.isReady);
      if (!endpoint.isShared || other === undefined) continue;
      endpoint.batches--;
      endpoint = other;
      endpoint.batches++;
    }
    endpoint.batches--;
    this.#pumpSoon();
  }

  /** Settles the calls of a batch, if the answer to it tells their outcome. */
  #isOver(batch: Batch, answer: Answer): boolean {
    if (answer.is === 'done') {
      const values = valuesFrom(answer.json);
      if (values.length === batch.entries.length && values.every(Number.isSafeInteger)) {
        batch.resolve(values);
        this.#settle(batch.calls);
        return true;
      }
    }
    if (answer.is === 'open' || answer.is === 'done') batch.isOpen = true;
    // What a server refuses before it looks for the idempotency key, an earlier attempt may have been counted with.
    if (answer.is !== 'refused' || (batch.isOpen && answer.status !== CONFLICT)) return false;
    const halves = SPLIT.has(answer.status) ? batch.halves() : [];
    this.#groups.push(...halves);
    if (halves.length === 0) this.#reject(batch, answer.error);
    return true;
  }

  /** Resolves when a batch may be sent again: with whether its first attempt is still remembered then. */
  async #mayRepeat(batch: Batch, { retryAfterMs }: Answer): Promise<boolean> {
    const { platform } = this.#pool;
    const leftMs = (): number => batch.untilMs - platform.nowMs();
    const waitMs = Math.max(retryAfterMs, backoffMs(platform, ++batch.failures));
    await this.#pool.sleep(Math.min(waitMs, leftMs()));
    // The machine may have slept.
    return leftMs() > 0;
  }

  #reject(batch: Batch, error: CounterError): void {
    batch.reject(error);
    this.#settle(batch.calls);
  }

  #settle(calls: number): void {
    this.#waiting -= calls;
    if (!this.#isClosed || this.#waiting > 0) return;
    this.#ignorePage();
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}

/** The status of what the store refuses after it has looked for the idempotency key. */
const CONFLICT = 409;
/** The statuses of refusals for which one counter may be to blame, or their number. */
const SPLIT: ReadonlySet<number> = new Set([400, 403, CONFLICT, 413]);

/** The values in the answer to a batch. What is no number becomes NaN. */
const valuesFrom = (json: unknown): readonly number[] =>
  listFrom(membersOf(json)['results']).map((result) => Number(membersOf(result)['new_value']));
