/** Backups of the real server under load, and `g-counter-server restore`. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { Client, Ledger } from '../../support/load.ts';
import {
  type ServerProcess,
  startServer,
  stopServers,
  temporaryDirectory,
} from '../../support/server-process.ts';

afterEach(stopServers);

/** The bytes of a backup. */
const backup = async (server: ServerProcess): Promise<Buffer> =>
  Buffer.from((await server.get('/backup')).body);

const restore = (directory: string, input: Buffer): ReturnType<typeof spawnSync> & { stderr: unknown } =>
  spawnSync('bin/g-counter-server', ['restore', directory], { input, timeout: 60_000 });

test('a backup under the load of 64 clients is a state that existed, with all that was answered before', async () => {
  const server = await startServer();
  const keys = Array.from({ length: 2000 }, (_, n) => `key-${n}`);
  const ledger = new Ledger();
  const clients = Array.from({ length: 64 }, (_, n) => new Client(`client-${n}`, keys, ledger, true));
  const runs = clients.map((client) => client.run(server.port));
  await ledger.more(2000);
  const answered = new Map([...ledger.tallies].map(([key, tally]) => [key, tally.answered]));
  const bytes = await backup(server);
  const asked = new Map([...ledger.tallies].map(([key, tally]) => [key, tally.asked]));
  await ledger.more(100);
  await server.kill('SIGKILL');
  await Promise.all(runs);
  const directory = join(temporaryDirectory(), 'restored');
  expect(restore(directory, bytes).status).toBe(0);
  const copy = await startServer({ dataDir: directory });
  for (const [key, least] of answered) {
    const { value } = await copy.read(key);
    expect(value).toBeGreaterThanOrEqual(least);
    expect(value).toBeLessThanOrEqual(asked.get(key) ?? 0);
  }
  // Every client repeats what it last asked for: it counts once, whether the backup has it or not.
  const before = await copy.read('key-0');
  expect(await copy.increment('key-0')).toBe(before.value + 1);
  expect((await copy.read('key-0')).nodes.size).toBe(before.nodes.size + 1);
});

test('a backup needs the token', async () => {
  const server = await startServer({ env: { TOKEN: 'secret' } });
  expect((await server.get('/backup')).status).toBe(401);
  expect((await server.get('/backup', { authorization: 'Bearer secret' })).status).toBe(200);
});

test('a client that goes away in the middle of a backup disturbs nobody', async () => {
  const server = await startServer();
  const increments = Array.from({ length: 500 }, (_, n) => ({ key: `${n}-${'x'.repeat(200)}` }));
  for (let batch = 0; batch < 20; batch++) {
    const body = { increments: increments.slice(0, 250).map(({ key }) => ({ key: `${batch}-${key}` })) };
    expect((await server.post('/counters/incr', body)).status).toBe(200);
  }
  await new Promise<void>((resolve) => {
    const asked = request({ host: '127.0.0.1', port: server.port, path: '/backup' }, (response) => {
      response.once('data', () => asked.destroy());
      response.on('error', () => {});
      response.on('close', resolve);
    });
    asked.on('error', () => {}).end();
  });
  expect(await server.increment('likes')).toBe(1);
  expect((await backup(server)).toString()).toContain('"backup":');
  expect((await server.kill('SIGTERM')).status).toBe(0);
});

describe('restore', async () => {
  const usable = async (): Promise<Buffer> => {
    const server = await startServer();
    await server.increment('likes', 5);
    return backup(server);
  };
  const linesOf = (output: unknown): string[] => String(output).trim().split('\n');

  test('makes a directory that did not exist, or was empty', async () => {
    const bytes = await usable();
    const above = temporaryDirectory();
    mkdirSync(join(above, 'empty'));
    for (const name of ['empty', 'new', 'deep/down']) {
      const { status, stdout } = restore(join(above, name), bytes);
      expect([status, String(stdout)]).toEqual([0, `${join(above, name)}: 1 counters of node 'node-1'\n`]);
      expect(readdirSync(join(above, name))).toEqual(['counters-000001.log']);
    }
  });

  test('refuses what is not a whole backup with one line and status 1, and leaves nothing', async () => {
    const bytes = await usable();
    for (const input of [
      bytes.subarray(0, -1),
      Buffer.concat([bytes, bytes]),
      Buffer.from('x'),
      Buffer.alloc(0),
    ]) {
      const above = temporaryDirectory();
      const { status, stderr } = restore(join(above, 'new'), input);
      expect([status, linesOf(stderr).length]).toEqual([1, 1]);
      expect(String(stderr)).toMatch(/; nothing has been restored\n$/);
      expect(readdirSync(above)).toEqual([]);
    }
  });

  test('refuses a directory that is used, and other arguments, with one line and status 2', () => {
    const used = temporaryDirectory();
    writeFileSync(join(used, 'file'), '');
    for (const args of [[], ['a', 'b'], [used], [join(used, 'file')], ['--data-dir', 'x']]) {
      const { status, stderr } = spawnSync('bin/g-counter-server', ['restore', ...args], { input: '' });
      expect([args, status, linesOf(stderr).length]).toEqual([args, 2, 1]);
    }
    expect(readdirSync(used)).toEqual(['file']);
  });
});
