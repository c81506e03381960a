/** Runs of g-counter-server that end by themselves. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. `onStart` gets its process. */
export async function command(
  args: readonly string[],
  onStart: (child: ChildProcess) => void = () => {},
): Promise<Ended> {
  const child = spawn('bin/g-counter-server', args, {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onStart(child);
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await closed, stdout, stderr };
}

/** Runs a server that cannot serve: there is no data directory, unless one is named. */
export function unserved(args: readonly string[], env: Readonly<Record<string, string>> = {}): Ended {
  const { status, stdout, stderr } = spawnSync('bin/g-counter-server', args, {
    encoding: 'utf8',
    // One that serves instead would never end.
    timeout: 30_000,
    env: { PATH: process.env['PATH'], DATA_DIR: '/dev/null/data', PORT: '0', ...env },
  });
  return { status, stdout, stderr };
}
