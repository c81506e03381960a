/** `g-counter-server import`: real data directories, and a real etcd. */
import type { ChildProcess } from 'node:child_process';
import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { type Ended, command } from '../../support/command.ts';
import { EtcdProcess, etcdSuffix, hasEtcd } from '../../support/etcd-process.ts';
import { EtcdProxy, type Fate } from '../../support/etcd-proxy.ts';
import { numberFrom, objectFrom, totalsFrom } from '../../support/json.ts';
import {
  type ServerProcess,
  jsonOf,
  startServer,
  stopServers,
  temporaryDirectory,
} from '../../support/server-process.ts';

afterEach(stopServers);

const onDisk = (dataDir?: string): Promise<ServerProcess> => {
  const directory = dataDir ?? join(temporaryDirectory(), 'data');
  return startServer({
    isBare: true,
    dataDir: directory,
    args: ['--port', '0', '--data-dir', directory],
  });
};

/** A stopped server's directory, after what `count` has done there. */
async function directoryOf(
  count: (server: ServerProcess) => Promise<unknown>,
  dataDir?: string,
): Promise<string> {
  const server = await onDisk(dataDir);
  await count(server);
  await server.kill('SIGTERM');
  return server.dataDir;
}

const addTo =
  (keys: readonly string[], amount: number) =>
  (server: ServerProcess): Promise<unknown> =>
    server.post('/counters/incr', { increments: keys.map((key) => ({ key, amount })) });

