import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { post } from './http-load.ts';

/** A server to be measured. */
export interface Server {
  readonly child: ChildProcess;
  readonly port: number;
  /** From its start until it accepted requests. */
  readonly startMs: number;
}

export async function start(command: string, args: string[]): Promise<Server> {
  const startedMs = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  for await (const line of createInterface({ input: child.stderr })) {
    const port = /serving http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port !== undefined) return { child, port: Number(port), startMs: performance.now() - startedMs };
  }
  throw new Error(`${command} did not start`);
}

/** Starts a counter server alone. */
export const startCounters = (directory: string): Promise<Server> =>
  start('bin/g-counter-server', ['--port', '0', '--data-dir', directory, '--disable-discovery']);

export async function stop({ child }: Server, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  const closed = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await closed;
}

/** A figure of the process's memory in MB: VmHWM is the most that was resident, VmRSS what is. */
export function megabytes({ child }: Server, figure: 'VmHWM' | 'VmRSS'): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(new RegExp(`${figure}:\\s+(\\d+)`).exec(status)?.[1]) / 1000;
}

export const increment = (key: string): Buffer => post(`/counter/incr/${key}`, '{"amount":1}');

/** The sum of all samples of a metric. */
export async function metric({ port }: Server, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const samples = text.split('\n').filter((line) => line.startsWith(`g_counter_${name} `));
  return samples.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
}

/** Creates counters: key-0, key-1 and so on. */
export async function fill({ port }: Server, counters: number): Promise<void> {
  const size = 1000;
  for (let first = 0; first < counters; first += 64 * size) {
    const starts = Array.from({ length: 64 }, (_, n) => first + n * size).filter((at) => at < counters);
    await Promise.all(
      starts.map((at) =>
        fetch(`http://127.0.0.1:${port}/counters/incr`, {
          method: 'POST',
          // A connection that is kept alive would be closed in the middle of a measurement.
          headers: { 'content-type': 'application/json', connection: 'close' },
          body: JSON.stringify({
            increments: Array.from({ length: size }, (_, n) => ({ key: `key-${at + n}` })),
          }),
        }),
      ),
    );
  }
}

export const round = (value: number): string => Math.round(value).toLocaleString('en');
export const print = (what: string, figure: string): void => console.log(`${what.padEnd(64)} ${figure}`);
