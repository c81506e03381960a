/** The lock removes what a process of ours has left behind, and nothing else, whatever its name. */
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockDirectory } from '../../../src/store/disk/lock.ts';

let directory: string;
let held: Server[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'g-counter-lock-'));
  held = [];
});
afterEach(async () => {
  await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  rmSync(directory, { recursive: true });
});

async function listenAt(path: string): Promise<void> {
  const server = createServer((socket) => socket.destroy());
  held.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
}

/** A socket that nobody listens on: closing the server removes only the name that it was given. */
async function leaveSocket(name: string): Promise<void> {
  const before = join(directory, 'socket-before');
  await listenAt(before);
  renameSync(before, join(directory, name));
  await new Promise((resolve) => held.pop()?.close(resolve));
}

/** What is in the directory after a lock was taken and released. */
async function leftAfterLocking(): Promise<string[]> {
  const lock = await lockDirectory(directory, 'own');
  expect(readdirSync(directory)).toContain(`lock-${process.pid}-own`);
  await lock.release();
  return readdirSync(directory).toSorted();
}

test.each(['lock-1-abc', 'lock-4194304-k3f9qz0', `lock-${process.pid}-other`])(
  'the stale socket %s is removed',
  async (name) => {
    await leaveSocket(name);
    expect(await leftAfterLocking()).toEqual([]);
  },
);

describe.each(['lock-notes.txt', 'lock-1-me', 'lock-dir', 'lock-', 'lock-1-', 'lock-1-abc'])('%s', (name) => {
  test('is left alone if it is a file', async () => {
    writeFileSync(join(directory, name), 'text');
    expect(await leftAfterLocking()).toEqual([name]);
  });

  test('is left alone if it is a folder', async () => {
    mkdirSync(join(directory, name));
    expect(await leftAfterLocking()).toEqual([name]);
  });

  test('is left alone if it is a link to a socket, or to nothing', async () => {
    await leaveSocket('a-socket');
    symlinkSync('a-socket', join(directory, name));
    symlinkSync('nowhere', join(directory, 'lock-2-nowhere'));
    expect(await leftAfterLocking()).toEqual(['a-socket', name, 'lock-2-nowhere'].toSorted());
    expect(lstatSync(join(directory, name)).isSymbolicLink()).toBe(true);
  });
});

test.each(['lock-notes', 'lock-1-Me', 'lock-x-1', 'lock-1-a.b', 'other.sock'])(
  'a socket of another program, %s, is left alone, whether or not somebody listens on it',
  async (name) => {
    await leaveSocket(name);
    expect(await leftAfterLocking()).toEqual([name]);
    rmSync(join(directory, name));
    await listenAt(join(directory, name));
    expect(await leftAfterLocking()).toEqual([name]);
  },
);

test('a socket of ours that a process listens on is the lock of that process', async () => {
  await listenAt(join(directory, 'lock-17-abc'));
  await expect(lockDirectory(directory, 'own')).rejects.toThrow('in use by process 17:');
  expect(readdirSync(directory)).toEqual(['lock-17-abc']);
});