describe(`import into etcd${etcdSuffix}`, { skip: !hasEtcd }, () => {
  let etcd: EtcdProcess;
  let store: string;
  let stores = 0;
  beforeAll(async () => void (etcd = await EtcdProcess.start()));
  afterAll(() => etcd.stop());
  afterEach(() => void stores++);

  const storeAt = (endpoint: string): string => (store = `etcd://${endpoint}/import-${stores}`);
  const importFrom = (from: string, onStart?: (child: ChildProcess) => void): Promise<Ended> =>
    command(['import', '--from', from, '--store', store], onStart);
  const onEtcd = (): Promise<ServerProcess> =>
    startServer({ isBare: true, args: ['--port', '0', '--store', storeAt(etcd.endpoint)] });

  /** All counters in etcd. */
  async function exported(): Promise<Map<string, Map<string, number>>> {
    const { status, stdout } = await command(['export', '--store', storeAt(etcd.endpoint)]);
    expect(status).toBe(0);
    const counters = Object.entries(objectFrom(parseJson(stdout)));
    return new Map(counters.map(([key, nodes]) => [key, new Map(totalsFrom(nodes))]));
  }

  /** Their values. */
  const values = async (): Promise<Record<string, number>> =>
    Object.fromEntries(
      [...(await exported())].map(([key, nodes]) => [key, [...nodes.values()].reduce((a, b) => a + b, 0)]),
    );

  const countersOn = async (server: ServerProcess): Promise<number> =>
    numberFrom(objectFrom(jsonOf(await server.get('/health')))['counters']);

  test('is exact, once or repeated, while servers count, and when the directory was counted on', async () => {
    const front = await onEtcd();
    await addTo(['a', 'z'], 100)(front);
    const directory = await directoryOf(async (server) => {
      await addTo(['a', 'b', 'ß', '😀'], 5)(server);
      await server.merge('a', new Map([['node-1', 7]]));
      await server.merge('b', new Map([['node-2', 3]]));
      jsonOf(await server.post('/counter/merge/b', { nodes: {}, floor: 20 }));
    });
    const first = await importFrom(directory);
    expect([first.status, first.stderr]).toEqual([0, '']);
    expect(first.stdout).toMatch(
      /: 4 counters are in etcd, 1 were there already; this directory counts there as node-1~[a-z][0-9a-z]{5}\n$/,
    );
    const imported = { a: 112, b: 20, z: 100, ß: 5, '😀': 5 };
    expect(await values()).toEqual(imported);
    const again = await importFrom(directory);
    expect(again.stdout).toContain(': 4 counters are in etcd, 4 were there already;');
    expect(await values()).toEqual(imported);
    await addTo(['a', 'c'], 1)(front);
    await directoryOf(addTo(['b', 'c', 'd'], 2), directory);
    expect((await importFrom(directory)).stdout).toContain(': 6 counters are in etcd, 5 were');
    expect(await values()).toEqual({ ...imported, a: 113, b: 22, c: 3, d: 2 });
    expect(await countersOn(front)).toBe(7);
  });

  test('adds directories of the same node id, and servers of that name go on', async () => {
    const front = await onEtcd();
    await front.increment('likes', 1);
    const directories = [
      await directoryOf(addTo(['likes'], 10)),
      await directoryOf(addTo(['likes'], 100)),
      await directoryOf((server) => server.merge('likes', new Map([['node-1', 1000]]))),
    ];
    for (const directory of [...directories, ...directories]) {
      expect((await importFrom(directory)).status).toBe(0);
    }
    expect(await values()).toEqual({ likes: 1111 });
    expect(await front.increment('likes', 1)).toBe(1112);
    expect((await front.read('likes')).nodes.get('node-1')).toBe(2);
  });

  test('keeps a copy of a directory apart from what its original counts later', async () => {
    storeAt(etcd.endpoint);
    const original = await directoryOf(addTo(['x'], 1));
    await importFrom(original);
    const copy = join(temporaryDirectory(), 'copy');
    cpSync(original, copy, { recursive: true });
    await directoryOf(addTo(['later'], 2), original);
    await directoryOf(addTo(['later'], 3), copy);
    for (const directory of [original, copy]) expect((await importFrom(directory)).status).toBe(0);
    expect((await values())['later']).toBe(5);
  });

  test('retires a slot whose name counts elsewhere too', async () => {
    const front = await onEtcd();
    await front.increment('likes', 1);
    await front.merge('likes', new Map([['node-1', 2]]));
    await front.increment('likes', 3);
    const slot = [...(await front.read('likes')).nodes.keys()].find((name) => name.includes('~')) ?? '';
    const directory = await directoryOf((server) => server.merge('likes', new Map([[slot, 10]])));
    expect((await importFrom(directory)).status).toBe(0);
    expect(await front.increment('likes', 1)).toBe(13);
    expect((await front.read('likes')).nodes.get(slot)).toBe(10);
  });

  const MANY = Array.from({ length: 900 }, (_, n) => `key-${n}`);
  const addMany = async (server: ServerProcess): Promise<void> => {
    for (let at = 0; at < MANY.length; at += 300) await addTo(MANY.slice(at, at + 300), 7)(server);
  };
  const ALL = Object.fromEntries(MANY.map((key) => [key, 7]));

  test('killed before or after any transaction and repeated, counts everything once', async () => {
    const directory = await directoryOf(addMany);
    for (let transaction = 2; transaction <= 14; transaction += 3) {
      storeAt(etcd.endpoint);
      let child: ChildProcess | undefined;
      const proxy = await EtcdProxy.open(etcd.endpoint, (number): Fate => {
        if (number !== transaction) return 'whole';
        setTimeout(() => child?.kill('SIGKILL'), 5);
        return transaction % 2 === 0 ? 'no answer' : 'no request';
      });
      storeAt(proxy.endpoint);
      await importFrom(directory, (started) => (child = started));
      proxy.close();
    }
    storeAt(etcd.endpoint);
    expect((await importFrom(directory)).status).toBe(0);
    expect(await values()).toEqual(ALL);
    expect(await countersOn(await onEtcd())).toBe(MANY.length);
  });

  test('is exact although requests and answers are lost, and servers count the same counters meanwhile', async () => {
    const directory = await directoryOf(addMany);
    const front = await onEtcd();
    const proxy = await EtcdProxy.open(etcd.endpoint, (number): Fate =>
      number % 3 === 0 ? 'no answer' : number % 4 === 0 ? 'no request' : 'whole',
    );
    storeAt(proxy.endpoint);
    const importing = importFrom(directory);
    const added = new Map<string, number>();
    for (let n = 0; n < 200; n++) {
      const key = MANY[(n * 37) % MANY.length] ?? '';
      await front.increment(key, 1);
      added.set(key, (added.get(key) ?? 0) + 1);
    }
    const { status, stdout } = await importing;
    expect([status, stdout]).toEqual([0, expect.stringContaining(`: ${MANY.length} counters are in etcd,`)]);
    expect(proxy.transactions).toBeGreaterThan(9);
    proxy.close();
    expect(await values()).toEqual(Object.fromEntries(MANY.map((key) => [key, 7 + (added.get(key) ?? 0)])));
    expect(await countersOn(front)).toBe(MANY.length);
  });

  test('refuses a value that would pass 2^53 - 1, with one line', async () => {
    const front = await onEtcd();
    await front.increment('huge', Number.MAX_SAFE_INTEGER - 1);
    const directory = await directoryOf(addTo(['huge'], 2));
    const { status, stderr } = await importFrom(directory);
    expect([status, stderr]).toEqual([
      1,
      'g-counter-server: the value of "huge" would pass 2^53 - 1; it is safe to repeat the import: everything counts once\n',
    ]);
  });

  test('refuses a directory that is corrupt, and changes nothing', async () => {
    storeAt(etcd.endpoint);
    const directory = await directoryOf(addTo(['x'], 1));
    const log = readdirSync(directory).find((name) => name.endsWith('.log')) ?? '';
    const text = readFileSync(join(directory, log), 'latin1').replace('"node_id"', '"node_iD"');
    writeFileSync(join(directory, log), text, 'latin1');
    const { status, stderr } = await importFrom(directory);
    expect([status, stderr.trim().split('\n').length]).toEqual([1, 1]);
    expect(stderr).toContain('is corrupt at byte 0');
    expect(readFileSync(join(directory, log), 'latin1')).toBe(text);
    expect(await values()).toEqual({});
  });
});

describe('import refuses', () => {
  const STORE = ['--store', 'etcd://127.0.0.1:1/x'];

  test('a directory that a server is running on', async () => {
    const server = await onDisk();
    const { status, stderr } = await command(['import', '--from', server.dataDir, ...STORE]);
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^g-counter-server: .* is in use by process \d+: stop that first, .*\n$/),
    ]);
  });

  test('a directory that nobody has counted in', async () => {
    const empty = temporaryDirectory();
    const { status, stderr } = await command(['import', '--from', empty, ...STORE]);
    expect([status, stderr]).toEqual([
      1,
      `g-counter-server: ${empty} is no data directory: nobody has counted in it\n`,
    ]);
    expect(readdirSync(empty).filter((name) => !name.startsWith('lock-'))).toEqual([]);
  });

  test.each([
    [[], 'import takes --from DIR'],
    [['--from', 'src'], 'import takes --store etcd://'],
    [['--from', 'src', '--store', 'disk'], 'import takes --store etcd://'],
    [['--from', 'none', ...STORE], '--from none cannot be read'],
    [['--from', 'src', ...STORE, 'more'], "Unexpected argument 'more'"],
  ])('%j with status 2', async (args, why) => {
    const { status, stderr } = await command(['import', ...args]);
    expect([status, stderr]).toEqual([2, expect.stringContaining(`g-counter-server: ${why}`)]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
