/**
 * Three servers in containers, as deploy/compose.yaml has them, by whichever Compose there is: the plugin of Docker, or
 * the older docker-compose. Makes a key and a token where there are none yet.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Server } from './client.ts';
import { type Deployment, type FurtherServer, type Running, SERVERS, nodeId, urlOf } from './deployment.ts';
import { Failure } from './failure.ts';
import type { Narrator } from './narrator.ts';

/** The port of each server on the network of the containers. */
const PORT = 8080;
const IMAGE = 'g-counter';
const DOCKER_MS = 15_000;
const KEY = 'cluster-key';
const TOKEN = 'token';

/** The words that Compose is called by, or why there can be no containers here. */
export function findCompose(): { readonly compose: readonly string[] } | { readonly obstacle: string } {
  const { error, status, stderr } = docker('version', '--format', '{{.Server.Version}}');
  if (error !== undefined) {
    const isMissing = 'code' in error && error.code === 'ENOENT';
    return {
      obstacle: isMissing ? 'there is no `docker` command' : `\`docker\` cannot be run: ${error.message}`,
    };
  }
  if (status !== 0) return { obstacle: `Docker does not answer: ${lastLineOf(stderr)}` };
  if (docker('compose', 'version').status === 0) return { compose: ['docker', 'compose'] };
  if (spawnSync('docker-compose', ['version'], { timeout: DOCKER_MS }).status === 0)
    return { compose: ['docker-compose'] };
  return { obstacle: 'Docker has neither `docker compose` nor `docker-compose`' };
}

const docker = (...args: string[]) =>
  spawnSync('docker', args, { encoding: 'utf8', timeout: DOCKER_MS, stdio: ['ignore', 'pipe', 'pipe'] });

const lastLineOf = (text: string): string => text.trimEnd().split('\n').at(-1) ?? '';

export interface ContainersOptions {
  /** The project's root, which has deploy/. */
  readonly root: string;
  /** The name of the project for Compose, which containers, volumes and the network begin with. */
  readonly project: string;
  readonly basePort: number;
  readonly compose: readonly string[];
  readonly narrator: Narrator;
}

export class Containers implements Deployment {
  readonly what = 'three containers';
  readonly servers: readonly Server[];
  readonly #options: ContainersOptions;
  readonly #secrets: string;

  constructor(options: ContainersOptions) {
    this.#options = options;
    this.#secrets = join(options.root, 'deploy/secrets');
    this.servers = Array.from({ length: SERVERS }, (_, i) => this.#serverOf(nodeId(i), i));
  }

  readonly token = (): string => {
    try {
      return readFileSync(join(this.#secrets, TOKEN), 'utf8').trim();
    } catch {
      throw new Failure('deploy/secrets/token, which the servers ask for, cannot be read; `make` makes one');
    }
  };

  /** Docker starts containers again, and `make logs` shows why that does not help. */
  lastWords(): string[] {
    return [];
  }

  get isStarted(): boolean {
    const label = `label=com.docker.compose.project=${this.#options.project}`;
    return docker('ps', '--all', '--quiet', '--filter', label).stdout !== '';
  }

  async start(): Promise<void> {
    this.#makeSecrets();
    this.#options.narrator.step('building the image and starting the containers:');
    // The three share one image.
    if ((await this.#compose('build', nodeId(0))) !== 0) {
      throw new Failure(
        'the image cannot be built; ON=processes does without, NODE_IMAGE=NAME takes another base image',
      );
    }
    if ((await this.#compose('up', '-d', '--remove-orphans')) !== 0) {
      throw new Failure(
        'the containers cannot be started; if their ports are taken, choose others by BASE_PORT=N',
      );
    }
  }

  async stop(): Promise<string> {
    if ((await this.#compose('down', '--remove-orphans')) !== 0)
      throw new Failure('the containers cannot be stopped');
    return 'the containers are gone; their counters stay in volumes for the next start';
  }

  async followLogs(): Promise<string> {
    if (!this.isStarted) throw new Failure('there are no containers; `make` starts them');
    await this.#compose('logs', '--follow', '--tail', '100');
    return 'the containers have stopped';
  }

  async startFurther({ id, offset, isFinding }: FurtherServer): Promise<Running> {
    const { project, basePort } = this.#options;
    const server = this.#serverOf(id, offset);
    const name = `${project}_${id}`;
    docker('rm', '--force', '--volumes', name);
    const args = ['run', '--detach', '--rm', '--name', name];
    args.push('--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges');
    args.push('--network', `${project}_default`, '--network-alias', id);
    args.push('--publish', `127.0.0.1:${basePort + offset}:${PORT}`);
    for (const [file, variable] of [
      [KEY, 'CLUSTER_KEY_FILE'],
      [TOKEN, 'TOKEN_FILE'],
    ]) {
      args.push('--volume', `${join(this.#secrets, `${file}`)}:/run/secrets/${file}:ro`);
      args.push('--env', `${variable}=/run/secrets/${file}`);
    }
    args.push(IMAGE, '--node-id', id, '--advertise', server.address);
    if (!isFinding) args.push('--disable-discovery');
    const { status, stderr } = docker(...args);
    if (status !== 0) throw new Failure(`${id} cannot be started: ${lastLineOf(stderr)}`);
    return {
      server,
      async stop() {
        docker('stop', name);
      },
    };
  }

  #serverOf(id: string, offset: number): Server {
    return { id, url: urlOf(this.#options.basePort + offset), address: `${id}:${PORT}` };
  }

  /**
   * The files can be read by all, whatever the umask, since the server runs as another user. Who may come to them is
   * decided by the directory.
   */
  #makeSecrets(): void {
    mkdirSync(this.#secrets, { recursive: true, mode: 0o700 });
    for (const name of [KEY, TOKEN]) {
      const path = join(this.#secrets, name);
      if (existsSync(path)) continue;
      writeFileSync(path, `${randomBytes(32).toString('hex')}\n`, { flag: 'wx', mode: 0o600 });
      chmodSync(path, 0o644);
      this.#options.narrator.step(`made deploy/secrets/${name}`);
    }
  }

  /** Runs Compose with its output shown. Resolves with its exit status. */
  #compose(...args: string[]): Promise<number | null> {
    const { compose, root, project, basePort } = this.#options;
    const [command = '', ...words] = compose;
    const ports = Object.fromEntries(this.servers.map((_, i) => [`PORT_${i + 1}`, `${basePort + i}`]));
    const file = join(root, 'deploy/compose.yaml');
    const child = spawn(command, [...words, '-p', project, '-f', file, ...args], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...ports },
    });
    return new Promise((resolve) => {
      child.once('error', () => resolve(null));
      child.once('close', resolve);
    });
  }
}
