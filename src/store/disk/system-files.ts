/**
 * The port `Files` on the real file system: the only place in the store that touches it, besides the lock.
 */
import { constants, createReadStream, fdatasync, write } from 'node:fs';
import {
  type FileHandle,
  mkdir,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  truncate,
} from 'node:fs/promises';
import * as paths from 'node:path';
import type { AppendFile, Files } from '../../runtime/files.ts';

/** Opens a directory, given by a path. Creates it if there is none, and syncs its name. */
export async function openDirectory(relative: string): Promise<Files> {
  const path = paths.resolve(relative);
  const made = await makeDirectory(path);
  if (made !== undefined) await syncNames(path, paths.dirname(made));
  const at = (name: string): string => paths.join(path, name);
  return {
    list: () => readdir(path),
    async read(name) {
      await checkFile(at(name));
      return readFile(at(name));
    },
    pieces: (name) => piecesOf(at(name)),
    async open(name) {
      await checkFile(at(name));
      return openFile(at(name));
    },
    async truncate(name, bytes) {
      await truncate(at(name), bytes);
      await syncPath(at(name));
    },
    rename: (from, to) => rename(at(from), at(to)),
    async remove(name) {
      await checkFile(at(name));
      await rm(at(name));
    },
    syncDirectory: () => syncPath(path),
  };
}

/** Rejects if a path leads to something other than a file: to read from a pipe, for one, would wait for ever. */
async function checkFile(path: string): Promise<void> {
  const stats = await stat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (stats?.isFile() === false) throw new Error(`${path} is not a file: move it out of the data directory`);
}

const PIECE_BYTES = 2 ** 20;

async function* piecesOf(path: string): AsyncGenerator<Buffer> {
  await checkFile(path);
  yield* createReadStream(path, { highWaterMark: PIECE_BYTES });
}

/**
 * Makes a directory and those above it that are missing. Resolves with the topmost that was made; undefined if all were
 * there. (The recursive `mkdir` of Node tries for ever where the system denies that a directory above exists, as below
 * /proc.)
 */
async function makeDirectory(path: string): Promise<string | undefined> {
  try {
    await mkdir(path);
    return path;
  } catch (error) {
    const parent = paths.dirname(path);
    switch (codeOf(error)) {
      case 'EEXIST':
        if ((await stat(path)).isDirectory()) return undefined;
        throw error;
      case 'ENOENT': {
        if (parent === path) throw error;
        const made = await makeDirectory(parent);
        await mkdir(path);
        return made ?? path;
      }
      default:
        throw error;
    }
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

/**
 * Flags to open a file so that each write returns when it is on the disk, which saves every commit a second call. On
 * other systems than Linux such a write may end in the cache of the disk.
 */
const SYNCED =
  process.platform === 'linux'
    ? constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_DSYNC
    : undefined;

/** Writes use the bare descriptor: going through the handle would cost every commit more. */
async function openFile(path: string): Promise<AppendFile> {
  const handle = await open(path, 'a');
  const synced = SYNCED === undefined ? handle : await openOrClose(path, SYNCED, handle);
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

/** Opens a file a second time; closes the first if that fails, as when the process is at its limit. */
async function openOrClose(path: string, flags: number, first: FileHandle): Promise<FileHandle> {
  try {
    return await open(path, flags);
  } catch (error) {
    await first.close();
    throw error;
  }
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
