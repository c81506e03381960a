/**
 * Runs the servers of a local cluster as child processes and prints their logs. A server that ends early does not end
 * the others, and can be started again; a stop signal is passed on to all, and none outlives this process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readLines } from '../../runtime/lines.ts';
import type { Log } from '../../runtime/log.ts';
import { onStopSignal } from '../stop-signals.ts';
import { readableLogLine } from './log-line.ts';
import { EnterKey } from './enter-key.ts';
import { HOST } from './ports.ts';

export interface LocalServer {
  readonly id: string;
  readonly port: number;
  readonly dataDir: string;
}

export interface SupervisorOptions {
  readonly servers: readonly LocalServer[];
  /** The name of the cluster. */
  readonly cluster: string;
  /** The path of the server's bundle. */
  readonly program: string;
  readonly say: Log;
}

const STOP = 'SIGTERM';

/** Resolves when no server is left: with 0 if the last run of each stopped when told to, or else with 1. */
export async function supervise(options: SupervisorOptions): Promise<number> {
  const children = new Set<ChildProcess>();
  /** The servers that have ended without being told to. */
  const down = new Set<LocalServer>();
  let isStopping = false;

  process.once('exit', () => {
    for (const child of children) child.kill('SIGKILL');
  });
  onStopSignal(() => {
    isStopping = true;
    for (const child of children) child.kill(STOP);
  });
  const enter = new EnterKey(() => {
    if (isStopping) return;
    for (const server of down) void run(server);
    down.clear();
  });

  let finish: (status: number) => void = () => {};
  const finished = new Promise<number>((resolve) => (finish = resolve));
  const run = async (server: LocalServer): Promise<void> => {
    const log = (text: string): void => options.say(text.replaceAll(/^/gm, `${server.id} | `));
    const child = start(server, options);
    children.add(child);
    const end = endOf(child);
    if (child.stderr !== null) {
      readLines(
        child.stderr,
        (line) => log(readableLogLine(line)),
        () => {},
      );
    }
    const how = await end;
    children.delete(child);
    // A server that has only just been started is ended by the signal itself.
    if (!(isStopping && (how === 'with status 0' || how === `by ${STOP}`))) {
      down.add(server);
      const offer =
        !isStopping && children.size > 0 && enter.listen() ? '; press Enter to start it again' : '';
      log(`error: ended${isStopping ? '' : ' unexpectedly'}, ${how}${offer}`);
    }
    if (children.size === 0) finish(down.size === 0 ? 0 : 1);
  };
  for (const server of options.servers) void run(server);
  const status = await finished;
  enter.close();
  return status;
}

function start(
  { id, port, dataDir }: LocalServer,
  { servers, cluster, program }: SupervisorOptions,
): ChildProcess {
  const peers = servers.filter((other) => other.id !== id).map((other) => `${HOST}:${other.port}`);
  const args = ['--port', `${port}`, '--node-id', id, '--data-dir', dataDir, '--cluster', cluster];
  if (peers.length > 0) args.push('--peers', peers.join(','));
  return spawn(process.execPath, [...process.execArgv, program, ...args], {
    // What is set for a single server, such as PORT or ADVERTISE, would be wrong for several.
    env: {},
    // In a process group of its own, it does not receive the terminal's signals in addition to ours.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/** Resolves with how a process ended, once all of its output has been read. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (status, signal) =>
      resolve(signal === null ? `with status ${status}` : `by ${signal}`),
    );
  });
}
