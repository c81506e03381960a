/** The directory that a server keeps its counters in: whose it is, and what can become of it. */
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { until } from '../../support/eventually.ts';
import { objectFrom } from '../../support/json.ts';
import { errorOf } from '../../support/api-error.ts';
import {
  ServerProcess,
  type Settings,
  startServer,
  stopServers,
  temporaryDirectory,
} from '../../support/server-process.ts';

afterAll(stopServers);

/** Starts a server that is to end by itself, with one error, and answers what that says. */
async function refused(settings: Settings): Promise<string> {
  const server = new ServerProcess(settings);
  expect(await server.exit).toEqual({ status: 1, signal: null });
  expect(server.stderr).toHaveLength(1);
  const [note] = server.notes;
  expect(note).toMatchObject({ level: 'error' });
  return String(note?.['message']);
}

/** The contents of all files. Locks come and go. */
const contents = (directory: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(directory)
      .filter((name) => !name.startsWith('lock-'))
      .map((name) => [name, readFileSync(join(directory, name), 'latin1')]),
  );

/** A copy as one makes it with cp, which has no use for sockets. */
function copyOf(directory: string): string {
  const copy = join(temporaryDirectory(), 'copy');
  cpSync(directory, copy, { recursive: true, filter: (name) => !name.includes('/lock-') });
  return copy;
}

describe('the data directory of a running server', () => {
  test('cannot be used by another process, and the server does not notice the attempt', async () => {
    const first = await startServer();
    await first.increment('k', 5);
    const complaint = await refused({ dataDir: first.dataDir });
    expect(complaint).toContain(`is in use by process ${first.pid}`);
    expect(await first.increment('k', 5)).toBe(10);
    await first.kill('SIGKILL');
    expect((await (await first.restart()).read('k')).value).toBe(10);
  });

  test('goes to one of many that start together', async () => {
    const dataDir = join(temporaryDirectory(), 'data');
    const servers = Array.from({ length: 4 }, () => new ServerProcess({ dataDir }));
    const served = await Promise.allSettled(servers.map((server) => server.serving()));
    // Two that find each other may both give way.
    expect(served.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1);
    for (const server of servers) await server.kill('SIGTERM');
    expect(await (await startServer({ dataDir })).increment('k')).toBe(1);
  });

  test('can be used after the server was killed', async () => {
    let server = await startServer();
    for (let kill = 0; kill < 3; kill++) {
      await server.kill('SIGKILL');
      expect(server.files().filter((name) => name.startsWith('lock-'))).toHaveLength(1);
      server = await server.restart();
    }
    await server.kill('SIGTERM');
    expect(server.files().filter((name) => name.startsWith('lock-'))).toEqual([]);
  });
});

describe('the node id', () => {
  test('stays the one of the first start', async () => {
    const first = await startServer({ args: ['--node-id', 'anna'] });
    await first.increment('k', 5);
    await first.kill('SIGTERM');
    const before = contents(first.dataDir);
    const { dataDir } = first;
    expect(await refused({ dataDir, args: ['--node-id', 'berta'] })).toContain("node 'anna', not of 'berta'");
    expect(contents(dataDir)).toEqual(before);
    const second = await first.restart({});
    await second.increment('k', 1);
    expect(await second.sync('k')).toEqual(new Map([['anna', 6]]));
  });

  test('is node-1 by default', async () => {
    const server = await startServer();
    await server.kill('SIGTERM');
    expect(await refused({ dataDir: server.dataDir, args: ['--node-id', 'node-2'] })).toContain("'node-1'");
  });
});

test.each(['a b', 'ünï🧮', `${'deep/'.repeat(40)}er`, '"quoted"', "it's", '-'])(
  'the data directory %j is created',
  async (path) => {
    const server = await startServer({ dataDir: join(temporaryDirectory(), path) });
    expect(await server.increment('k')).toBe(1);
    await server.kill('SIGKILL');
    expect(await (await server.restart()).increment('k')).toBe(2);
  },
);

test('a file is not a data directory', async () => {
  const file = join(temporaryDirectory(), 'file');
  writeFileSync(file, '');
  expect(await refused({ dataDir: file })).toMatch(/is not a directory/);
  expect(await refused({ dataDir: join(file, 'x') })).toMatch(/is not a directory/);
});

test.each(['counters-000001.log', 'counters-000007.log', 'counters.json.tmp', 'cluster.json.tmp'])(
  'a folder or a pipe in it by the name of a file of ours, %s, is left alone',
  async (name) => {
    for (const command of ['mkdir', 'mkfifo']) {
      const dataDir = temporaryDirectory();
      execFileSync(command, [join(dataDir, name)]);
      expect(await refused({ dataDir })).toBe(
        `${join(dataDir, name)} is not a file: move it out of the data directory`,
      );
      expect(readdirSync(dataDir)).toContain(name);
    }
  },
);

