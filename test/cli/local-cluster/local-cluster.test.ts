/** Several servers on this machine, started and stopped together. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { type Server, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ClusterProcess, stopClusters } from '../../support/cluster-process.ts';
import { eventually } from '../../support/eventually.ts';
import { numberFrom, objectFrom } from '../../support/json.ts';
import { freeBasePort, isOpen } from '../../support/ports.ts';
import { stopServers, temporaryDirectory } from '../../support/server-process.ts';

const PROGRAM = 'dist/g-counter-cluster.cjs';

afterAll(async () => {
  await stopClusters();
  await stopServers();
});

async function start(
  dataDir = join(temporaryDirectory(), 'data'),
  stdin: 'ignore' | 'pipe' = 'ignore',
): Promise<{ readonly cluster: ClusterProcess; readonly port: number }> {
  const port = await freeBasePort(3);
  return {
    cluster: new ClusterProcess(PROGRAM, ['--base-port', `${port}`, '--data-dir', dataDir], stdin),
    port,
  };
}

/** Kills the server that has locked a directory. */
function killServerOf(dataDir: string): void {
  const lock = readdirSync(dataDir).find((name) => name.startsWith('lock-')) ?? '';
  process.kill(Number(/^lock-(\d+)/.exec(lock)?.[1]), 'SIGKILL');
}

const serving = (port: number, ...nodes: number[]): string[] =>
  nodes.map((node) => `node-${node} | serving http://127.0.0.1:${port + node - 1} (counters 0)`);

async function countOn(port: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/count`);
  return numberFrom(objectFrom(await answer.json())['count']);
}

test('increments on one server are seen on the others, and Ctrl-C ends them all', async () => {
  const { cluster, port } = await start();
  await cluster.says(...serving(port, 1, 2, 3));
  expect(cluster.lines.slice(0, 3).join('\n')).toMatch(
    new RegExp(`Ctrl-C.* http://127\\.0\\.0\\.1:${port}/ .*\n.*\n.*curl .*:${port}/increment`),
  );
  for (const node of [port, port + 1]) await fetch(`http://127.0.0.1:${node}/increment`, { method: 'POST' });
  for (const node of [port, port + 1, port + 2]) {
    await eventually(async () => expect(await countOn(node)).toBe(2));
  }
  cluster.signal('SIGINT');
  expect(await cluster.exit).toBe(0);
  const ends = cluster.lines.filter((line) => /stopped|error|warning/.test(line));
  expect(ends.toSorted()).toEqual(
    [1, 2, 3].map((node) => `node-${node} | stopped (reason SIGTERM, counters 1)`),
  );
});

test('a server that ends unexpectedly is reported, the others go on, and the exit status is 1', async () => {
  const dataDir = temporaryDirectory();
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(join(dataDir, 'node-2'), 'no directory');
  const { cluster, port } = await start(dataDir);
  await cluster.says(...serving(port, 1, 3), 'node-2 | error: ended unexpectedly, with status 1');
  expect(cluster.lines).toContainEqual(expect.stringMatching(/^node-2 \| error: .*node-2/));
  expect(await countOn(port + 2)).toBe(0);
  cluster.signal('SIGTERM');
  expect(await cluster.exit).toBe(1);
});

test('a server that was killed is started again with Enter, and then nothing has failed', async () => {
  const dataDir = temporaryDirectory();
  const { cluster, port } = await start(dataDir, 'pipe');
  await cluster.says(...serving(port, 1, 2, 3));
  await fetch(`http://127.0.0.1:${port}/increment`, { method: 'POST' });
  for (const node of [2, 3]) {
    await eventually(async () => expect(await countOn(port + node - 1)).toBe(1));
    killServerOf(join(dataDir, `node-${node}`));
    await cluster.says(`node-${node} | error: ended unexpectedly, by SIGKILL; press Enter to start it again`);
  }
  expect(await isOpen(port + 1)).toBe(false);
  cluster.type('\n');
  const again = (node: number): string =>
    `node-${node} | serving http://127.0.0.1:${port + node - 1} (counters 1)`;
  await cluster.says(again(2), again(3));
  expect(await countOn(port + 2)).toBe(1);
  // There is nothing to start any more.
  cluster.type('\n');
  cluster.signal('SIGINT');
  expect(await cluster.exit).toBe(0);
  expect(cluster.lines.filter((line) => line.includes('serving'))).toHaveLength(5);
});

