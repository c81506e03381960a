import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { LineWriter, readLines } from '../maelstrom/lines.ts';
import { decodeMessage } from '../maelstrom/message.ts';
import type { HostEvents, StartHost } from './host.ts';

export interface ProcessHostOptions {
  /** The program, started once per node in the system's temporary directory, as Maelstrom does. */
  readonly bin: string;
  readonly args: readonly string[];
  /** Where each node's stderr goes, as `<node id>.log`. */
  readonly logDirectory: string;
  /** Told every line of every node's stderr as well. */
  readonly onStderr: ((nodeId: string, line: string) => void) | undefined;
}

const STDERR_LINES_SHOWN = 10;

/** Hosts each node as a process of its own. */
export function processHosts({ bin, args, logDirectory, onStderr }: ProcessHostOptions): StartHost {
  return (nodeId, events) => {
    const logFile = join(logDirectory, `${nodeId}.log`);
    const log = openSync(logFile, 'a');
    const child = spawn(resolve(bin), args, {
      cwd: tmpdir(),
      // Straight into the file unless somebody wants to watch.
      stdio: ['pipe', 'pipe', onStderr === undefined ? log : 'pipe'],
    });
    const [stdin, stdout] = [child.stdin, child.stdout];
    if (stdin === null || stdout === null) throw new Error('stdin and stdout are pipes');
    const ended = new Promise<void>((done) => child.once('close', () => done()));
    let killed = false;

    // What ends a node is reported by its end; a write into the pipe of a node that is gone says nothing more.
    stdin.on('error', () => {});
    child.once('error', (error) => events.onFailure(`could not be started: ${error.message}`));
    child.once('close', () => {
      closeSync(log);
      if (!killed) events.onFailure(`${describeEnd(child)}${lastLines(logFile)}`);
    });
    readLines(stdout, (line) => takeLine(line, events), ignore);
    if (child.stderr !== null) {
      const copy = (line: string): void => {
        writeSync(log, `${line}\n`);
        onStderr?.(nodeId, line);
      };
      readLines(child.stderr, copy, ignore);
    }
    const lines = new LineWriter(stdin);
    return {
      deliver: (message) => lines.write(JSON.stringify(message)),
      async kill() {
        killed = true;
        child.kill('SIGKILL');
        if (child.pid !== undefined) await ended;
      },
      pause: () => void child.kill('SIGSTOP'),
      resume: () => void child.kill('SIGCONT'),
    };
  };
}

const ignore = (): void => {};

/** Maelstrom accepts no other keys, and stops listening to a node that writes anything else to stdout. */
const MESSAGE_KEYS = new Set(['id', 'src', 'dest', 'body']);

function takeLine(line: string, events: HostEvents): void {
  const message = decodeMessage(line);
  if (message === undefined || !Object.keys(message).every((key) => MESSAGE_KEYS.has(key))) {
    events.onFailure(`wrote a line that is not a message: ${line.slice(0, 500)}`);
  } else {
    events.onMessage(message);
  }
}

function describeEnd({ exitCode, signalCode }: ChildProcess): string {
  return signalCode === null ? `exited with status ${exitCode}` : `was ended by ${signalCode}`;
}

function lastLines(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-STDERR_LINES_SHOWN);
  return lines.join('') === ''
    ? ', having written nothing to stderr'
    : `; its stderr ended with\n  ${lines.join('\n  ')}`;
}
