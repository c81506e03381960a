/**
 * What the client makes of increments: `npm run bench:client`. One process calls `increment` on 100 keys, with so many calls
 * waiting at a time, against a server on a disk: each is on the disk when its promise resolves.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CounterClient } from '../../src/client/client.ts';
import { type Figures, closedLoop, figuresText, medians } from './closed-loop.ts';
import { print, startCounters, stop } from './server-process.ts';

const KEYS = Array.from({ length: 100 }, (_, n) => `key-${n}`);
const AT_ONCE = [100, 1000, 10_000];
const ROUNDS = 5;
const ROUND_MS = 2000;

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'g-counter-bench-'));
  const server = await startCounters(directory);
  const client = new CounterClient({ endpoints: [`http://127.0.0.1:${server.port}`] });
  const run = (atOnce: number): Promise<Figures> =>
    closedLoop({
      atOnce,
      durationMs: ROUND_MS,
      pids: [server.child.pid ?? 0],
      request: (n) => client.increment(KEYS[n % KEYS.length] ?? ''),
    });
  try {
    await run(1000);
    const rounds = new Map<number, Figures[]>(AT_ONCE.map((atOnce) => [atOnce, []]));
    for (let round = 0; round < ROUNDS; round++)
      for (const atOnce of AT_ONCE) rounds.get(atOnce)?.push(await run(atOnce));
    for (const [atOnce, figures] of rounds)
      print(`increments, ${atOnce} at once`, figuresText(medians(figures)));
  } finally {
    await client.close();
    await stop(server);
    rmSync(directory, { recursive: true });
  }
}

void main();
