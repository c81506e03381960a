/**
 * Hosts each node as a process of its own, as Maelstrom does: messages on stdin and stdout, stderr into a file. Pausing is
 * SIGSTOP and killing SIGKILL, sent to the whole process group, and no node outlives this process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { LineWriter, readLines } from '../../runtime/lines.ts';
import { decodeMessage } from '../../maelstrom/message.ts';
import { systemClock } from '../../runtime/system.ts';
import type { HostEvents, StartHost, Unfinished } from './host.ts';

export interface ProcessHostOptions {
  /** The program, started once per node, in the system's temporary directory, as Maelstrom does. */
  readonly bin: string;
  readonly args: readonly string[];
  /** Where each node's stderr goes, as `<node id>.log`. */
  readonly logDirectory: string;
  /** Also gets every line of every node's stderr. */
  readonly onStderr: ((nodeId: string, line: string) => void) | undefined;
}

const STDERR_LINES_SHOWN = 10;
/** How long after its exit to wait for the rest of a node's output. */
const LAST_OUTPUT_MS = 200;

export function processHosts({ bin, args, logDirectory, onStderr }: ProcessHostOptions): StartHost {
  return (nodeId, events) => {
    const logFile = join(logDirectory, `${nodeId}.log`);
    const log = openSync(logFile, 'a');
    const child = spawn(resolve(bin), args, {
      cwd: tmpdir(),
      // A group of its own, so that a signal reaches what the program may have started in turn.
      detached: true,
      // Straight into the file, unless it is also to be shown.
      stdio: ['pipe', 'pipe', onStderr === undefined ? log : 'pipe'],
    });
    closeSync(log);
    const [stdin, stdout] = [child.stdin, child.stdout];
    if (stdin === null || stdout === null) throw new Error('stdin and stdout are pipes');
    const ended = new Promise<void>((done) => child.once('exit', () => done()));
    let killed = false;
    alive.add(child);
    child.once('exit', () => alive.delete(child));

    // A node's end is reported when it exits; a failed write to its pipe tells nothing more.
    stdin.on('error', () => {});
    child.once('error', (error) => events.onEnd(`could not be started: ${describeError(error)}`));
    // Its last output comes before its end is reported, unless another process keeps its pipes open.
    const reportEnd = (): void => {
      if (!killed) events.onEnd(`${describeEnd(child)}${lastLines(logFile)}`);
      killed = true;
    };
    child.once('close', reportEnd);
    child.once('exit', () => systemClock.after(LAST_OUTPUT_MS, reportEnd));
    // A node that is killed may leave half a line behind.
    readLines(stdout, (line) => killed || takeLine(line, events), ignore);
    const unfinished = new UnfinishedLine();
    stdout.on('data', (text) => unfinished.take(String(text)));
    if (child.stderr !== null) {
      const copy = (line: string): void => {
        onStderr?.(nodeId, line);
        try {
          appendFileSync(logFile, `${line}\n`);
        } catch {
          // A full disk is reported by what records the run.
        }
      };
      readLines(child.stderr, copy, ignore);
    }
    const lines = new LineWriter(stdin);
    return {
      deliver: (message) => lines.write(JSON.stringify(message)),
      async kill() {
        killed = true;
        signal(child, 'SIGKILL');
        if (child.pid !== undefined) await ended;
        // A process that has left the group may still hold the other ends.
        for (const stream of child.stdio) stream?.destroy();
      },
      pause: () => signal(child, 'SIGSTOP'),
      resume: () => signal(child, 'SIGCONT'),
      unfinished: () => unfinished.now(),
    };
  };
}

const ignore = (): void => {};

/** How much of an unfinished line is kept. */
const START_CHARS = 100;

/** Watches for output that has no line end. */
class UnfinishedLine {
  #bytes = 0;
  #start = '';
  #beganMs = 0;

  take(text: string): void {
    const end = text.lastIndexOf('\n');
    if (end !== -1) [this.#bytes, this.#start] = [0, ''];
    const rest = text.slice(end + 1);
    if (rest !== '' && this.#bytes === 0) this.#beganMs = systemClock.nowMs();
    this.#bytes += Buffer.byteLength(rest);
    if (this.#start.length < START_CHARS) this.#start += rest.slice(0, START_CHARS - this.#start.length);
  }

  now(): Unfinished | undefined {
    if (this.#bytes === 0) return undefined;
    return { bytes: this.#bytes, text: this.#start, ageMs: systemClock.nowMs() - this.#beganMs };
  }
}

/** The running nodes, which must not outlive this process. */
const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) signal(child, 'SIGKILL');
});

/** Signals the whole process group, which may be gone. */
function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Maelstrom accepts no other keys, and gives up on a node that writes anything else to stdout. */
const MESSAGE_KEYS = new Set(['id', 'src', 'dest', 'body']);

/** Nor does it accept a byte-order mark, as parseJson does. */
const MARKED = /^\ufeff/;

/** Nor does it accept 3.0 as an integer, as parseJson does. */
const FRACTIONAL_INTEGER = /"(?:value|msg_id|in_reply_to)"\s*:\s*-?\d+(?:\.|[eE])/;

function takeLine(line: string, events: HostEvents): void {
  const message = decodeMessage(line);
  if (
    message === undefined ||
    !Object.keys(message).every((key) => MESSAGE_KEYS.has(key)) ||
    MARKED.test(line) ||
    FRACTIONAL_INTEGER.test(line)
  ) {
    events.onGarbage(`wrote a line that is not a message: ${line.slice(0, 500)}`);
  } else {
    events.onMessage(message);
  }
}

/** A program that is there, but cannot be found, is a script whose first line names an interpreter that is not there. */
const describeError = (error: Error): string =>
  'code' in error && error.code === 'ENOENT'
    ? 'the interpreter that its first line names is not found'
    : error.message;

function describeEnd({ exitCode, signalCode }: ChildProcess): string {
  return signalCode === null ? `exited with status ${exitCode}` : `was ended by ${signalCode}`;
}

/** Returns the end of a log of any size. */
function tail(logFile: string): string {
  const log = openSync(logFile, 'r');
  try {
    const { size } = fstatSync(log);
    const bytes = Buffer.alloc(Math.min(size, 2 ** 16));
    readSync(log, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString();
  } finally {
    closeSync(log);
  }
}

function lastLines(logFile: string): string {
  const lines = tail(logFile).trimEnd().split('\n').slice(-STDERR_LINES_SHOWN);
  return lines.join('') === ''
    ? ', having written nothing to stderr'
    : `; its stderr ended with\n  ${lines.join('\n  ')}`;
}
