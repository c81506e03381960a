/** Real etcd processes that are one cluster on this machine, whose members can be killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { Gateway } from '../../src/store/etcd/gateway.ts';
import { freePort } from './servers.ts';

const POLL_MS = 20;

/** A member. Its ports and its data stay the same when it is started again. */
export class EtcdMember {
  readonly name: string;
  /** Where clients reach it: host and port. */
  readonly endpoint: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  constructor(name: string, endpoint: string, args: readonly string[]) {
    this.name = name;
    this.endpoint = endpoint;
    this.#args = args;
  }

  /** The id of its process; undefined while it has none. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it, and does not wait until it answers. */
  spawn(): void {
    const child = spawn('etcd', this.#args, { stdio: 'ignore' });
    child.once('error', () => (this.#child = undefined));
    child.once('exit', () => (this.#child = undefined));
    this.#child = child;
  }

  /** Starts it after a kill. Resolves when it knows a leader, which takes a majority. */
  async start(): Promise<void> {
    this.spawn();
    await this.ready();
  }

  /** Resolves when it knows a leader. Rejects if its process ends before. */
  async ready(): Promise<void> {
    const gateway = new Gateway({});
    try {
      for (;;) {
        const { leaderId } = await gateway.status(this.endpoint, 1000).catch(() => ({ leaderId: '0' }));
        if (leaderId !== '0') return;
        if (this.#child === undefined) throw new Error(`etcd ${this.name} has ended`);
        await pass(POLL_MS);
      }
    } finally {
      gateway.close();
    }
  }

  /** Ends its process. SIGKILL is a crash: etcd has no chance to say good-bye. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }
}

export class EtcdCluster {
  readonly members: readonly EtcdMember[];
  readonly #directory: string;

  /** Starts so many members with more arguments. Resolves when all of them know the leader. */
  static async start(members: number, ...args: readonly string[]): Promise<EtcdCluster> {
    const ports = new Set<number>();
    while (ports.size < 2 * members) ports.add(await freePort());
    const cluster = new EtcdCluster([...ports], args);
    try {
      for (const member of cluster.members) member.spawn();
      await Promise.all(cluster.members.map((member) => member.ready()));
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  private constructor(ports: readonly number[], args: readonly string[]) {
    const directory = mkdtempSync(join(tmpdir(), 'g-counter-etcd-'));
    this.#directory = directory;
    const peers = ports.slice(ports.length / 2).map((port) => `http://127.0.0.1:${port}`);
    const all = peers.map((peer, index) => `etcd-${index + 1}=${peer}`).join(',');
    this.members = peers.map((peer, index) => {
      const name = `etcd-${index + 1}`;
      const endpoint = `127.0.0.1:${ports[index]}`;
      const settings = {
        name,
        'data-dir': join(directory, name),
        'listen-client-urls': `http://${endpoint}`,
        'advertise-client-urls': `http://${endpoint}`,
        'listen-peer-urls': peer,
        'initial-advertise-peer-urls': peer,
        'initial-cluster': all,
      };
      const flags = Object.entries(settings).flatMap(([flag, value]) => [`--${flag}`, value]);
      return new EtcdMember(name, endpoint, [...flags, ...args]);
    });
  }

  /** Where clients reach the members. */
  get endpoints(): string[] {
    return this.members.map(({ endpoint }) => endpoint);
  }

  /** The ids of the processes that run. */
  get pids(): number[] {
    return this.members.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** Ends all members, and deletes what they have stored. */
  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
