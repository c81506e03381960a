import { constants, fdatasync, write } from 'node:fs';
import { mkdir, open, readFile, readdir, rename, rm, truncate } from 'node:fs/promises';
import * as paths from 'node:path';
import type { AppendFile, Files } from '../../runtime/files.ts';

/** The files of a directory of the machine. Makes the directory if there is none. */
export async function openDirectory(relative: string): Promise<Files> {
  const path = paths.resolve(relative);
  const made = await mkdir(path, { recursive: true });
  if (made !== undefined) await syncNames(path, paths.dirname(made));
  const at = (name: string): string => paths.join(path, name);
  return {
    list: () => readdir(path),
    read: (name) => readFile(at(name)),
    open: (name) => openFile(at(name)),
    async truncate(name, bytes) {
      await truncate(at(name), bytes);
      await syncPath(at(name));
    },
    rename: (from, to) => rename(at(from), at(to)),
    remove: (name) => rm(at(name)),
    syncDirectory: () => syncPath(path),
  };
}

/**
 * How to open a file so that a write to it ends when it is on the disk, which saves increments the second call. What
 * other systems than Linux understand by this may end in a cache of the disk.
 */
const SYNCED =
  process.platform === 'linux'
    ? constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_DSYNC
    : undefined;

/** A handle costs more on the way of every increment than the bare descriptor does, so that is what is used. */
async function openFile(path: string): Promise<AppendFile> {
  const handle = await open(path, 'a');
  const synced = SYNCED === undefined ? handle : await open(path, SYNCED);
  const { ino, birthtimeNs } = await handle.stat({ bigint: true });
  const sync = (): Promise<void> =>
    new Promise((resolve, reject) => fdatasync(handle.fd, (error) => (error ? reject(error) : resolve())));
  return {
    fingerprint: `${ino}-${birthtimeNs}`,
    append: (bytes) => append(handle.fd, bytes),
    sync,
    async appendSynced(bytes) {
      await append(synced.fd, bytes);
      if (synced === handle) await sync();
    },
    async close() {
      await handle.close();
      if (synced !== handle) await synced.close();
    },
  };
}

async function append(fd: number, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) {
    const written = await new Promise<number>((resolve, reject) =>
      write(fd, rest, (error, count) => (error ? reject(error) : resolve(count))),
    );
    rest = rest.subarray(written);
  }
}

/** Syncs the directories above `path`, up to and including `top`. */
async function syncNames(path: string, top: string): Promise<void> {
  const parent = paths.dirname(path);
  await syncPath(parent);
  if (parent !== top) await syncNames(parent, top);
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
