/**
 * Runs programs as child processes, side by side, and prints their logs. One that ends early does not end the others, and
 * can be started again; a stop signal is passed on to all, and none outlives this process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readLines } from '../../runtime/lines.ts';
import type { Log } from '../../runtime/log.ts';
import { onStopSignal } from '../stop-signals.ts';
import { EnterKey } from './enter-key.ts';
import { readableLogLine } from './log-line.ts';

export interface LocalProcess {
  /** What its lines begin with. */
  readonly id: string;
  readonly command: string;
  readonly args: readonly string[];
  /** All of its environment: what is set for a single program, such as PORT, would be wrong for several. */
  readonly env: Readonly<Record<string, string>>;
}

const STOP = 'SIGTERM';

/**
 * Each group needs those before it, so it is stopped before them. Resolves when no process is left: with 0 if the last run of
 * each stopped when told to, or else with 1.
 */
export async function supervise(groups: readonly (readonly LocalProcess[])[], say: Log): Promise<number> {
  const running = groups.map(() => new Set<ChildProcess>());
  const all = (): ChildProcess[] => running.flatMap((children) => [...children]);
  /** The processes that have ended without being told to, with their groups. */
  const down = new Map<LocalProcess, Set<ChildProcess>>();
  let isStopping = false;

  process.once('exit', () => {
    for (const child of all()) child.kill('SIGKILL');
  });
  const stopLastGroup = (): void => {
    const last = running.findLast((children) => children.size > 0) ?? [];
    for (const child of last) child.kill(STOP);
  };
  onStopSignal(() => {
    isStopping = true;
    stopLastGroup();
  });
  const enter = new EnterKey(() => {
    if (isStopping) return;
    for (const [each, group] of down) void run(each, group);
    down.clear();
  });

  let finish: (status: number) => void = () => {};
  const finished = new Promise<number>((resolve) => (finish = resolve));
  const run = async (each: LocalProcess, group: Set<ChildProcess>): Promise<void> => {
    const log = (text: string): void => say(text.replaceAll(/^/gm, `${each.id} | `));
    const child = start(each);
    group.add(child);
    const end = endOf(child);
    // For those who want to see what happens when it is killed.
    if (child.pid !== undefined) log(`started as process ${child.pid}`);
    if (child.stderr !== null) {
      readLines(
        child.stderr,
        (line) => {
          const readable = readableLogLine(line);
          if (readable !== undefined) log(readable);
        },
        () => {},
      );
    }
    const how = await end;
    group.delete(child);
    // One that has only just been started is ended by the signal itself.
    if (!(isStopping && (how === 'with status 0' || how === `by ${STOP}`))) {
      down.set(each, group);
      const offer =
        !isStopping && all().length > 0 && enter.listen() ? '; press Enter to start it again' : '';
      log(`error: ended${isStopping ? '' : ' unexpectedly'}, ${how}${offer}`);
    }
    if (all().length === 0) finish(down.size === 0 ? 0 : 1);
    else if (isStopping && group.size === 0) stopLastGroup();
  };
  for (const [i, group] of running.entries()) {
    for (const each of groups[i] ?? []) void run(each, group);
  }
  const status = await finished;
  enter.close();
  return status;
}

const start = ({ command, args, env }: LocalProcess): ChildProcess =>
  spawn(command, args, {
    env,
    // In a process group of its own, it does not receive the terminal's signals in addition to ours.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });

/** Resolves with how a process ended, once all of its output has been read. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (status, signal) =>
      resolve(signal === null ? `with status ${status}` : `by ${signal}`),
    );
  });
}
