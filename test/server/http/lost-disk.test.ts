/** A server that comes back under its old name, but knows less than it has told others. */
import { copyFileSync, cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../support/eventually.ts';
import { ServerProcess, startServer, stopServers, temporaryDirectory } from '../../support/server-process.ts';

afterAll(stopServers);

let a: ServerProcess;
let b: ServerProcess;
beforeEach(async () => {
  [a, b] = await Promise.all([
    startServer({ args: ['--node-id', 'a'] }),
    startServer({ args: ['--node-id', 'b'] }),
  ]);
});

const show = async (from: ServerProcess, to: ServerProcess, key = 'k'): Promise<number> =>
  (await to.merge(key, await from.sync(key))).value;

/** Has the server start again with an empty directory. */
async function loseDisk(): Promise<void> {
  await a.kill('SIGKILL');
  rmSync(a.dataDir, { recursive: true });
  a = await a.restart();
}

describe('a server that has lost its disk', () => {
  test('continues under another replica id as soon as it is shown its old total', async () => {
    await a.increment('k', 10);
    await show(a, b);
    await b.increment('k', 100);
    await loseDisk();
    await a.increment('k', 3);
    expect(await show(b, a)).toBe(113);
    expect([...(await a.sync('k'))]).toEqual([
      ['a', 10],
      [expect.stringMatching(/^a~[a-z][0-9a-z]{5}$/), 3],
      ['b', 100],
    ]);
    expect(await a.increment('k', 1000)).toBe(1113);
    expect(await show(a, b)).toBe(1113);
    expect(await b.sync('k')).toEqual(await a.sync('k'));
    expect(a.notes).toContainEqual(expect.objectContaining({ level: 'warning' }));
  });

  test('is right even if the other server is shown the new total first', async () => {
    await a.increment('k', 10);
    await show(a, b);
    await loseDisk();
    await a.increment('k', 3);
    await show(a, b);
    expect(await show(b, a)).toBe(13);
    expect(await show(a, b)).toBe(13);
  });

  test('is right about all its counters, even after a kill -9', async () => {
    const keys = ['k', 'l', 'm', 'n'];
    for (const key of keys) await a.increment(key, 10);
    for (const key of keys) await show(a, b, key);
    await loseDisk();
    for (const key of keys) await a.increment(key, 3);
    await show(b, a, 'k');
    await a.kill('SIGKILL');
    a = await a.restart();
    for (const key of keys) await a.increment(key, 100);
    for (const key of keys) expect(await show(b, a, key)).toBe(113);
    for (const key of keys) expect(await show(a, b, key)).toBe(113);
  });

  test('a second and a third time is right again', async () => {
    let sum = 0;
    for (const amount of [1000, 100, 10]) {
      sum += amount;
      await a.increment('k', amount);
      await show(b, a);
      await show(a, b);
      await loseDisk();
    }
    await a.increment('k', 1);
    expect(await show(b, a)).toBe(sum + 1);
    expect(await show(a, b)).toBe(sum + 1);
  });
});

describe('a server that was restored from a copy', () => {
  let copy: string;

  /** Another 10 that the other server knows and the copy does not, and 100 that nobody will know. */
  beforeEach(async () => {
    await a.increment('k', 5);
    await until(() => a.files().includes('counters.json'));
    copy = join(temporaryDirectory(), 'copy');
    cpSync(a.dataDir, copy, { recursive: true, filter: (name) => !name.includes('/lock-') });
    await a.increment('k', 10);
    await show(a, b);
    await a.increment('k', 100);
    await a.kill('SIGKILL');
  });

  test('in place of its directory loses what no other server has, and no more', async () => {
    rmSync(a.dataDir, { recursive: true });
    cpSync(copy, a.dataDir, { recursive: true });
    a = await a.restart();
    await a.increment('k', 1000);
    expect(await show(b, a)).toBe(1015);
    expect(await show(a, b)).toBe(1015);
  });

  test('over the files of a server that had stopped does not start', async () => {
    await (await a.restart()).kill('SIGTERM');
    for (const name of readdirSync(copy)) copyFileSync(join(copy, name), join(a.dataDir, name));
    a = new ServerProcess({ dataDir: a.dataDir });
    expect(await a.exit).toEqual({ status: 1, signal: null });
    expect(a.notes).toEqual([expect.objectContaining({ message: expect.stringContaining('is corrupt') })]);
  });
});
