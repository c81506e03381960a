/**
 * A watcher of one simulated server: asks for changes again and again, as the server's stream does, and keeps what it is
 * told. In the end it has to know everything.
 */
import type { Clock } from '../../runtime/clock.ts';
import { ApiError } from '../../store/api-error.ts';
import type { NamedCounter } from '../../store/store.ts';
import type { Process } from './host.ts';

const POLL_MS = 200;
const MOST = 100;

export class Watcher {
  readonly values = new Map<string, number>();
  readonly #process: Process;
  #position: number | undefined;

  constructor(process: Process) {
    this.#process = process;
    void this.#run(process.clock);
  }

  async #run(clock: Clock): Promise<void> {
    for (;;) {
      await this.#poll().catch((error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
      });
      await new Promise<void>((resolve) => void clock.after(POLL_MS, resolve));
    }
  }

  async #poll(): Promise<void> {
    const { store } = this.#process;
    const { counters, position } = await store.changesAfter(this.#position, '', MOST);
    if (counters === undefined) this.#learn(await store.list('', undefined, MOST));
    else this.#learn(counters);
    this.#position = position;
  }

  #learn(counters: readonly NamedCounter[]): void {
    for (const { key, value } of counters) this.values.set(key, Math.max(value, this.values.get(key) ?? 0));
  }
}
