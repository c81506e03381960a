/**
 * Three servers as processes of this machine: `npm run cluster` in the background, with its output in data/cluster.log.
 * What somebody else has started on the same ports is used as it is, and never stopped.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { portsInUse } from '../local-cluster/ports.ts';
import { type Server, until } from './client.ts';
import { type Deployment, type FurtherServer, type Running, SERVERS, nodeId, urlOf } from './deployment.ts';
import { Failure } from './failure.ts';
import type { Narrator } from './narrator.ts';

const LOG = 'data/cluster.log';
/** Has the id of the process that `start` began. */
const PID = 'data/cluster.pid';
const PROGRAM = 'g-counter-cluster.cjs';

export interface ProcessesOptions {
  /** The folder with the bundles. */
  readonly dist: string;
  readonly basePort: number;
  readonly narrator: Narrator;
}

export class Processes implements Deployment {
  readonly what = 'three local processes';
  readonly servers: readonly Server[];
  /** On a loopback address, writers need none. */
  readonly token = (): undefined => undefined;
  readonly #options: ProcessesOptions;

  constructor(options: ProcessesOptions) {
    this.#options = options;
    this.servers = Array.from({ length: SERVERS }, (_, i) => this.#serverOf(nodeId(i), i));
  }

  get isStarted(): boolean {
    return this.#pid() !== undefined;
  }

  async start(): Promise<void> {
    const { dist, basePort, narrator } = this.#options;
    const inUse = await portsInUse(this.servers.map((_, i) => basePort + i));
    if (this.isStarted) {
      if (inUse.length === SERVERS) return;
      throw new Failure('a cluster of `make` runs already, on other ports or in part; `make stop` ends it');
    }
    if (inUse.length > 0) throw new Failure(`port ${inUse.join(', ')} in use; choose others by BASE_PORT=N`);
    mkdirSync('data', { recursive: true });
    const log = openSync(LOG, 'w');
    const args = [join(dist, PROGRAM), '--base-port', `${basePort}`];
    const child = spawn(process.execPath, ['--enable-source-maps', ...args], {
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    child.unref();
    if (child.pid === undefined) throw new Failure(`${process.execPath} cannot be run`);
    writeFileSync(PID, `${child.pid}\n`);
    narrator.step(`started \`npm run cluster\` in the background, with its output in ${LOG}`);
  }

  lastWords(): string[] {
    if (!existsSync(LOG)) return [];
    return readFileSync(LOG, 'utf8')
      .split('\n')
      .filter((line) => line.includes(' error: '));
  }

  async stop(): Promise<string> {
    const pid = this.#pid();
    rmSync(PID, { force: true });
    if (pid !== undefined) {
      process.kill(pid, 'SIGTERM');
      await until('the processes end', async () => (isCluster(pid) ? undefined : true));
      return 'the processes have ended; their counters stay in data/cluster';
    }
    const inUse = await portsInUse(this.servers.map((_, i) => this.#options.basePort + i));
    return inUse.length === 0
      ? 'nothing was running'
      : `\`make\` did not start what listens on port ${inUse.join(', ')}: end it where it was started`;
  }

  async followLogs(): Promise<string> {
    if (!this.isStarted) throw new Failure('no processes run that `make` has started; `make` starts them');
    await endOf(spawn('tail', ['-n', '100', '-f', LOG], { stdio: ['ignore', 'inherit', 'inherit'] }));
    return 'ended';
  }

  async startFurther({ id, offset, isFinding }: FurtherServer): Promise<Running> {
    const { dist, basePort } = this.#options;
    const port = basePort + offset;
    if ((await portsInUse([port])).length > 0) throw new Failure(`port ${port} for ${id} is in use`);
    const dataDir = mkdtempSync(join(tmpdir(), 'g-counter-make-'));
    const args = [
      '--port',
      `${port}`,
      '--node-id',
      id,
      '--data-dir',
      dataDir,
      '--cluster',
      `local-${basePort}`,
    ];
    // Beacons on the loopback device are for Linux.
    if (!isFinding) args.push('--disable-discovery');
    else if (process.platform !== 'linux') args.push('--peers', `127.0.0.1:${basePort}`);
    const child = spawn(process.execPath, [join(dist, 'g-counter-server.cjs'), ...args], {
      env: {},
      stdio: 'ignore',
    });
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    const end = endOf(child);
    return {
      server: this.#serverOf(id, offset),
      async stop() {
        child.kill('SIGTERM');
        await end;
        process.off('exit', kill);
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  }

  #serverOf(id: string, offset: number): Server {
    const port = this.#options.basePort + offset;
    return { id, url: urlOf(port), address: `127.0.0.1:${port}` };
  }

  /** The process that `start` began; undefined if it has ended, even if another has its id now. */
  #pid(): number | undefined {
    try {
      const pid = Number(readFileSync(PID, 'utf8'));
      return isCluster(pid) ? pid : undefined;
    } catch {
      return undefined;
    }
  }
}

/** Whether the process with this id is one of ours. */
function isCluster(pid: number): boolean {
  if (process.platform !== 'linux') {
    return spawnSync('ps', ['-o', 'args=', '-p', `${pid}`], { encoding: 'utf8' }).stdout.includes(PROGRAM);
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(PROGRAM);
  } catch {
    return false;
  }
}

const endOf = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
