/** `g-counter-server export`, from a real etcd. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { Gateway } from '../../../src/store/etcd/gateway.ts';
import { command } from '../../support/command.ts';
import { EtcdProcess, etcdSuffix, hasEtcd } from '../../support/etcd-process.ts';
import { listFrom, objectFrom, textFrom } from '../../support/json.ts';
import { jsonOf, startServer, stopServers, temporaryDirectory } from '../../support/server-process.ts';

afterEach(stopServers);

describe(`export from etcd${etcdSuffix}`, { skip: !hasEtcd }, () => {
  let etcd: EtcdProcess;
  beforeAll(async () => void (etcd = await EtcdProcess.start()));
  afterAll(() => etcd.stop());

  const exporting = (prefix: string): readonly string[] => [
    'export',
    '--store',
    `etcd://${etcd.endpoint}/${prefix}`,
  ];

  test('is what the API lists, and the counters.json of an imported directory apart from names', async () => {
    const dataDir = join(temporaryDirectory(), 'data');
    const disk = await startServer({ isBare: true, dataDir, args: ['--port', '0', '--data-dir', dataDir] });
    for (const key of ['b', 'a', 'ß', '\u{1f600}', '\uffee', '"', '__proto__', '10']) {
      await disk.increment(key, 3);
      await disk.merge(key, new Map([['node-2', 4]]));
    }
    await disk.kill('SIGTERM');
    const snapshot = disk.snapshot();
    const args = ['--store', `etcd://${etcd.endpoint}/listed`];
    expect((await command(['import', '--from', dataDir, ...args])).status).toBe(0);
    const { status, stdout, stderr } = await command(exporting('listed'));
    expect([status, stderr]).toEqual([0, '']);
    const lines = stdout.replace(/node-1~\w+/g, 'node-1').replaceAll('node-2~1', 'node-2');
    expect(
      Object.entries(objectFrom(parseJson(lines)))
        .map(([key]) => key)
        .toSorted(),
    ).toEqual([...snapshot.keys()].toSorted());
    const keysInOrder = lines
      .split('\n')
      .slice(1, -2)
      .map((line) =>
        textFrom(parseJson(/^ {2}("(?:\\.|[^"])*"): \{"node-1": 3, "node-2": 4\},?$/.exec(line)?.[1] ?? '')),
      );
    const server = await startServer({ isBare: true, args: ['--port', '0', ...args] });
    const listed = listFrom(objectFrom(jsonOf(await server.get('/counters')))['counters']);
    expect(keysInOrder).toEqual(listed.map((counter) => textFrom(objectFrom(counter)['key'])));
  });

  test('of nothing is an empty object', async () => {
    expect((await command(exporting('nothing'))).stdout).toBe('{\n}\n');
  });

  test('says so when etcd is compacted meanwhile, and what it has printed is no JSON', async () => {
    const gateway = new Gateway({ ca: null });
    for (let at = 0; at < 45_000; at += 100) {
      const success = Array.from({ length: 100 }, (_, n) => ({
        put: `large/c/${String(at + n).padStart(8, '0')}-${'x'.repeat(40)}\0node-1`,
        value: '1',
      }));
      await gateway.txn(etcd.endpoint, { compare: [], success, failure: [] }, 10_000);
    }
    const child = spawn('bin/g-counter-server', exporting('large'), { stdio: ['ignore', 'pipe', 'pipe'] });
    // It waits until somebody reads on.
    await once(child.stdout, 'readable');
    const put = { compare: [], success: [{ put: 'large/x', value: '' }], failure: [] };
    const { revision } = await gateway.txn(etcd.endpoint, put, 10_000);
    gateway.close();
    const body = JSON.stringify({ revision: String(revision) });
    await fetch(`http://${etcd.endpoint}/v3/kv/compaction`, { method: 'POST', body });
    const closed = once(child, 'close');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(await closed).toEqual([1, null]);
    expect(stderr).toMatch(
      /^g-counter-server: etcd was compacted .*; what was printed is cut off, and no JSON\n$/,
    );
    expect(() => parseJson(stdout)).toThrow(SyntaxError);
  });
});

test('export without a store is refused with one line and status 2', async () => {
  const { status, stderr } = await command(['export']);
  expect([status, stderr]).toEqual([
    2,
    'g-counter-server: export takes --store etcd://HOST:PORT,.../PREFIX; see --help\n',
  ]);
});
