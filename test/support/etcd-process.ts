/** Real etcd, as a process on this machine; tests of it are skipped where it is not installed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Gateway } from '../../src/store/etcd/gateway.ts';
import { freePort } from './servers.ts';

export const hasEtcd = spawnSync('etcd', ['--version']).status === 0;

/** What to add to the name of a test that needs etcd. */
export const etcdSuffix = hasEtcd ? '' : ' (skipped: etcd is not installed)';

/** One member that is a cluster by itself. */
export class EtcdProcess {
  readonly endpoint: string;
  readonly #directory: string;
  readonly #child: ChildProcess;

  static async start(...args: readonly string[]): Promise<EtcdProcess> {
    const started = new EtcdProcess(await freePort(), await freePort(), args);
    const gateway = new Gateway({});
    for (;;) {
      const isThere = await gateway.status(started.endpoint, 1000).then(
        ({ leaderId }) => leaderId !== '0',
        () => false,
      );
      if (isThere) break;
      if (started.#child.exitCode !== null) throw new Error('etcd has ended');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    gateway.close();
    return started;
  }

  private constructor(port: number, peerPort: number, args: readonly string[]) {
    this.#directory = mkdtempSync(join(tmpdir(), 'g-counter-etcd-'));
    this.endpoint = `127.0.0.1:${port}`;
    const [client, peer] = [`http://${this.endpoint}`, `http://127.0.0.1:${peerPort}`];
    this.#child = spawn(
      'etcd',
      [
        '--data-dir',
        this.#directory,
        '--listen-client-urls',
        client,
        '--advertise-client-urls',
        client,
        '--listen-peer-urls',
        peer,
        '--initial-advertise-peer-urls',
        peer,
        '--initial-cluster',
        `default=${peer}`,
        ...args,
      ],
      { stdio: 'ignore' },
    );
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await closed;
    rmSync(this.#directory, { recursive: true });
  }
}
