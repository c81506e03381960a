/**
 * Docker, for tests: whether there is one, the image that others are made from, and the containers of one Compose project.
 */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { parseJson } from '../../src/runtime/json.ts';
import { until } from './eventually.ts';
import { numberFrom, objectFrom } from './json.ts';

const run = promisify(execFile);

/** Runs `docker` and returns what it prints. */
export const docker = async (...args: string[]): Promise<string> => (await run('docker', args)).stdout.trim();

/** The image that the Dockerfile is based on where nobody says otherwise. */
export const BASE = /^ARG NODE_IMAGE=(\S+)$/m.exec(readFileSync('deploy/Dockerfile', 'utf8'))?.[1] ?? '';

const hasImage = (name: string): boolean => spawnSync('docker', ['image', 'inspect', name]).status === 0;

/** Why there can be no containers here; undefined where there can. */
export function obstacle(): string | undefined {
  if (spawnSync('docker', ['version']).status !== 0) return 'no Docker answers';
  const composes = [spawnSync('docker', ['compose', 'version']), spawnSync('docker-compose', ['version'])];
  if (composes.every(({ status }) => status !== 0)) return 'there is no Compose';
  if (!hasImage(BASE) && process.platform !== 'linux') return `there is no image ${BASE}`;
  return undefined;
}

/** Runs Compose, whichever there is, with these variables. Throws what it says if it fails. */
export function compose(args: readonly string[], env: Readonly<Record<string, string>>): string {
  const isPlugin = spawnSync('docker', ['compose', 'version']).status === 0;
  const [program, words] = isPlugin ? ['docker', ['compose']] : ['docker-compose', []];
  const options = { encoding: 'utf8', env: { ...process.env, ...env } } as const;
  const { status, stdout, stderr } = spawnSync(program, [...words, ...args], options);
  if (status !== 0) throw new Error(`Compose ends with status ${status}: ${stderr}`);
  return stdout;
}

