/**
 * Planted bugs that show only when messages are lost, late or duplicated, or when nodes restart, over a counter that
 * survives all of that.
 */
import { CounterError } from '../../src/counter/counter.ts';
import { type MutantKind, PlainCounter } from './plain.ts';

/** How long a request may take: less than a client waits. */
export const PATIENCE_MS = 4000;

/** Right under every fault, and slow: one add at a time, and every read reads every key. */
export class RetryingCounter extends PlainCounter {
  protected total: number | undefined;

  override add(delta: number): Promise<void> {
    const deadlineMs = this.clock.nowMs() + PATIENCE_MS;
    const added = this.enqueue(() => {
      if (this.clock.nowMs() < deadlineMs) return this.raise(delta);
      throw new CounterError('temporarily-unavailable', 'too late');
    });
    return this.inTime(added);
  }

  override read(): Promise<number> {
    return this.inTime(super.read());
  }

  /** Gives up before a client does: one that has gone must not be answered. */
  protected inTime<T>(work: Promise<T>): Promise<T> {
    const tooLate = new Promise<never>((_, reject) => {
      const timer = this.clock.after(PATIENCE_MS, () => reject(new CounterError('timeout', 'too late')));
      work.finally(() => timer.cancel()).catch(() => {});
    });
    return Promise.race([work, tooLate]);
  }

  protected override async raise(delta: number): Promise<void> {
    let from = this.total ?? (await this.learn());
    this.total = undefined;
    for (;;) {
      try {
        if (await this.swap(from, from + delta)) break;
        const found = await this.learn();
        if (found === from + delta) break;
        from = found;
      } catch (error) {
        if (error instanceof CounterError) throw error;
        const next = await this.afterTimeout(from);
        if (next === 'give up') return;
        from = next;
      }
    }
    this.total = from + delta;
  }

  protected async swap(from: number, to: number): Promise<boolean> {
    return (await this.store.compareAndSwap(this.key(this.nodeId), from, to, from === 0)) === 'ok';
  }

  /** Returns the value to expect in the key in the next attempt, after a swap from `from` got no reply. */
  protected async afterTimeout(from: number): Promise<number | 'give up'> {
    return from;
  }

  protected async learn(): Promise<number> {
    await this.barrier();
    return this.sum([this.key(this.nodeId)]);
  }

  protected override barrier(): Promise<void> {
    return this.retry(() => super.barrier());
  }

  protected override async sum(keys: readonly string[]): Promise<number> {
    const totals = await Promise.all(keys.map((key) => this.retry(() => super.sum([key]))));
    return totals.reduce((sum, total) => sum + total, 0);
  }

  protected async retry<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await attempt();
      } catch {
        await new Promise<void>((resolve) => this.clock.after(100, resolve));
      }
    }
  }
}

/** Takes silence for "it did not happen", and adds again on top of what it finds. */
class AddAgainOnTimeout extends RetryingCounter {
  protected override afterTimeout(): Promise<number> {
    return this.learn();
  }
}

/** Acknowledges an add whose swap got no reply, and forgets it. */
class DropOnTimeout extends RetryingCounter {
  protected override async afterTimeout(): Promise<'give up'> {
    return 'give up';
  }
}

/** Takes silence for "it will never happen", and reports so. */
class DefiniteErrorOnTimeout extends RetryingCounter {
  protected override async afterTimeout(): Promise<never> {
    throw new CounterError('abort', 'the store did not answer');
  }
}

/** Makes sure that its key exists, by writing 0. */
class WriteZeroAtStart extends RetryingCounter {
  #started: Promise<void> | undefined;

  protected override async learn(): Promise<number> {
    this.#started ??= this.retry(() => this.store.write(this.key(this.nodeId), 0));
    await this.#started;
    return super.learn();
  }
}

/** Numbers its barriers from 1 in every incarnation, so that some values have been written before. */
class RepeatBarriers extends RetryingCounter {
  #barriers = 0;

  protected override barrier(): Promise<void> {
    return this.retry(() => this.store.write(`barrier-${this.nodeId}`, ++this.#barriers));
  }
}

/** Acknowledges waiting adds along with the swap that is in flight. */
class AcknowledgeWaiting extends RetryingCounter {
  #running: Promise<void> | undefined;

  override add(delta: number): Promise<void> {
    const added = super.add(delta);
    const running = this.#running;
    if (running !== undefined) return Promise.race([running, added]);
    this.#running = added.finally(() => (this.#running = undefined));
    return this.#running;
  }
}

/** Every second read returns what the one before it found. */
class CacheReads extends RetryingCounter {
  #cached: number | undefined;

  override async read(): Promise<number> {
    const cached = this.#cached;
    this.#cached = cached === undefined ? await super.read() : undefined;
    return cached ?? this.#cached ?? 0;
  }
}

/** Takes any reply to a swap for the reply that it is waiting for. */
export class MisattributeLateAnswer extends RetryingCounter {
  #answer: ((ok: boolean) => void) | undefined;

  protected override swap(from: number, to: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#answer = resolve;
      const timer = this.clock.after(500, () => reject(new Error('timeout')));
      void super.swap(from, to).then(
        (ok) => {
          timer.cancel();
          this.#answer?.(ok);
        },
        () => {},
      );
    });
  }

  protected override async afterTimeout(from: number): Promise<never> {
    this.total = from;
    throw new CounterError('timeout', 'the store did not answer');
  }
}

/** For pn-counter: one total that rises and falls, so that a repeated swap can find its old value again. */
export class OneTotal extends RetryingCounter {
  protected override async swap(from: number, to: number): Promise<boolean> {
    return (await this.store.compareAndSwap(this.key(this.nodeId), from, to, true)) === 'ok';
  }
}

/** Adds up what replies to swaps confirm, including repeated ones, of which CountEveryReplyNode tells it. */
export class CountEveryReply extends RetryingCounter {
  #own: number | undefined;
  #latestDelta = 0;

  confirmedAgain(): void {
    if (this.#own !== undefined) this.#own += this.#latestDelta;
  }

  override async read(): Promise<number> {
    await this.barrier();
    const others = this.nodeIds.filter((id) => id !== this.nodeId).map((id) => this.key(id));
    const own = this.#own ?? (await this.sum([this.key(this.nodeId)]));
    return own + (await this.sum(others));
  }

  protected override async swap(from: number, to: number): Promise<boolean> {
    const ok = await super.swap(from, to);
    if (ok) {
      this.#own = to;
      this.#latestDelta = to - from;
    }
    return ok;
  }
}

export const retryingMutants: Readonly<Record<string, MutantKind>> = {
  'add-again-on-timeout': AddAgainOnTimeout,
  'drop-on-timeout': DropOnTimeout,
  'definite-error-on-timeout': DefiniteErrorOnTimeout,
  'write-zero-at-start': WriteZeroAtStart,
  'repeat-barriers': RepeatBarriers,
  'acknowledge-waiting': AcknowledgeWaiting,
  'cache-reads': CacheReads,
};
