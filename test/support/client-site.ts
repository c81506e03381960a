/**
 * Where clients are tried: real servers, each behind a proxy that loses answers and doubles requests, which can be killed one
 * after the other.
 */
import { setTimeout as pass } from 'node:timers/promises';
import { streams } from '../../src/workbench/sim/random.ts';
import { EtcdProcess, etcdSuffix, hasEtcd } from './etcd-process.ts';
import { LossyProxy } from './lossy-proxy.ts';
import { type Outside, TOKEN } from './outside.ts';
import { type ServerProcess, startServer } from './server-process.ts';
import { addressOf, freePort } from './servers.ts';

/** On one disk; a cluster of three; or two servers on etcd. */
export type Kind = 'one server' | 'a cluster of three' | 'two servers on etcd';

interface Setup {
  readonly servers: number;
  readonly canRun: boolean;
  /** What to add to the name of a test, to say why it is skipped. */
  readonly suffix: string;
}

export const setups: Readonly<Record<Kind, Setup>> = {
  'one server': { servers: 1, canRun: true, suffix: '' },
  'a cluster of three': { servers: 3, canRun: true, suffix: '' },
  'two servers on etcd': { servers: 2, canRun: hasEtcd, suffix: etcdSuffix },
};

export const kinds: readonly Kind[] = ['one server', 'a cluster of three', 'two servers on etcd'];

/** Until a server counts as one that will never know what another has counted. */
const PATIENCE_MS = 120_000;
const POLL_MS = 20;

const LOSS = { lost: 0.05, doubled: 0.05 };

export class ClientSite implements Outside {
  readonly proxies: readonly LossyProxy[];
  readonly #servers: ServerProcess[];
  readonly #etcd: EtcdProcess | undefined;
  #kills = 0;

  /** `origin` is that of pages that may use the servers. */
  static async open(kind: Kind, origin?: string): Promise<ClientSite> {
    const etcd = kind === 'two servers on etcd' ? await EtcdProcess.start() : undefined;
    const ports: number[] = [];
    while (ports.length < setups[kind].servers) ports.push(await freePort());
    const env = { TOKEN, ...(origin === undefined ? {} : { ALLOW_ORIGIN: origin }) };
    const servers = await Promise.all(
      ports.map((port, index) => {
        const usual = ['--port', `${port}`];
        if (etcd !== undefined) {
          const args = [...usual, '--store', `etcd://${etcd.endpoint}/client`];
          return startServer({ isBare: true, args, env });
        }
        const peers = ports.filter((other) => other !== port).map((other) => `127.0.0.1:${other}`);
        const joined = peers.length === 0 ? [] : ['--peers', peers.join()];
        return startServer({ args: [...usual, '--node-id', `node-${index + 1}`, ...joined], env });
      }),
    );
    const proxies = await Promise.all(
      servers.map(async (server, index) => {
        const proxy = await LossyProxy.open(streams(1)(`proxy ${index}`));
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

  get endpoints(): readonly string[] {
    return this.proxies.map(({ url }) => url);
  }

  async setLossy(isLossy: boolean): Promise<void> {
    for (const proxy of this.proxies) proxy.lose(isLossy ? LOSS : { lost: 0, doubled: 0 });
  }

  async cut(): Promise<void> {
    for (const proxy of this.proxies) proxy.cut();
  }

  async kill(key?: string): Promise<void> {
    const index = this.#kills++ % this.#servers.length;
    const [server, proxy] = [this.#servers[index], this.proxies[index]];
    if (server === undefined || proxy === undefined) throw new Error('there is no server');
    proxy.leadTo(undefined);
    await server.kill('SIGKILL');
    const again = await server.restart();
    this.#servers[index] = again;
    if (key !== undefined) await again.increment(key, 1, { authorization: `Bearer ${TOKEN}` });
    proxy.leadTo(again.port);
  }

  async shows(values: readonly (readonly [key: string, value: number])[]): Promise<void> {
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
    for (const proxy of this.proxies) proxy.close();
    for (const server of this.#servers) await server.kill('SIGKILL');
    await this.#etcd?.stop();
  }
}
