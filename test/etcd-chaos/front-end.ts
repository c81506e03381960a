/** A front end that crashes, stands still and is cut off. It comes back to its port, and reaches each member of etcd by a link. */
import type { EtcdCluster } from '../support/etcd-cluster.ts';
import { type LinkState, Proxy } from '../support/proxy.ts';
import { ServerProcess } from '../support/server-process.ts';
import { freePort } from '../support/servers.ts';

/** Answers are asked for again within seconds: etcd need not keep all of them for ten minutes. */
const ARGUMENTS = ['--idempotency-window-s', '120'];

export class FrontEnd {
  readonly name: string;
  readonly port: number;
  /** To each member of etcd. */
  readonly links: readonly Proxy[];
  /** How often it has said what. */
  readonly said = new Map<string, number>();
  #process: ServerProcess;
  #isStopped = false;
  /** Counts its kills and stops. */
  #interruptions = 0;

  /** Resolves when it serves. */
  static async open(name: string, etcd: EtcdCluster): Promise<FrontEnd> {
    const links = await Promise.all(
      etcd.endpoints.map(async (endpoint) => {
        const link = await Proxy.open();
        link.leadTo(Number(endpoint.split(':')[1]));
        return link;
      }),
    );
    const frontEnd = new FrontEnd(name, await freePort(), links);
    await frontEnd.#process.serving();
    return frontEnd;
  }

  private constructor(name: string, port: number, links: readonly Proxy[]) {
    this.name = name;
    this.port = port;
    this.links = links;
    this.#process = this.#spawn();
  }

  /** What there was of kills and stops: whoever asks it something and finds this unchanged had a fair chance of an answer. */
  get interruptions(): number {
    return this.#interruptions;
  }

  /** Whether it runs and does not stand still. */
  get isUp(): boolean {
    return this.#process.isRunning && !this.#isStopped;
  }

  async kill(): Promise<void> {
    this.#interruptions++;
    await this.#process.kill('SIGKILL');
    this.#hear();
  }

  /** Starts it after a kill. Resolves when it serves. */
  async start(): Promise<void> {
    this.#process = this.#spawn();
    await this.#process.serving();
  }

  stop(): void {
    this.#interruptions++;
    this.#isStopped = true;
    process.kill(this.#process.pid, 'SIGSTOP');
  }

  goOn(): void {
    process.kill(this.#process.pid, 'SIGCONT');
    this.#isStopped = false;
  }

  /** Sets the links to some members of etcd. */
  setLinks(members: readonly number[], state: LinkState): void {
    for (const member of members) this.links[member]?.become(state);
  }

  /** Ends it as an operator does. */
  async end(): Promise<void> {
    await this.#process.kill('SIGTERM');
    this.#hear();
    for (const link of this.links) link.close();
  }

  #spawn(): ServerProcess {
    const store = `etcd://${this.links.map(({ address }) => address).join()}`;
    const args = ['--host', '127.0.0.1', '--port', String(this.port), '--store', store, ...ARGUMENTS];
    return new ServerProcess({ isBare: true, args });
  }

  #hear(): void {
    for (const { level, message } of this.#process.notes) {
      const line = `${String(level)}: ${String(message).replaceAll(/\d+/g, 'N')}`;
      this.said.set(line, (this.said.get(line) ?? 0) + 1);
    }
  }
}
