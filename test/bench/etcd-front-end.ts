/** A front end in a process of its own: a store, and the requests to it. Its parent tells it what to measure. */
import { type ChildProcess, fork } from 'node:child_process';
import { Gateway } from '../../src/store/etcd/gateway.ts';
import { type Figures, closedLoop } from './closed-loop.ts';
import { anyOf, openStore } from './etcd-stores.ts';

export interface FrontEndLoad {
  readonly counters: number;
  /** How many counters each request increments. */
  readonly batch: number;
  readonly atOnce: number;
  readonly durationMs: number;
}

/** The argument that makes this program a front end. */
export const FRONT_END = 'front-end';

/** What a front end does: figures for each load that it is sent. */
export async function runFrontEnd(prefix: string, endpoints: readonly string[]): Promise<void> {
  const gateway = new Gateway({});
  const store = await openStore(gateway, endpoints, prefix);
  process.on('message', (load: FrontEndLoad) => {
    const { counters, batch } = load;
    const request = (): Promise<unknown> => {
      const keys = new Set<string>();
      while (keys.size < batch) keys.add(anyOf(counters));
      return store.increment([...keys].map((key) => ({ key, amount: 1 })));
    };
    void closedLoop({ ...load, pids: [], request }).then((figures) => process.send?.(figures));
  });
  process.on('disconnect', () => void store.close().then(() => gateway.close()));
  process.send?.('ready');
}

/** The parent's side of a front end. */
export class FrontEnd {
  readonly #child: ChildProcess;

  static async start(prefix: string, endpoints: readonly string[]): Promise<FrontEnd> {
    const frontEnd = new FrontEnd(fork(process.argv[1] ?? '', [FRONT_END, prefix, ...endpoints]));
    await frontEnd.#next();
    return frontEnd;
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  async measure(load: FrontEndLoad): Promise<Figures> {
    const figures = this.#next<Figures>();
    this.#child.send(load);
    return figures;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await ended;
  }

  #next<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error('a front end has ended'));
      this.#child.once('exit', onExit);
      this.#child.once('message', (message: T) => {
        this.#child.off('exit', onExit);
        resolve(message);
      });
    });
  }
}
