/** A launcher of local processes, as somebody runs it in a terminal. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { eventually } from './eventually.ts';

const running = new Set<ClusterProcess>();

/** Ends all that tests of this file have started. */
export async function stopClusters(): Promise<void> {
  for (const cluster of running) cluster.signal('SIGTERM');
  await Promise.all([...running].map(({ exit }) => exit));
}

/** The launcher with what it has started, in a group of its own, as in a terminal. */
export class ClusterProcess {
  readonly lines: string[] = [];
  readonly exit: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(program: string, args: readonly string[], stdin: 'ignore' | 'pipe') {
    const child = spawn('node', [program, ...args], { stdio: [stdin, 'pipe', 'inherit'], detached: true });
    this.#child = child;
    running.add(this);
    if (child.stdout !== null)
      createInterface({ input: child.stdout }).on('line', (line) => this.lines.push(line));
    this.exit = new Promise((resolve) =>
      child.once('close', (status) => {
        running.delete(this);
        resolve(status);
      }),
    );
  }

  /** Writes to its stdin. */
  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  endInput(): void {
    this.#child.stdin?.end();
  }

  get isRunning(): boolean {
    return running.has(this);
  }

  /** To the whole group, as a terminal does. */
  signal(name: NodeJS.Signals): void {
    if (this.#child.pid !== undefined && this.isRunning) process.kill(-this.#child.pid, name);
  }

  says(...texts: string[]): Promise<void> {
    return eventually(() => {
      const missing = texts.filter((text) => !this.lines.includes(text));
      if (missing.length > 0) throw new Error(`${missing.join(', ')} is not in\n${this.lines.join('\n')}`);
    });
  }
}
