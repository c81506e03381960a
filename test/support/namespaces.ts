/** Servers on machines of their own, as far as the network goes: Linux network namespaces at one bridge. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { parseJson } from '../../src/runtime/json.ts';
import { listFrom, numberFrom, objectFrom, textFrom } from './json.ts';
import { temporaryDirectory } from './server-process.ts';

const run = promisify(execFile);
const ip = (...args: string[]): Buffer => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });

const PORT = 8080;
const namespaces = new Set<string>();
const running = new Set<ChildProcess>();
let drawn = 0;

function newNamespace(): string {
  const name = `g-counter-${process.pid}-${drawn++}`;
  ip('netns', 'add', name);
  namespaces.add(name);
  return name;
}

function takeDown(): void {
  for (const child of running) child.kill('SIGKILL');
  for (const name of namespaces) ip('netns', 'delete', name);
  namespaces.clear();
}
process.once('exit', takeDown);

/** Takes down all there is. What is in a namespace goes with it. */
export async function removeNamespaces(): Promise<void> {
  const ends = [...running].map((child) => new Promise((resolve) => child.once('close', resolve)));
  takeDown();
  await Promise.all(ends);
}

/** Why there can be no namespaces here; undefined where there can. */
export function obstacle(): string | undefined {
  if (process.platform !== 'linux') return 'this is no Linux';
  if (process.getuid?.() !== 0) return 'this is not root';
  try {
    const bridge = newNamespace();
    ip('-netns', bridge, 'link', 'add', 'bridge', 'type', 'bridge');
    ip('-netns', bridge, 'link', 'add', 'port', 'type', 'veth', 'peer', 'name', 'peer');
    return undefined;
  } catch {
    return 'the system does not let us make any, or has no `ip`';
  } finally {
    takeDown();
  }
}

/** A network that nothing leads out of. */
export class Bridge {
  readonly #namespace = newNamespace();
  #machines = 0;

  constructor() {
    ip('-netns', this.#namespace, 'link', 'add', 'bridge', 'type', 'bridge');
    ip('-netns', this.#namespace, 'link', 'set', 'bridge', 'up');
  }

  /** Puts another machine on it. */
  attach(): Machine {
    const number = ++this.#machines;
    const machine = newNamespace();
    const port = `port-${number}`;
    const ends = [port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', machine];
    ip('-netns', this.#namespace, 'link', 'add', ...ends);
    ip('-netns', this.#namespace, 'link', 'set', port, 'master', 'bridge', 'up');
    ip('-netns', machine, 'link', 'set', 'lo', 'up');
    const host = `10.77.0.${number}`;
    ip('-netns', machine, 'address', 'add', `${host}/24`, 'broadcast', '+', 'dev', 'eth0');
    ip('-netns', machine, 'link', 'set', 'eth0', 'up');
    const setLink = (state: 'up' | 'down'): void =>
      void ip('-netns', this.#namespace, 'link', 'set', port, state);
    return new Machine(machine, host, setLink);
  }
}

/** A machine with one server on it. */
export class Machine {
  readonly address: string;
  /** Connects it to the network, or cuts it off. */
  readonly setLink: (state: 'up' | 'down') => void;
  readonly #namespace: string;

  constructor(namespace: string, host: string, setLink: (state: 'up' | 'down') => void) {
    this.#namespace = namespace;
    this.address = `${host}:${PORT}`;
    this.setLink = setLink;
  }

  /** Starts the server. Resolves when it serves. */
  async start(...args: readonly string[]): Promise<void> {
    const directory = join(temporaryDirectory(), 'data');
    const own = ['--host', '0.0.0.0', '--port', String(PORT), '--data-dir', directory];
    const command = ['netns', 'exec', this.#namespace, 'bin/g-counter-server', ...own, ...args];
    const child = spawn('ip', command, {
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    running.add(child);
    child.once('close', () => running.delete(child));
    const said: string[] = [];
    for await (const line of createInterface({ input: child.stderr })) {
      said.push(line);
      if (!line.includes('"serving http://')) continue;
      child.stderr.resume();
      return;
    }
    throw new Error(`the server has ended: ${said.join('\n')}`);
  }

  async count(): Promise<number> {
    return numberFrom(objectFrom(await this.#ask('GET', '/count'))['count']);
  }

  async add(amount: number): Promise<number> {
    return numberFrom(objectFrom(await this.#ask('POST', '/increment', { amount }))['count']);
  }

  async peers(): Promise<string[]> {
    return listFrom(await this.#ask('GET', '/peers')).map(textFrom);
  }

  /** Asks the server from its own machine: no link that is cut is in between. */
  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const init = JSON.stringify({ method, headers, body: body && JSON.stringify(body) });
    const script = `fetch('http://127.0.0.1:${PORT}${path}', ${init}).then((answer) => answer.text()).then(console.log)`;
    const command = ['netns', 'exec', this.#namespace, process.execPath, '--eval', script];
    return parseJson((await run('ip', command)).stdout);
  }
}
