/**
 * What being in a cluster costs, measured side by side in one run: `npm run bench:cluster`. Three servers and the client
 * share one machine. Traffic is measured on a loopback device of their own, if the machine allows that.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { growth } from './growth.ts';
import { type LoadResult, load } from './http-load.ts';
import { median } from './median.ts';
import { type Server, fill, increment, print, round, start, startCounters, stop } from './server-process.ts';

const ROUNDS = 5;
const ROUND_MS = 3000;
const CONNECTIONS = 64;
const INCREMENTS = 200;
const IDLE_MS = 30_000;

/** Connections that are kept alive would be closed in the middle of a measurement. */
const CLOSE = { headers: { connection: 'close' } };

const pass = (durationMs: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, durationMs));

const startPeer = (directory: string, nodeId: string, peers: readonly Server[]): Promise<Server> => {
  const seeds = peers.map(({ port }) => `127.0.0.1:${port}`).join(',');
  const args = ['--port', '0', '--node-id', nodeId, '--data-dir', join(directory, nodeId)];
  return start('bin/g-counter-server', [...args, '--discovery-port', '7999', '--peers', seeds]);
};

async function startThree(directory: string): Promise<Server[]> {
  const servers: Server[] = [];
  for (const nodeId of ['a', 'b', 'c']) servers.push(await startPeer(directory, nodeId, servers));
  for (const server of servers) await until(async () => (await json(server, '/peers')).length === 2);
  return servers;
}

async function json({ port }: Server, path: string): Promise<unknown[]> {
  const body: unknown = await (await fetch(`http://127.0.0.1:${port}${path}`, CLOSE)).json();
  return Array.isArray(body) ? body : [body];
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await pass(20);
}

async function valueOf({ port }: Server, key: string): Promise<string> {
  const text = await (await fetch(`http://127.0.0.1:${port}/counter/${key}`, CLOSE)).text();
  return /"value":(\d+)/.exec(text)?.[1] ?? '';
}

async function throughput(directory: string): Promise<void> {
  const alone = await startCounters(join(directory, 'alone'));
  const servers = await startThree(directory);
  const [first = alone] = servers;
  const keys = 100;
  const run = ({ port }: Server, durationMs = ROUND_MS): Promise<LoadResult> =>
    load({
      port,
      connections: CONNECTIONS,
      durationMs,
      request: (n) => increment(`key-${(n * 611_953) % keys}`),
    });
  await run(alone, 1000);
  await run(first, 1000);
  const pairs: { alone: number; peers: number }[] = [];
  for (let count = 0; count < ROUNDS; count++) {
    pairs.push({ alone: (await run(alone)).perSecond, peers: (await run(first)).perSecond });
  }
  print('increments per second, alone', round(median(pairs.map((pair) => pair.alone))));
  print('increments per second, with two peers', round(median(pairs.map((pair) => pair.peers))));
  const ratios = pairs.map((pair) => pair.peers / pair.alone);
  print(
    '  share of it (at least 0.8)',
    `${median(ratios).toFixed(2)} (${ratios.map((ratio) => ratio.toFixed(2)).join(' ')})`,
  );
  await stop(alone);
  await propagation(servers);
  for (const server of servers) await stop(server);
}

/** How long it takes until an increment is visible on all other servers. */
async function propagation([first, ...others]: readonly Server[]): Promise<void> {
  if (first === undefined) return;
  const timesMs: number[] = [];
  for (let count = 1; count <= INCREMENTS; count++) {
    const askedMs = performance.now();
    await fetch(`http://127.0.0.1:${first.port}/counter/incr/propagated`, { method: 'POST' });
    for (const other of others) while ((await valueOf(other, 'propagated')) !== String(count));
    timesMs.push(performance.now() - askedMs);
    await pass(Math.random() * 50);
  }
  const sorted = timesMs.toSorted((a, b) => a - b);
  print('all peers show an increment after (median below 100 ms)', `${median(timesMs).toFixed(0)} ms`);
  print('  p99', `${(sorted[Math.floor(sorted.length * 0.99)] ?? NaN).toFixed(0)} ms`);
}

/** Bytes that have passed through the loopback device, headers included. */
function loopbackBytes(): number {
  const [, bytes = 'NaN'] = /\blo:\s*(\d+)/.exec(readFileSync('/proc/net/dev', 'utf8')) ?? [];
  return Number(bytes);
}

/** Runs in a network namespace of its own. */
async function idle(counters: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'g-counter-bench-'));
  try {
    const servers = await startThree(directory);
    const [first] = servers;
    if (first !== undefined && counters > 0) await fill(first, counters);
    for (const server of servers) {
      await until(async () => (await valueOf(server, `key-${counters - 1}`)) === (counters > 0 ? '1' : '0'));
    }
    await pass(10_000);
    const before = loopbackBytes();
    await pass(IDLE_MS);
    // What one server sends, another receives.
    const perServer = (2 * (loopbackBytes() - before)) / servers.length / (IDLE_MS / 1000);
    print(
      `idle, ${round(counters)} counters: sent and received per server (below 2,000)`,
      `${round(perServer)} bytes/s`,
    );
    for (const server of servers) await stop(server, 'SIGKILL');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** An empty server joins a busy one that has a million counters. */
async function joining(directory: string): Promise<void> {
  const counters = 1_000_000;
  const full = await startPeer(directory, 'full', []);
  await fill(full, counters);
  const request = (n: number): Buffer => increment(`key-${(n * 611_953) % counters}`);
  const work = (durationMs: number): Promise<LoadResult> =>
    load({ port: full.port, connections: 4, durationMs, request });
  const before = await work(5000);
  const startedMs = performance.now();
  const joined = await startPeer(directory, 'joining', [full]);
  const during: LoadResult[] = [];
  for (;;) {
    during.push(await work(1000));
    const text = await (await fetch(`http://127.0.0.1:${joined.port}/health`)).text();
    if (text.includes(`"counters":${counters}`)) break;
  }
  print(
    'a server joins one with 1,000,000 counters within',
    `${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
  );
  print(
    '  increments there meanwhile: p99',
    `${median(during.map(({ p99Ms }) => p99Ms)).toFixed(1)} ms, before ${before.p99Ms.toFixed(1)} ms`,
  );
  await stop(full, 'SIGKILL');
  await stop(joined, 'SIGKILL');
}

async function main([mode, counters]: string[]): Promise<void> {
  if (mode === 'idle') return idle(Number(counters));
  const directory = mkdtempSync(join(tmpdir(), 'g-counter-bench-'));
  try {
    await throughput(directory);
    await joining(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
  for (const count of [0, 100_000]) {
    const program = `ip link set lo up && exec "$0" "$1" idle ${count}`;
    const { status } = spawnSync(
      'unshare',
      ['-rn', 'sh', '-c', program, process.execPath, process.argv[1] ?? ''],
      { stdio: 'inherit' },
    );
    if (status !== 0) print('idle traffic', 'not measured: this machine gives no network of its own');
  }
  await growth();
}

void main(process.argv.slice(2));
