/**
 * What the client makes of increments, beside ioredis with automatic pipelining: `npm run bench:client`. One process calls
 * `increment` on 100 counters, or `incr` on 100 keys, with so many calls waiting at a time. The server and Redis both have
 * each increment on the disk when its promise resolves.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { CounterClient } from '../../src/client/client.ts';
import { type Figures, closedLoop, figuresText, medians, ratio } from './closed-loop.ts';
import { RedisAlone, hasRedis } from './redis.ts';
import { print, startCounters, stop } from './server-process.ts';

const KEYS = Array.from({ length: 100 }, (_, n) => `key-${n}`);
const AT_ONCE = [100, 1000, 10_000, 50_000];
const ROUNDS = 5;
const ROUND_MS = 2000;
const WARM_UP_MS = 1000;

interface Contender {
  readonly name: string;
  readonly pids: readonly number[];
  readonly increment: (key: string) => Promise<number>;
  readonly close: () => Promise<void>;
}

async function openClient(): Promise<Contender> {
  const directory = mkdtempSync(join(tmpdir(), 'g-counter-bench-'));
  const server = await startCounters(directory);
  const client = new CounterClient({ endpoints: [`http://127.0.0.1:${server.port}`] });
  return {
    name: 'the client',
    pids: [server.child.pid ?? 0],
    increment: (key) => client.increment(key),
    async close() {
      await client.close();
      await stop(server);
      rmSync(directory, { recursive: true });
    },
  };
}

async function openRedis(): Promise<Contender> {
  const server = await RedisAlone.start();
  const redis = new Redis({ host: '127.0.0.1', port: server.port, enableAutoPipelining: true });
  return {
    name: 'ioredis',
    pids: server.pids,
    increment: (key) => redis.incr(key),
    async close() {
      await redis.quit();
      await server.stop();
    },
  };
}

const run = ({ pids, increment }: Contender, atOnce: number, durationMs: number): Promise<Figures> =>
  closedLoop({ atOnce, durationMs, pids, request: (n) => increment(KEYS[n % KEYS.length] ?? '') });

async function main(): Promise<void> {
  const client = await openClient();
  const contenders = hasRedis ? [client, await openRedis()] : [client];
  try {
    for (const atOnce of AT_ONCE) {
      const rounds = contenders.map((): Figures[] => []);
      for (const contender of contenders) await run(contender, atOnce, WARM_UP_MS);
      for (let round = 0; round < ROUNDS; round++) {
        for (const [index, contender] of contenders.entries()) {
          rounds[index]?.push(await run(contender, atOnce, ROUND_MS));
        }
      }
      for (const [index, { name }] of contenders.entries())
        print(`${name}, ${atOnce} at once`, figuresText(medians(rounds[index] ?? [])));
      const [ours = [], theirs = []] = rounds;
      if (hasRedis)
        print(`against ioredis, ${atOnce} at once`, `${ratio(ours, theirs).toFixed(2)} times as many`);
    }
  } finally {
    for (const contender of contenders) await contender.close();
  }
}

void main();
