import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { numberFrom, objectFrom } from './json.ts';
import {
  type HttpResponse,
  type ServerProcess,
  jsonOf,
  startServer,
  temporaryDirectory,
} from './server-process.ts';
import { Proxy } from './proxy.ts';

/** A server that crashes and runs again. Its peers reach it through a link, its clients directly. */
export class RestartingServer {
  readonly id: string;
  readonly link: Proxy;
  readonly #dataDir = join(temporaryDirectory(), 'data');
  #server: Promise<ServerProcess> | undefined;
  #requests = 0;
  #onIdle: () => void = () => {};

  private constructor(id: string, link: Proxy) {
    this.id = id;
    this.link = link;
  }

  /** Starts servers that know each other by their links. */
  static async openAll(ids: readonly string[]): Promise<readonly RestartingServer[]> {
    const servers = await Promise.all(ids.map(async (id) => new RestartingServer(id, await Proxy.open())));
    for (const server of servers) {
      const peers = servers.filter((other) => other !== server).map(({ link }) => link.address);
      server.#server = server.#start(peers.join());
    }
    await Promise.all(servers.map((server) => server.server));
    return servers;
  }

  /** The server that runs here, as soon as it serves. */
  get server(): Promise<ServerProcess> {
    if (this.#server === undefined) throw new Error('nothing runs here');
    return this.#server;
  }

  /** Kills the server, and starts it again after what is to happen in between. */
  async crash(between: () => Promise<void> = async () => {}): Promise<void> {
    const before = this.server;
    const comeBack = async (): Promise<ServerProcess> => {
      const server = await before;
      await server.kill('SIGKILL');
      this.link.leadTo(undefined);
      await between();
      const after = await server.restart();
      this.link.leadTo(after.port);
      return after;
    };
    this.#server = comeBack();
    await this.#server;
  }

  /** Crashes, and loses its disk. */
  loseDisk(): Promise<void> {
    return this.crash(async () => rmSync(this.#dataDir, { recursive: true }));
  }

  /** Adds to a counter, however often the server goes away meanwhile: it is counted once. */
  async add(key: string, amount: number, idempotencyKey: string): Promise<void> {
    this.#requests++;
    for (;;) {
      const server = await this.server;
      const answer = await server
        .post(`/counter/incr/${key}`, { amount }, { 'idempotency-key': idempotencyKey })
        .catch(() => undefined);
      if (answer !== undefined) {
        if (!isCounted(answer, amount)) throw new Error(`${this.id} says ${answer.status}: ${answer.body}`);
        break;
      }
      // It has been killed, and the next one to be waited for is there already.
    }
    if (--this.#requests === 0) this.#onIdle();
  }

  /** Resolves when no client waits for an answer. None may come meanwhile. */
  idle(): Promise<void> {
    if (this.#requests === 0) return Promise.resolve();
    return new Promise((resolve) => (this.#onIdle = resolve));
  }

  /** The value of each counter. */
  async values(keys: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const server = await this.server;
    const counters = await Promise.all(keys.map((key) => server.read(key)));
    return new Map(counters.map(({ key, value }) => [key, value]));
  }

  /** What this server holds of the totals under any name of a node, by counter and name. */
  async totalsOf(id: string, keys: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const server = await this.server;
    const counters = await Promise.all(keys.map((key) => server.read(key)));
    const totals = counters.flatMap(({ key, nodes }) =>
      [...nodes]
        .filter(([name]) => name.startsWith(`${id}~`))
        .map(([name, total]) => [`${key} ${name}`, total] as const),
    );
    return new Map(totals);
  }

  async #start(peers: string): Promise<ServerProcess> {
    const { address } = this.link;
    const args = ['--node-id', this.id, '--disable-discovery', '--advertise', address, '--peers', peers];
    const server = await startServer({ dataDir: this.#dataDir, args });
    this.link.leadTo(server.port);
    return server;
  }
}

const isCounted = (answer: HttpResponse, amount: number): boolean =>
  answer.status === 200 && numberFrom(objectFrom(jsonOf(answer))['new_value']) >= amount;
