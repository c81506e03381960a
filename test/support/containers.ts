/**
 * Docker, for tests: whether there is one, the image that others are made from, and the containers of one Compose project.
 */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
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

/**
 * Makes the base image where there is none, so that nothing has to be downloaded: of this machine's own Node and what the
 * Dockerfile runs, with their libraries. Returns what removes it again, so that nobody takes it for the real one.
 */
export function ensureBase(): () => void {
  if (hasImage(BASE)) return () => {};
  const root = mkdtempSync(join(tmpdir(), 'g-counter-base-'));
  try {
    const image = join(root, 'image');
    const [sh = '', ...programs] = ['sh', 'mkdir', 'chown'].map((name) =>
      realpathSync(execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()),
    );
    for (const program of [realpathSync(process.execPath), sh, ...programs]) {
      const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
      for (const file of [program, ...libraries]) {
        mkdirSync(join(image, dirname(file)), { recursive: true });
        cpSync(file, join(image, file), { dereference: true });
      }
    }
    mkdirSync(join(image, 'bin'), { recursive: true });
    symlinkSync(sh, join(image, 'bin/sh'));
    const path = [process.execPath, ...programs].map((file) => dirname(realpathSync(file))).join(':');
    execFileSync('tar', ['-C', image, '-c', '-f', join(root, 'image.tar'), '.']);
    execFileSync('docker', ['import', '--change', `ENV PATH=${path}`, join(root, 'image.tar'), BASE]);
  } finally {
    rmSync(root, { recursive: true });
  }
  return () => spawnSync('docker', ['image', 'rm', BASE]);
}

/** A container of a service of compose.yaml, and the server in it as this machine reaches it. */
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
      if (answer === undefined || answer.status === 503) return undefined;
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
