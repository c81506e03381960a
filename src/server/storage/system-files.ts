import { fdatasync, write } from 'node:fs';
import { mkdir, open, readFile, readdir, rename, rm, truncate } from 'node:fs/promises';
import * as paths from 'node:path';
import type { AppendFile, Files } from './files.ts';

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

/** A handle costs more on the way of every increment than the bare descriptor does, so that is what is kept. */
async function openFile(path: string): Promise<AppendFile> {
  const handle = await open(path, 'a');
  const { ino, birthtimeNs } = await handle.stat({ bigint: true });
  return {
    fingerprint: `${ino}-${birthtimeNs}`,
    append: (bytes) => append(handle.fd, bytes),
    sync: () =>
      new Promise((resolve, reject) => fdatasync(handle.fd, (error) => (error ? reject(error) : resolve()))),
    close: () => handle.close(),
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
