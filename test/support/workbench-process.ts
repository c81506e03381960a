/** The workbench as a user starts it: a process, in a directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseJson } from '../../src/runtime/json.ts';
import { until } from './eventually.ts';

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningWorkbench {
  readonly process: ChildProcess;
  /** What it has printed so far, on stdout and stderr. */
  readonly output: () => string;
  readonly finished: Promise<Finished>;
}

/** Answers the `init` of a single node `n0`. */
export const answerInit =
  `read line; id=$(echo "$line" | sed 's/.*"src":"\\([^"]*\\)".*/\\1/'); ` +
  `echo '{"src":"n0","dest":"'$id'","body":{"type":"init_ok","in_reply_to":1}}'; `;

export class WorkbenchDirectory {
  readonly path = mkdtempSync(join(tmpdir(), 'g-counter-workbench-'));

  /** Starts the workbench; with `maxFileBlocks`, no file can grow beyond that many blocks, as if the disk were full. */
  start(args: readonly string[], maxFileBlocks: number | 'unlimited' = 'unlimited'): RunningWorkbench {
    const command = `ulimit -f ${maxFileBlocks}; exec "$0" "$@"`;
    const child = spawn('sh', ['-c', command, resolve('bin/g-counter-workbench'), ...args], {
      cwd: this.path,
      // Python is to buffer its output, as it does by itself.
      env: { ...process.env, PYTHONUNBUFFERED: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text) => (stdout += String(text)));
    child.stderr.on('data', (text) => (stderr += String(text)));
    return {
      process: child,
      output: () => stdout + stderr,
      finished: new Promise((done) => child.once('close', (status) => done({ status, stdout, stderr }))),
    };
  }

  /** Runs the workbench to its end. */
  run(args: readonly string[]): Promise<Finished> {
    return this.start(args).finished;
  }

  /** Starts the workbench, and interrupts it as soon as it has come that far. */
  async interrupt(args: readonly string[], hasComeFar: (output: string) => boolean): Promise<Finished> {
    const { process, output, finished } = this.start(args);
    await until(() => hasComeFar(output()));
    process.kill('SIGINT');
    return finished;
  }

  /** Writes a shell script that is a program, and returns its path. */
  program(name: string, script: string): string {
    const file = join(this.path, name);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
    return file;
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}

/** The objects in a file of JSON lines. */
export const readJsonLines = (file: string): Record<string, unknown>[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => Object(parseJson(line)));
