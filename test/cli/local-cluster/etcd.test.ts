/** Servers on an etcd of this machine, started and stopped together. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ClusterProcess, stopClusters } from '../../support/cluster-process.ts';
import { etcdSuffix, hasEtcd } from '../../support/etcd-process.ts';
import { eventually, until } from '../../support/eventually.ts';
import { numberFrom, objectFrom } from '../../support/json.ts';
import { freeBasePort } from '../../support/ports.ts';
import { stopServers, temporaryDirectory } from '../../support/server-process.ts';

const PROGRAM = 'dist/g-counter-etcd.cjs';

afterAll(async () => {
  await stopClusters();
  await stopServers();
});

describe.skipIf(!hasEtcd)(`servers on etcd${etcdSuffix}`, () => {
  const started = async (port: number, dataDir: string, counters: number): Promise<ClusterProcess> => {
    const cluster = new ClusterProcess(PROGRAM, ['--base-port', `${port}`, '--data-dir', dataDir], 'pipe');
    const serving = (i: number): string =>
      `server-${i + 1} | serving http://127.0.0.1:${port + i} (counters ${counters})`;
    await cluster.says(serving(0), serving(1));
    return cluster;
  };

  async function request(port: number, path: string, method = 'GET'): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${port}/${path}`, { method });
    return numberFrom(objectFrom(await answer.json())['count']);
  }

  /** Kills what was last started under an id. */
  async function kill(cluster: ClusterProcess, id: string): Promise<void> {
    const start = cluster.lines.findLast((line) => line.startsWith(`${id} | started as process `));
    process.kill(Number(start?.split(' ').at(-1)), 'SIGKILL');
    await cluster.says(`${id} | error: ended unexpectedly, by SIGKILL; press Enter to start it again`);
  }

  const starts = (cluster: ClusterProcess, id: string): number =>
    cluster.lines.filter((line) => line.startsWith(`${id} | started`)).length;

  test('count together while a member and a server are killed, which come back with Enter', async () => {
    const port = await freeBasePort(8);
    const dataDir = join(temporaryDirectory(), 'data');
    const cluster = await started(port, dataDir, 0);
    expect(cluster.lines.slice(0, 5).join('\n')).toMatch(
      new RegExp(
        `Ctrl-C.* http://127\\.0\\.0\\.1:${port}/ .*\n.*\n.*\n.*curl .*:${port}/increment.*\n.*kill -9`,
      ),
    );
    await request(port, 'increment', 'POST');
    await request(port + 1, 'increment', 'POST');
    expect(await request(port, 'count')).toBe(2);

    await kill(cluster, 'etcd-2');
    await kill(cluster, 'server-2');
    // The one that was asked may be the one that has ended, and was the leader.
    await until(() => request(port, 'increment', 'POST').catch(() => undefined));
    cluster.type('\n');
    await eventually(() => expect(['etcd-2', 'server-2'].map((id) => starts(cluster, id))).toEqual([2, 2]));
    const count = await until(() => request(port + 1, 'count').catch(() => undefined));
    expect(count).toBeGreaterThanOrEqual(3);

    cluster.signal('SIGINT');
    expect(await cluster.exit).toBe(0);
    const again = await started(port, dataDir, 1);
    expect(await request(port, 'count')).toBe(count);
    again.signal('SIGINT');
    expect(await again.exit).toBe(0);
    // The servers have ended before etcd, so they have freed their slots.
    expect(again.lines.filter((line) => /stopped|error|warning/.test(line)).toSorted()).toEqual(
      [1, 2].map((i) => `server-${i} | stopped (reason SIGTERM, counters 1)`),
    );
  });

  test('whatever is killed and not started again is a failure', async () => {
    const cluster = await started(await freeBasePort(8), temporaryDirectory(), 0);
    await kill(cluster, 'etcd-3');
    cluster.signal('SIGTERM');
    expect(await cluster.exit).toBe(1);
  });
});

const run = (args: readonly string[], env: NodeJS.ProcessEnv = process.env): unknown[] => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    encoding: 'utf8',
    env,
  });
  return [status, stdout, stderr];
};

test('without etcd, one line says what to install', () => {
  expect(run([], { PATH: temporaryDirectory() })).toEqual([
    1,
    '',
    expect.stringMatching(
      /^g-counter-etcd: there is no etcd .*apt-get install etcd-server.*brew.*releases\n$/,
    ),
  ]);
});

test.each([
  [['--frobnicate'], "Unknown option '--frobnicate'"],
  [['--base-port', '65529'], "--base-port takes a whole number from 1 to 65528, not '65529'"],
])('%j fails with one line and status 2', (args, complaint) => {
  expect(run(args)).toEqual([2, '', `g-counter-etcd: ${complaint}; see --help\n`]);
});
