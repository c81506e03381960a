/**
 * What a backup of a million counters takes, and what an honest client notices of it: `npm run bench:backup`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { increments } from './honest-client.ts';
import { fill, megabytes, print, round, startCounters, stop } from './server-process.ts';

const COUNTERS = 1_000_000;
const ROUNDS = 3;

/** Backs up into a file, in another process. Resolves with how long that took, in seconds. */
async function backUp(port: number, file: string): Promise<number> {
  const startMs = performance.now();
  const child = spawn('curl', ['-sf', '-o', file, `http://127.0.0.1:${port}/backup`]);
  const status = await new Promise((resolve) => child.once('close', resolve));
  if (status !== 0) throw new Error(`curl ended with ${String(status)}`);
  return (performance.now() - startMs) / 1000;
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'g-counter-bench-'));
  try {
    const server = await startCounters(join(directory, 'data'));
    await fill(server, COUNTERS);
    const file = join(directory, 'backup');
    for (let count = 0; count < ROUNDS; count++) {
      print('increments, nobody else: p99, longest', await increments(server));
      const over = new AbortController();
      const seconds: number[] = [];
      const copying = (async () => {
        while (!over.signal.aborted) seconds.push(await backUp(server.port, file));
      })();
      print('increments during backups, one after the other', await increments(server));
      over.abort();
      await copying;
      print('  a backup takes', seconds.map((each) => `${each.toFixed(1)} s`).join(' '));
    }
    print('  of bytes', round(statSync(file).size));
    print('most memory', `${round(megabytes(server, 'VmHWM'))} MB`);
    await stop(server, 'SIGKILL');
    const startMs = performance.now();
    const { status } = spawnSync('bin/g-counter-server', ['restore', join(directory, 'restored')], {
      stdio: [openSync(file, 'r'), 'ignore', 'inherit'],
    });
    print(`restore takes (status ${status})`, `${((performance.now() - startMs) / 1000).toFixed(1)} s`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

void main();
