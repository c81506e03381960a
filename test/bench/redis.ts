/**
 * Redis as a competitor, which syncs every write before it answers: alone, or with a replica that does the same; and for the
 * pair a client that speaks just enough RESP.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/servers.ts';

export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

export class RedisAlone {
  readonly port: number;
  readonly pids: readonly number[];
  readonly #child: ChildProcess;
  readonly #directory: string;

  static async start(): Promise<RedisAlone> {
    const directory = mkdtempSync(join(tmpdir(), 'g-counter-redis-'));
    const port = await freePort();
    return new RedisAlone(port, await startRedis(directory, 'alone', port), directory);
  }

  private constructor(port: number, child: ChildProcess, directory: string) {
    this.port = port;
    this.#child = child;
    this.pids = [child.pid ?? 0];
    this.#directory = directory;
  }

  async stop(): Promise<void> {
    await kill(this.#child);
    rmSync(this.#directory, { recursive: true });
  }
}

export class RedisPair {
  readonly port: number;
  readonly pids: readonly number[];
  readonly #children: readonly ChildProcess[];
  readonly #directory: string;

  /** Resolves when the replica acknowledges what the primary is told. */
  static async start(): Promise<RedisPair> {
    const directory = mkdtempSync(join(tmpdir(), 'g-counter-redis-'));
    const [port, replicaPort] = [await freePort(), await freePort()];
    const children = [
      await startRedis(directory, 'primary', port),
      await startRedis(directory, 'replica', replicaPort, '--replicaof', '127.0.0.1', String(port)),
    ];
    const connection = await RedisConnection.open(port);
    while ((await connection.incrementsWaited(['ready'])) === 0);
    connection.close();
    return new RedisPair(port, children, directory);
  }

  private constructor(port: number, children: readonly ChildProcess[], directory: string) {
    this.port = port;
    this.#children = children;
    this.pids = children.map(({ pid = 0 }) => pid);
    this.#directory = directory;
  }

  async stop(): Promise<void> {
    for (const child of this.#children) await kill(child);
    rmSync(this.#directory, { recursive: true });
  }
}

async function startRedis(
  directory: string,
  name: string,
  port: number,
  ...args: string[]
): Promise<ChildProcess> {
  mkdirSync(join(directory, name));
  const settings = {
    port: String(port),
    dir: join(directory, name),
    appendonly: 'yes',
    appendfsync: 'always',
    save: '',
    // Otherwise the primary waits for other replicas before it sends its data.
    'repl-diskless-sync': 'no',
  };
  const flags = Object.entries(settings).flatMap(([flag, value]) => [`--${flag}`, value]);
  const child = spawn('redis-server', [...flags, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error('Redis has ended')));
    child.stdout.on('data', (text) => String(text).includes('Ready to accept connections') && resolve());
  });
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

/** How long WAIT waits for a replica, in milliseconds. */
const WAIT_MS = 10_000;

const wait = command('WAIT', '1', String(WAIT_MS));

/** One connection, with one batch under way at a time. What comes meanwhile shares the next batch and its WAIT. */
export class RedisConnection {
  readonly #socket: Socket;
  #waiting: { key: string; resolve: (replicas: number) => void }[] = [];
  #isBusy = false;
  #received = '';
  #replies: number[] = [];
  #onReplies: () => void = () => {};

  static open(port: number): Promise<RedisConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RedisConnection(socket)));
    });
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#receive(chunk.toString('latin1')));
  }

  /** Resolves when the increment is on the replica too. */
  increment(key: string): Promise<number> {
    return new Promise((resolve) => {
      this.#waiting.push({ key, resolve });
      if (!this.#isBusy) {
        this.#isBusy = true;
        setImmediate(() => void this.#run());
      }
    });
  }

  /** Sends increments and one WAIT for all of them. Resolves with the number of replicas that have them. */
  async incrementsWaited(keys: readonly string[]): Promise<number> {
    const replies = new Promise<void>((resolve) => {
      this.#onReplies = () => {
        if (this.#replies.length > keys.length) resolve();
      };
    });
    this.#socket.write(keys.map((key) => command('INCR', key)).join('') + wait);
    await replies;
    return this.#replies.splice(0).at(-1) ?? 0;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      const replicas = await this.incrementsWaited(batch.map(({ key }) => key));
      if (replicas < 1) throw new Error('the replica does not answer');
      for (const { resolve } of batch) resolve(replicas);
    }
    this.#isBusy = false;
  }

  #receive(text: string): void {
    const lines = (this.#received + text).split('\r\n');
    this.#received = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.startsWith(':')) throw new Error(`Redis answers ${line}`);
      this.#replies.push(Number(line.slice(1)));
    }
    this.#onReplies();
  }
}

function command(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}
