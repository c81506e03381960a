/**
 * Finds the program under test, and says what is wrong with one that cannot be started.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program is not there or cannot be started. The message is one line, for the person who named it. */
export class ProgramError extends Error {}

/**
 * Returns the path of a program. One without a slash that is not in the current directory is looked for on the PATH, as a
 * shell would. Throws a ProgramError.
 */
export function programFrom(text: string, path = process.env['PATH'] ?? ''): string {
  if (isFile(text)) {
    if (isExecutable(text)) return text;
    throw new ProgramError(`${text} is not executable: chmod +x ${text}`);
  }
  const onPath = text === '' || text.includes('/') ? undefined : search(text, path);
  if (onPath !== undefined) return onPath;
  if (isDirectory(text)) throw new ProgramError(`${text} is a directory, not a program`);
  const where = text.includes('/') ? '' : ': looked in the current directory and on the PATH';
  throw new ProgramError(`${text} is not found${where}`);
}

const search = (name: string, path: string): string | undefined =>
  path
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find((candidate) => isFile(candidate) && isExecutable(candidate));

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