test('a server that was killed and not started again is a failure', async () => {
  const dataDir = temporaryDirectory();
  const { cluster, port } = await start(dataDir, 'pipe');
  await cluster.says(...serving(port, 1, 2, 3));
  killServerOf(join(dataDir, 'node-3'));
  await cluster.says('node-3 | error: ended unexpectedly, by SIGKILL; press Enter to start it again');
  cluster.endInput();
  cluster.signal('SIGTERM');
  expect(await cluster.exit).toBe(1);
});

test('a cluster without any server left ends', async () => {
  const dataDir = temporaryDirectory();
  const { cluster, port } = await start(dataDir, 'pipe');
  await cluster.says(...serving(port, 1, 2, 3));
  for (const node of [1, 2, 3]) killServerOf(join(dataDir, `node-${node}`));
  expect(await cluster.exit).toBe(1);
});

test('a second Ctrl-C does not wait for open requests', async () => {
  const { cluster, port } = await start();
  await cluster.says(...serving(port, 1, 2, 3));
  // A request whose rest never comes.
  const client = connect(port, '127.0.0.1');
  const isGone = new Promise((resolve) => client.once('close', resolve));
  client.on('error', () => {});
  client.write('POST /increment HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n');
  client.write('Content-Length: 14\r\nExpect: 100-continue\r\n\r\n{"amount"');
  await new Promise((resolve) => client.once('data', resolve));

  cluster.signal('SIGINT');
  await cluster.says(...[2, 3].map((node) => `node-${node} | stopped (reason SIGTERM, counters 0)`));
  expect(cluster.isRunning).toBe(true);
  // Signals close together count as one Ctrl-C, so a single one might come too early.
  await eventually(() => {
    cluster.signal('SIGINT');
    expect(cluster.isRunning).toBe(false);
  });
  expect(await cluster.exit).toBe(1);
  await isGone;
  expect(cluster.lines.filter((line) => line.startsWith('node-1 | stopped'))).toEqual([]);
});

test('ports that are in use are named', async () => {
  const port = await freeBasePort(3);
  const taken = await Promise.all(
    [port, port + 2].map(
      (each) =>
        new Promise<Server>((resolve) => {
          const server = createServer().listen(each, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const { status, stdout, stderr } = spawnSync('node', [PROGRAM, '--base-port', `${port}`], {
    encoding: 'utf8',
  });
  for (const server of taken) server.close();
  expect([status, stdout, stderr]).toEqual([
    1,
    '',
    `g-counter-cluster: ports ${port}, ${port + 2} are taken; choose others with --base-port\n`,
  ]);
});

test.each([
  [['--frobnicate'], "Unknown option '--frobnicate'"],
  [['extra'], "Unexpected argument 'extra'"],
  [['--nodes', '0'], "--nodes takes a whole number from 1 to 100, not '0'"],
  [['--base-port', '65534'], "--base-port takes a whole number from 1 to 65533, not '65534'"],
])('%j fails with one line and status 2', (args, complaint) => {
  const { status, stdout, stderr } = spawnSync('node', [PROGRAM, ...args], { encoding: 'utf8' });
  expect([status, stdout, stderr]).toEqual([2, '', `g-counter-cluster: ${complaint}; see --help\n`]);
});

test('--help explains the options', () => {
  const { status, stdout, stderr } = spawnSync('node', [PROGRAM, '--help'], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  const explained = [...stdout.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, name]) => name);
  expect(explained).toEqual(['nodes', 'base-port', 'data-dir', 'help']);
});
