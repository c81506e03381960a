/**
 * What the server costs, measured side by side in one run: `npm run bench:server`. 64 connections on loopback each send the
 * next request after the response to the last.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoadResult, load, post } from './http-load.ts';
import { median } from './median.ts';
import {
  type Server,
  fill,
  increment,
  metric,
  print,
  round,
  start,
  startCounters,
  stop,
} from './server-process.ts';

const ROUNDS = 5;
const ROUND_MS = 2000;
const CONNECTIONS = 64;
const MILLION = 1_000_000;

/** Parses the same requests, sends the same responses, and stores nothing. */
const bareServer = `
  let value = 0;
  require('node:http').createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const { amount } = JSON.parse(Buffer.concat(chunks).toString());
      const key = decodeURIComponent(request.url.slice('/counter/incr/'.length));
      const body = JSON.stringify({ key, node_id: 'node-1', new_value: (value += amount) });
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
      response.end(body);
    });
  }).listen(0, '127.0.0.1', function () { console.error('serving http://127.0.0.1:' + this.address().port); });`;

const run = ({ port }: Server, request: (n: number) => Buffer, durationMs = ROUND_MS): Promise<LoadResult> =>
  load({ port, connections: CONNECTIONS, durationMs, request });

function residentBytes({ child }: Server): number {
  const [, kilobytes = 'NaN'] =
    /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

const latencies = (results: readonly LoadResult[]): string =>
  `${median(results.map(({ p99Ms }) => p99Ms)).toFixed(1)} ms`;

/** Increments of `keys` counters in an order that no cache predicts. */
const among =
  (keys: number) =>
  (n: number): Buffer =>
    increment(`key-${(n * 611_953) % keys}`);

const batch = (first: number, count: number): Buffer => {
  const increments = Array.from({ length: count }, (_, n) => ({ key: `key-${first + n}`, amount: 1 }));
  return post('/counters/incr', JSON.stringify({ increments }));
};

/** The increments per second of Redis, or undefined if it is not installed. */
function redis(port: number): number | undefined {
  try {
    const output = execFileSync(
      'redis-benchmark',
      ['-p', String(port), '-t', 'incr', '-c', String(CONNECTIONS), '-n', '100000', '--csv'],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    return Number(/"INCR","([\d.]+)"/.exec(output)?.[1]);
  } catch {
    return undefined;
  }
}

async function startRedis(directory: string, port: number): Promise<ChildProcess | undefined> {
  const args = ['--port', String(port), '--dir', directory, '--appendonly', 'yes', '--appendfsync', 'always'];
  const child = spawn('redis-server', [...args, '--save', ''], { stdio: ['ignore', 'pipe', 'ignore'] });
  const started = new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false));
    child.stdout.on('data', (text) => String(text).includes('Ready to accept connections') && resolve(true));
  });
  return (await started) ? child : undefined;
}

async function throughput(directory: string): Promise<void> {
  const bare = await start(process.execPath, ['-e', bareServer]);
  const counters = await startCounters(join(directory, 'single'));
  const batchCounters = await startCounters(join(directory, 'batched'));
  const redisPort = counters.port === 16_379 ? 16_380 : 16_379;
  const redisServer = await startRedis(directory, redisPort);
  const few = among(100);
  const batches = Array.from({ length: 100 }, (_, n) => batch(n * 100, 100));
  const results: { bare: LoadResult; single: LoadResult; batched: LoadResult; redis: number }[] = [];
  await run(bare, few, 1000);
  await run(counters, few, 1000);
  for (let count = 0; count < ROUNDS; count++) {
    results.push({
      bare: await run(bare, few),
      single: await run(counters, few),
      batched: await run(batchCounters, (n) => batches[n % batches.length] ?? Buffer.alloc(0)),
      redis: redisServer === undefined ? NaN : (redis(redisPort) ?? NaN),
    });
  }
  const increments = await metric(counters, 'increments_total');
  const flushes = await metric(counters, 'flush_increments_count');
  const single = median(results.map((result) => result.single.perSecond));
  const batched = 100 * median(results.map((result) => result.batched.perSecond));
  print('increments per second, one a request', round(single));
  print('  p99 latency', latencies(results.map((result) => result.single)));
  print('bare node:http per second', round(median(results.map((result) => result.bare.perSecond))));
  print('  p99 latency', latencies(results.map((result) => result.bare)));
  print(
    '  share of it (at least 0.7)',
    median(results.map((result) => result.single.perSecond / result.bare.perSecond)).toFixed(2),
  );
  print('increments per second, 100 a request', round(batched));
  print('  multiple of one a request (at least 8)', (batched / single).toFixed(1));
  const redisPerSecond = median(results.map((result) => result.redis));
  if (redisServer === undefined) {
    print('Redis', 'not installed');
  } else {
    print('Redis INCR per second, appendfsync always', round(redisPerSecond));
    print('  one a request, share of it', (single / redisPerSecond).toFixed(2));
    print('  100 a request, multiple of it', (batched / redisPerSecond).toFixed(1));
  }
  print('syncs per increment, one a request', (flushes / increments).toFixed(4));
  redisServer?.kill();
  await stop(bare);
  await stop(counters);
  await stop(batchCounters);
}

async function million(directory: string): Promise<void> {
  const small = await startCounters(join(directory, 'small'));
  const data = join(directory, 'large');
  let large = await startCounters(data);
  const emptyBytes = residentBytes(large);
  await fill(large, MILLION);
  // A server that has just been filled is still optimised for such long requests.
  await stop(large);
  large = await startCounters(data);
  const sigtermStartMs = large.startMs;
  const counterBytes = (residentBytes(large) - emptyBytes) / MILLION;
  const few = among(100);
  const many = among(MILLION);
  await run(small, few, 1000);
  await run(large, many, 1000);
  const pairs: { few: LoadResult; many: LoadResult }[] = [];
  for (let count = 0; count < ROUNDS; count++) {
    pairs.push({ few: await run(small, few), many: await run(large, many) });
  }
  await stop(small);
  await stop(large, 'SIGKILL');
  large = await startCounters(data);
  const ratios = pairs.map((pair) => pair.few.perSecond / pair.many.perSecond);
  print('an update among 1,000,000 counters costs, of one among 100 (1.3)', median(ratios).toFixed(2));
  print(
    '  p99 latency',
    `${latencies(pairs.map((pair) => pair.many))}, among 100 ${latencies(pairs.map((pair) => pair.few))}`,
  );
  print('memory per counter, of 1,000,000', `${round(counterBytes)} bytes`);
  print('start with 1,000,000 counters after SIGTERM', `${round(sigtermStartMs)} ms`);
  print('start with 1,000,000 counters after SIGKILL', `${round(large.startMs)} ms`);
  await stop(large, 'SIGKILL');
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'g-counter-bench-'));
  try {
    await throughput(directory);
    await million(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

void main();