describe('a copy of a data directory', () => {
  test('continues under another replica id, and after merging everything is counted once', async () => {
    const original = await startServer();
    await original.increment('k', 5);
    // Also while it is in use: what is acknowledged is in the files.
    const copy = await startServer({ dataDir: copyOf(original.dataDir) });
    expect(copy.notes).toContainEqual(expect.objectContaining({ level: 'warning' }));
    await original.increment('k', 10);
    await copy.increment('k', 100);
    const [plain, random] = [...(await copy.sync('k'))];
    expect([plain, random]).toEqual([
      ['node-1', 5],
      [expect.stringMatching(/^node-1~[a-z][0-9a-z]{5}$/), 100],
    ]);
    await original.merge('k', await copy.sync('k'));
    await copy.merge('k', await original.sync('k'));
    await original.increment('k', 1000);
    await copy.merge('k', await original.sync('k'));
    expect((await original.read('k')).value).toBe(1115);
    expect(await copy.sync('k')).toEqual(await original.sync('k'));
  });

  test('and another copy count everything once too', async () => {
    const original = await startServer();
    await original.increment('k', 5);
    await original.kill('SIGTERM');
    const [left, right] = await Promise.all([
      startServer({ dataDir: copyOf(original.dataDir) }),
      startServer({ dataDir: copyOf(original.dataDir) }),
    ]);
    await left.increment('k', 10);
    await right.increment('k', 100);
    await left.merge('k', await right.sync('k'));
    await right.merge('k', await left.sync('k'));
    await left.merge('k', await right.sync('k'));
    expect([(await left.read('k')).value, (await right.read('k')).value]).toEqual([115, 115]);
  });
});

describe('corruption', () => {
  const changeAt = (file: string, change: (bytes: Buffer) => Buffer): void =>
    writeFileSync(file, change(readFileSync(file)));

  async function killed(): Promise<ServerProcess> {
    const server = await startServer();
    for (const key of ['a', 'b', 'c']) await server.increment(key, 5);
    await until(() => server.files().includes('counters.json'));
    await server.kill('SIGKILL');
    return server;
  }

  test.each(['counters.json', 'counters-000001.log'])(
    'of %s is detected, and nothing is changed',
    async (name) => {
      const server = await killed();
      changeAt(join(server.dataDir, name), (bytes) => {
        const at = bytes.indexOf('"b"');
        return Buffer.concat([bytes.subarray(0, at), Buffer.from('"x"'), bytes.subarray(at + 3)]);
      });
      const before = contents(server.dataDir);
      expect(await refused({ dataDir: server.dataDir })).toContain(`${name} is corrupt at byte`);
      expect(contents(server.dataDir)).toEqual(before);
    },
  );

  test('is not the absence of counters.json if the log has everything from the beginning', async () => {
    const server = await killed();
    rmSync(join(server.dataDir, 'counters.json'));
    expect((await (await server.restart()).read('b')).value).toBe(5);
  });

  test('is the absence of the log', async () => {
    const server = await killed();
    rmSync(join(server.dataDir, 'counters-000001.log'));
    expect(await refused({ dataDir: server.dataDir })).toContain('is missing');
  });

  test('is not an append that a crash interrupted: that is cut off, with a warning', async () => {
    const server = await killed();
    changeAt(join(server.dataDir, 'counters-000001.log'), (bytes) =>
      Buffer.concat([bytes, bytes.subarray(0, 20)]),
    );
    const again = await server.restart();
    expect(again.notes[0]).toMatchObject({ level: 'warning', message: expect.stringContaining('cut off') });
    expect((await again.read('c')).value).toBe(5);
  });

  test('is not an unknown file: that is left alone', async () => {
    const server = await killed();
    writeFileSync(join(server.dataDir, 'README'), 'hands off');
    await (await server.restart()).kill('SIGTERM');
    expect(readFileSync(join(server.dataDir, 'README'), 'utf8')).toBe('hands off');
  });
});

describe('a full disk', () => {
  test('makes the server read-only; what it acknowledged is there after a restart with more space', async () => {
    const full = await startServer({ maxFileBlocks: 40 });
    let acknowledged = 0;
    let answer = await full.post('/counter/incr/k');
    while (answer.status === 200) {
      acknowledged++;
      answer = await full.post('/counter/incr/k');
    }
    expect(errorOf(answer)).toBe('503 unknown_outcome');
    expect(errorOf(await full.post('/counter/incr/k'))).toBe('503 read_only');
    expect(errorOf(await full.post('/counter/merge/k', { nodes: { other: 1 } }))).toBe('503 read_only');
    const health = await full.get('/health');
    expect([health.status, objectFrom(parseJson(health.body))['status']]).toEqual([503, 'read-only']);
    expect((await full.read('k')).value).toBe(acknowledged);
    expect((await full.get('/metrics')).body).toContain('g_counter_writable 0');
    expect(full.notes.map(({ level }) => level)).toEqual(['info', 'error']);
    expect(await full.kill('SIGTERM')).toEqual({ status: 1, signal: null });

    const roomy = await full.restart({});
    const { value } = await roomy.read('k');
    expect([acknowledged, acknowledged + 1]).toContain(value);
    expect(await roomy.increment('k')).toBe(value + 1);
  });

  test('does not keep retries from their answers', async () => {
    const full = await startServer({ maxFileBlocks: 40 });
    const once = { 'idempotency-key': 'once' };
    const first = await full.increment('k', 5, once);
    while ((await full.post('/counter/incr/k')).status === 200);
    expect(await full.increment('k', 5, once)).toBe(first);
  });
});
