/**
 * Where clients are tried: real servers, each behind a proxy that loses answers and doubles requests, which can be killed one
 * after the other.
 */
import { setTimeout as pass } from 'node:timers/promises';
import { CounterClient } from '../../src/client/client.ts';
import { streams } from '../../src/workbench/sim/random.ts';
import { EtcdProcess } from './etcd-process.ts';
import { LossyProxy } from './lossy-proxy.ts';
import { type ServerProcess, startServer } from './server-process.ts';
import { addressOf, freePort } from './servers.ts';

/** On one disk; a cluster of three; or two servers on etcd. */
export type Kind = 'one server' | 'a cluster of three' | 'two servers on etcd';

const SERVERS: Readonly<Record<Kind, number>> = {
  'one server': 1,
  'a cluster of three': 3,
  'two servers on etcd': 2,
};

/** Until a server counts as one that will never know what another has counted. */
const PATIENCE_MS = 120_000;
const POLL_MS = 20;

const LOSS = { lost: 0.05, doubled: 0.05 };

export class ClientSite {
  readonly proxies: readonly LossyProxy[];
  readonly #clients: CounterClient[] = [];
  readonly #servers: ServerProcess[];
  readonly #etcd: EtcdProcess | undefined;
  #kills = 0;

  static async open(kind: Kind, seed: number): Promise<ClientSite> {
    const etcd = kind === 'two servers on etcd' ? await EtcdProcess.start() : undefined;
    const ports: number[] = [];
    while (ports.length < SERVERS[kind]) ports.push(await freePort());
    const servers = await Promise.all(
      ports.map((port, index) => {
        const usual = ['--port', `${port}`];
        if (etcd !== undefined) {
          return startServer({ isBare: true, args: [...usual, '--store', `etcd://${etcd.endpoint}/client`] });
        }
        const peers = ports.filter((other) => other !== port).map((other) => `127.0.0.1:${other}`);
        const joined = peers.length === 0 ? [] : ['--peers', peers.join()];
        return startServer({ args: [...usual, '--node-id', `node-${index + 1}`, ...joined] });
      }),
    );
    const proxies = await Promise.all(
      servers.map(async (server, index) => {
        const proxy = await LossyProxy.open(streams(seed)(`proxy ${index}`), LOSS);
        proxy.leadTo(server.port);
        return proxy;
      }),
    );
    return new ClientSite(servers, proxies, etcd);
  }

  private constructor(
    servers: ServerProcess[],
    proxies: readonly LossyProxy[],
    etcd: EtcdProcess | undefined,
  ) {
    this.#servers = servers;
    this.proxies = proxies;
    this.#etcd = etcd;
  }

  /** A client that knows all servers, beginning with another one each time. */
  client(): CounterClient {
    const urls = this.proxies.map(({ url }) => url);
    const first = this.#clients.length % urls.length;
    const client = new CounterClient({ endpoints: [...urls.slice(first), ...urls.slice(0, first)] });
    this.#clients.push(client);
    return client;
  }

  /** Kills the next server in turn, and starts it again. */
  async kill(): Promise<void> {
    const index = this.#kills++ % this.#servers.length;
    const [server, proxy] = [this.#servers[index], this.proxies[index]];
    if (server === undefined || proxy === undefined) throw new Error('there is no server');
    proxy.leadTo(undefined);
    await server.kill('SIGKILL');
    const again = await server.restart();
    this.#servers[index] = again;
    proxy.leadTo(again.port);
  }

  /** Resolves when every server tells these values, which servers of a cluster do a little later. */
  async shows(values: ReadonlyMap<string, number>): Promise<void> {
    for (const server of this.#servers) {
      for (const [key, value] of values) {
        const untilMs = performance.now() + PATIENCE_MS;
        for (;;) {
          const shown = (await server.read(key)).value;
          if (shown === value) break;
          if (shown > value || performance.now() > untilMs) {
            throw new Error(`${key} is ${shown} at ${addressOf(server)}, not ${value}`);
          }
          await pass(POLL_MS);
        }
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    for (const proxy of this.proxies) proxy.close();
    for (const server of this.#servers) await server.kill('SIGKILL');
    await this.#etcd?.stop();
  }
}
