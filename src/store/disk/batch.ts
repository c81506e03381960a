import type { Answer } from '../idempotency.ts';
import type { Identity } from '../../crdt/replica-id.ts';
import type { CounterState } from '../../crdt/counter-state.ts';
import type { LogRecord } from './record.ts';

/** What is written to the log together and takes effect together. */
export class Batch implements LogRecord {
  /** Counters as they will be. */
  readonly states = new Map<string, CounterState>();
  /** What of them changes. */
  readonly totals = new Map<string, Map<string, number>>();
  readonly answers = new Map<string, Answer>();
  /** Set where the server becomes another suffix. */
  identity?: Identity;
  /** How many increments it has. */
  increments = 0;
  /** Resolves when the batch is on the disk; rejects when nobody knows whether it is. */
  readonly stored: Promise<void>;
  resolve: () => void = () => {};
  reject: (reason: Error) => void = () => {};

  constructor() {
    this.stored = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Whoever waits is told. That nobody waits any more is no error.
    this.stored.catch(() => {});
  }

  /** Replaces the state of a counter by one that has changed in these totals. */
  set(key: string, state: CounterState, changes: Iterable<readonly [name: string, total: number]>): void {
    this.states.set(key, state);
    const totals = this.totals.get(key);
    if (totals === undefined) this.totals.set(key, new Map(changes));
    else for (const [name, total] of changes) totals.set(name, total);
  }
}