/** What this machine would run by this name; undefined if there is nothing. */
function programBy(name: string): string | undefined {
  if (name === 'node') return realpathSync(process.execPath);
  const { status, stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
  return status === 0 ? realpathSync(stdout.trim()) : undefined;
}

/** Which of these programs this machine does not have. */
export const missingPrograms = (names: readonly string[]): string[] =>
  names.filter((name) => programBy(name) === undefined);

/**
 * Makes an image of programs of this machine with their libraries, where there is none of this name, so that nothing has to be
 * downloaded. `changes` are as in a Dockerfile. Returns what removes it again, so that nobody takes it for the real one.
 */
export function ensureImage(
  name: string,
  programs: readonly string[],
  changes: readonly string[] = [],
): () => void {
  if (hasImage(name)) return () => {};
  const root = mkdtempSync(join(tmpdir(), 'g-counter-image-'));
  try {
    const image = join(root, 'image');
    const folders = new Set<string>();
    for (const program of programs) {
      const path = programBy(program) ?? '';
      // A program may be linked statically.
      const libraries = spawnSync('ldd', [path], { encoding: 'utf8' }).stdout.match(/\/\S+/g) ?? [];
      for (const file of libraries) {
        folders.add(dirname(file));
        mkdirSync(join(image, dirname(file)), { recursive: true });
        cpSync(file, join(image, file), { dereference: true });
      }
      mkdirSync(join(image, 'bin'), { recursive: true });
      cpSync(path, join(image, 'bin', program), { dereference: true });
    }
    execFileSync('tar', ['-C', image, '-c', '-f', join(root, 'image.tar'), '.']);
    const environment = `ENV PATH=/bin LD_LIBRARY_PATH=${[...folders].join(':')}`;
    const flags = [environment, ...changes].flatMap((change) => ['--change', change]);
    execFileSync('docker', ['import', ...flags, join(root, 'image.tar'), name]);
  } finally {
    rmSync(root, { recursive: true });
  }
  return () => spawnSync('docker', ['image', 'rm', name]);
}

/** Makes the base image where there is none, of this machine's own Node and what the Dockerfile runs. */
export const ensureBase = (): (() => void) => ensureImage(BASE, ['node', 'sh', 'mkdir', 'chown']);

/** What a proxy says, or a server, that may not have done what it was asked for. */
const UNSURE = new Set([502, 503, 504]);

/** A container of a service of Compose, and the server in it as this machine reaches it. */
export class Container {
  readonly service: string;
  readonly #project: string;
  readonly #port: () => number;
  readonly #token: () => string;

  constructor(project: string, service: string, port: () => number, token: () => string) {
    this.#project = project;
    this.service = service;
    this.#port = port;
    this.#token = token;
  }

  /** The name of the container, which the two kinds of Compose make differently. */
  async name(): Promise<string> {
    const label = (name: string, value: string) => ['--filter', `label=com.docker.compose.${name}=${value}`];
    const filters = [...label('project', this.#project), ...label('service', this.service)];
    return docker('ps', '--all', ...filters, '--format', '{{.Names}}');
  }

  async do(command: string, ...args: string[]): Promise<string> {
    return docker(command, ...args, await this.name());
  }

  inspect(format: string): Promise<string> {
    return this.do('inspect', '--format', format);
  }

  /** Runs JavaScript in the container, with its own Node, and returns what that prints. */
  async evaluate(script: string): Promise<string> {
    return docker('exec', await this.name(), 'node', '-e', script);
  }

  /** Connects it to the network of its project, or cuts it off. */
  async setLink(state: 'up' | 'down'): Promise<void> {
    const network = `${this.#project}_default`;
    if (state === 'down') await docker('network', 'disconnect', network, await this.name());
    else await docker('network', 'connect', '--alias', this.service, network, await this.name());
  }

  /** Adds to a counter, however often the server goes away meanwhile: it is counted once. */
  async add(key: string, amount: number, idempotencyKey: string): Promise<void> {
    await until(async () => {
      const answer = await this.#fetch(`/counter/incr/${key}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${this.#token()}`,
          'idempotency-key': idempotencyKey,
        },
        body: JSON.stringify({ amount }),
      });
      if (answer === undefined || UNSURE.has(answer.status)) return undefined;
      if (answer.status !== 200) throw new Error(`${this.service} says ${answer.status}: ${answer.body}`);
      return true;
    });
  }

  /** The value of a counter; undefined if there is no answer. */
  async value(key: string): Promise<number | undefined> {
    const answer = await this.#fetch(`/counter/${key}`);
    return answer?.status === 200 ? numberFrom(objectFrom(parseJson(answer.body))['value']) : undefined;
  }

  /** The replica ids that have counted a counter. */
  async replicas(key: string): Promise<string[]> {
    const answer = await this.#fetch(`/counter/${key}`);
    return Object.keys(objectFrom(objectFrom(parseJson(answer?.body ?? ''))['nodes']));
  }

  /** The addresses of its peers; undefined if there is no answer. */
  async peers(): Promise<unknown> {
    const answer = await this.#fetch('/peers');
    return answer === undefined ? undefined : parseJson(answer.body);
  }

  /** Adds to a counter by a request from within the container, which works while it is cut off. Returns the new value. */
  async addWithin(key: string, amount: number): Promise<number> {
    const script = `
      const headers = {
        'content-type': 'application/json',
        authorization: 'Bearer ' + require('fs').readFileSync('/run/secrets/token', 'utf8').trim(),
      };
      fetch('http://127.0.0.1:8080/counter/incr/${key}', { method: 'POST', headers, body: '{"amount":${amount}}' })
        .then((answer) => answer.text())
        .then(console.log);`;
    return numberFrom(objectFrom(parseJson(await this.evaluate(script)))['new_value']);
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<{ status: number; body: string } | undefined> {
    try {
      // A request that arrives as its container is cut off is never answered.
      const signal = AbortSignal.timeout(5000);
      const response = await fetch(`http://127.0.0.1:${this.#port()}${path}`, { ...init, signal });
      return { status: response.status, body: await response.text() };
    } catch {
      return undefined;
    }
  }
}

/** Clients that count for as long as they are let, and are told each time. */
export class Load {
  readonly #isEnded = new AbortController();
  readonly #clients: Promise<void>[] = [];
  #total = 0;

  constructor(key: string, containers: readonly Container[], clientsEach = 4) {
    for (const container of containers) {
      for (let client = 0; client < clientsEach; client++) {
        this.#clients.push(this.#count(container, key, `${key}-${container.service}-${client}`));
      }
    }
  }

  /** Resolves after so many more increments. */
  async more(increments: number): Promise<void> {
    const enough = this.#total + increments;
    await until(() => this.#total >= enough);
  }

  /** Lets every client finish, and returns how much has been counted. */
  async end(): Promise<number> {
    this.#isEnded.abort();
    await Promise.all(this.#clients);
    return this.#total;
  }

  async #count(container: Container, key: string, client: string): Promise<void> {
    for (let request = 0; !this.#isEnded.signal.aborted; request++) {
      await container.add(key, 1, `${client}-${request}`);
      this.#total++;
    }
  }
}
