/**
 * The lock of a data directory, against other processes on this machine, including those in other containers. It is a
 * Unix socket in the directory that its owner listens on: the system closes it when the process ends, however it ends,
 * so a socket that nobody listens on is stale. (A process id proves nothing: another process may have it by now.) Each
 * process first listens and then looks for others: of two that start together, at least one sees the other.
 */
import { lstat, open, readdir, rm } from 'node:fs/promises';
import { type Server, connect, createServer } from 'node:net';
import { join } from 'node:path';

export interface DirectoryLock {
  release(): Promise<void>;
}

/** The sockets that this program makes: with a process id and a suffix of letters and digits. */
const OF_OURS = /^lock-(\d+)-[\da-z]+$/;
/** The longest address of a Unix socket that every system supports, in bytes. */
const MAX_ADDRESS_BYTES = 103;

/**
 * Locks a directory. `suffix`, of letters and digits, distinguishes this process from others with its process id, in
 * other containers. Removes stale locks, and nothing else whatever its name. Rejects with an Error if another process
 * holds the lock.
 */
export async function lockDirectory(directory: string, suffix: string): Promise<DirectoryLock> {
  const handle = await open(directory, 'r');
  const short = process.platform === 'linux' ? `/proc/self/fd/${handle.fd}` : directory;
  const addressOf = (name: string): string => {
    const path = join(directory, name);
    return Buffer.byteLength(path) > MAX_ADDRESS_BYTES ? join(short, name) : path;
  };
  const own = `lock-${process.pid}-${suffix}`;
  const server = await listen(addressOf(own)).catch((error: unknown) => {
    throw new Error(`the data directory ${directory} cannot hold a lock, which is a Unix socket`, {
      cause: error,
    });
  });
  const release = async (): Promise<void> => {
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await handle.close();
  };
  for (const name of await readdir(directory)) {
    const [, pid] = OF_OURS.exec(name) ?? [];
    if (pid === undefined || name === own || !(await isSocket(join(directory, name)))) continue;
    if (await isHeld(addressOf(name))) {
      await release();
      throw new Error(
        `the data directory ${directory} is in use by process ${pid}: stop that first, or use another directory`,
      );
    }
    await rm(join(directory, name), { force: true });
  }
  return { release };
}

/** Whether there is a socket at a path itself, not where a link leads. */
const isSocket = (path: string): Promise<boolean> =>
  lstat(path).then(
    (stats) => stats.isSocket(),
    () => false,
  );

function listen(address: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(address, () => resolve(server));
    server.unref();
  });
}

/** Whether a process listens on a socket. Counts as held unless the system clearly says otherwise. */
function isHeld(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      resolve(!('code' in error) || (error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'));
    });
  });
}
