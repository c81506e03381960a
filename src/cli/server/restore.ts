/**
 * `g-counter-server restore DIR < FILE`: makes a data directory of a backup. It appears under its name when it is complete
 * and on the disk, or not at all.
 */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { stdin, stdout } from 'node:process';
import { asError } from '../../runtime/error.ts';
import { RestoreError, restoreBackup } from '../../store/disk/backup.ts';
import { openDirectory } from '../../store/disk/system-files.ts';
import { UsageError } from '../arguments.ts';

export const restoreHelp = `Usage: g-counter-server restore DIR < FILE

Makes a data directory of a backup, which GET /backup has given. DIR must not exist, or be empty. A server on it counts on
under a replica id of its own, so the server that the backup is of may be running or not.

Try it:
  curl -f http://localhost:8080/backup > counters.backup
  g-counter-server restore restored < counters.backup
  g-counter-server --data-dir restored --port 8081`;

/** Does it. Throws a UsageError, or an Error if the backup is not whole or cannot be written; then nothing is left. */
export async function restore(args: readonly string[]): Promise<void> {
  const [directory, ...others] = args;
  if (args.includes('--help')) return void stdout.write(`${restoreHelp}\n`);
  if (directory === undefined || directory.startsWith('-') || others.length > 0) {
    throw new UsageError('restore takes one directory: g-counter-server restore DIR < FILE');
  }
  if (stdin.isTTY)
    throw new UsageError('restore reads the backup from stdin: g-counter-server restore DIR < FILE');
  const path = resolve(directory);
  await checkEmpty(path, directory);
  const temporary = `${path}.restoring-${process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const { nodeId, counters } = await restoreBackup(stdin, await openDirectory(temporary));
    await rename(temporary, path);
    // The name of the directory, too, has to survive a crash.
    await (await openDirectory(dirname(path))).syncDirectory();
    stdout.write(`${directory}: ${counters} counters of node '${nodeId}'\n`);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (error instanceof RestoreError)
      throw new Error(`${error.message}; nothing has been restored`, { cause: error });
    throw new Error(`${directory} cannot be written: ${asError(error).message}`, { cause: error });
  }
}

async function checkEmpty(path: string, directory: string): Promise<void> {
  const names = await readdir(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new UsageError(`${directory} cannot be used: ${asError(error).message}`);
  });
  if (names.length > 0)
    throw new UsageError(`${directory} is not empty: a backup is restored into a directory of its own`);
}
