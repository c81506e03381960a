import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseJson } from '../../src/runtime/json.ts';
import { documentedAs } from './api-document.ts';
import { type Counter, counterFrom, numberFrom, objectFrom, totalsFrom } from './json.ts';

export interface Settings {
  /** A new directory where there is none. */
  readonly dataDir?: string;
  readonly args?: readonly string[];
  /** Of another version; this one's by default. */
  readonly launcher?: string;
  /** Whether it is given no other arguments, not even a port and the data directory. */
  readonly isBare?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** No file may become longer than so many blocks of 512 bytes. */
  readonly maxFileBlocks?: number;
  /** How many files and connections it may have open. */
  readonly maxOpenFiles?: number;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Exit {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

type Headers = Readonly<Record<string, string>>;

const running = new Set<ChildProcess>();
const directories: string[] = [];
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'g-counter-server-'));
  directories.push(directory);
  return directory;
}

const etcd = process.env['ETCD'];

/** Whether servers keep their counters in etcd: vitest.config.ts runs some tests so. */
export const isOnEtcd = etcd !== undefined;

const storeArguments = (dataDir: string): string[] =>
  isOnEtcd ? ['--store', `etcd://${etcd}${dataDir}`] : ['--data-dir', dataDir];

/** Ends all servers of this file's tests and removes what they have left. */
export async function stopServers(): Promise<void> {
  const ends = [...running].map((child) => new Promise((resolve) => child.once('close', resolve)));
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(ends);
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
}

/** Starts the real server and resolves when it serves. */
export const startServer = (settings: Settings = {}): Promise<ServerProcess> =>
  new ServerProcess(settings).serving();

/** The real server as a process, on a free port. */
export class ServerProcess {
  readonly dataDir: string;
  /** What it has said, by lines. */
  readonly stderr: string[] = [];
  readonly exit: Promise<Exit>;
  readonly #settings: Settings;
  readonly #child: ChildProcess;
  readonly #agent = new Agent({ keepAlive: true });
  #port: number | undefined;
  #heard: () => void = () => {};

  constructor(settings: Settings) {
    this.#settings = settings;
    this.dataDir = settings.dataDir ?? join(temporaryDirectory(), 'data');
    const usual = settings.isBare ? [] : ['--port', '0', ...storeArguments(this.dataDir)];
    const args = [...usual, ...(settings.args ?? [])];
    const limit = settings.maxFileBlocks ?? 'unlimited';
    const { maxOpenFiles } = settings;
    const openFiles = maxOpenFiles === undefined ? '' : `ulimit -n ${maxOpenFiles}; `;
    const child = spawn(
      'sh',
      [
        '-c',
        `ulimit -f ${limit}; ${openFiles}exec "$0" "$@"`,
        settings.launcher ?? 'bin/g-counter-server',
        ...args,
      ],
      {
        // Servers of other tests, and of whoever else uses this machine, are none of this one's business.
        env: { PATH: process.env['PATH'], DISABLE_DISCOVERY: '1', ...settings.env },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    this.#child = child;
    running.add(child);
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.stderr.push(line);
      this.#heard();
    });
    this.exit = new Promise((resolve) =>
      child.once('close', (status, signal) => {
        running.delete(child);
        this.#agent.destroy();
        resolve({ status, signal });
        this.#heard();
      }),
    );
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get port(): number {
    if (this.#port === undefined) throw new Error('the server does not serve yet');
    return this.#port;
  }

  get isRunning(): boolean {
    return running.has(this.#child);
  }

  /** Reads no more of what it says. */
  turnAway(): void {
    this.#child.stderr?.destroy();
  }

  /** What it has said, as the objects that its lines are. */
  get notes(): readonly Readonly<Record<string, unknown>>[] {
    return this.stderr.map((line) => objectFrom(parseJson(line)));
  }

  async serving(): Promise<this> {
    for (;;) {
      const url = this.stderr.map((line) => /"serving https?:\/\/[^"]+:(\d+)"/.exec(line)).find(Boolean);
      if (url) {
        this.#port = Number(url[1]);
        return this;
      }
      if (!this.isRunning) throw new Error(`the server has ended: ${this.stderr.join('\n')}`);
      await new Promise<void>((resolve) => (this.#heard = resolve));
    }
  }

  /** Sends a signal and waits for the process to end. */
  kill(signal: NodeJS.Signals): Promise<Exit> {
    this.#child.kill(signal);
    return this.exit;
  }

  /** Starts another process, on the same data. */
  restart(settings: Settings = this.#settings): Promise<ServerProcess> {
    return startServer({ ...settings, dataDir: this.dataDir });
  }

  ask(method: string, path: string, headers: Headers = {}, body?: string | Buffer): Promise<HttpResponse> {
    const { port } = this;
    return new Promise((resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port, method, path, agent: this.#agent, headers },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const answer = {
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks).toString(),
            };
            try {
              // Another version has another document.
              if (this.#settings.launcher === undefined) documentedAs(method, path, answer);
              resolve(answer);
            } catch (error) {
              reject(error);
            }
          });
        },
      );
      asked.on('error', reject);
      asked.end(body);
    });
  }

  get(path: string, headers: Headers = {}): Promise<HttpResponse> {
    return this.ask('GET', path, headers);
  }

  /** Posts JSON: a text as it is, anything else encoded, nothing where `json` is undefined. */
  post(path: string, json?: unknown, headers: Headers = {}): Promise<HttpResponse> {
    if (json === undefined) return this.ask('POST', path, headers);
    const body = typeof json === 'string' ? json : JSON.stringify(json);
    return this.ask('POST', path, { 'content-type': 'application/json', ...headers }, body);
  }

  /** Adds to a counter and answers its new value. */
  async increment(key: string, amount = 1, headers: Headers = {}): Promise<number> {
    const answer = await this.post(`/counter/incr/${encodeURIComponent(key)}`, { amount }, headers);
    return numberFrom(objectFrom(jsonOf(answer))['new_value']);
  }

  async read(key: string): Promise<Counter> {
    return counterFrom(jsonOf(await this.get(`/counter/${encodeURIComponent(key)}`)));
  }

  async sync(key: string, headers: Headers = {}): Promise<ReadonlyMap<string, number>> {
    const answer = await this.get(`/counter/sync/${encodeURIComponent(key)}`, headers);
    return totalsFrom(objectFrom(jsonOf(answer))['nodes']);
  }

  async merge(key: string, nodes: ReadonlyMap<string, number>): Promise<Counter> {
    const members = [...nodes].map(([name, total]) => `${JSON.stringify(name)}:${total}`);
    const body = `{"nodes":{${members.join(',')}}}`;
    return counterFrom(jsonOf(await this.post(`/counter/merge/${encodeURIComponent(key)}`, body)));
  }

  /** The totals in counters.json, by counter. */
  snapshot(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    const text = readFileSync(join(this.dataDir, 'counters.json'), 'utf8');
    const counters = Object.entries(objectFrom(parseJson(text)));
    return new Map(counters.map(([key, nodes]) => [key, totalsFrom(nodes)]));
  }

  /** The names of the files of the data directory. */
  files(): string[] {
    return readdirSync(this.dataDir);
  }
}

/** The JSON of an answer that is not a refusal. */
export function jsonOf({ status, body }: HttpResponse): unknown {
  if (status !== 200) throw new Error(`status ${status}: ${body}`);
  return parseJson(body);
}
