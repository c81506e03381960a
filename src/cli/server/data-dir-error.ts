/**
 * Says in one line why a data directory cannot be used, and what to do about it.
 */
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { asError } from '../../runtime/error.ts';

/** The error of a directory that could not be opened, with a message that says what to do where that is known. */
export function dataDirError(error: unknown, dataDir: string): Error {
  const system = systemErrorIn(error);
  const why = system && reasonFor(system, dataDir);
  return why === undefined
    ? asError(error)
    : new Error(`the data directory ${dataDir} ${why}`, { cause: error });
}

interface SystemError {
  readonly code: string;
  readonly path: string | undefined;
}

function systemErrorIn(error: unknown): SystemError | undefined {
  if (!(error instanceof Error)) return undefined;
  if (!('code' in error && 'syscall' in error)) return systemErrorIn(error.cause);
  return {
    code: String(error.code),
    path: 'path' in error && typeof error.path === 'string' ? error.path : undefined,
  };
}

function reasonFor({ code, path }: SystemError, dataDir: string): string | undefined {
  switch (code) {
    case 'EACCES':
    case 'EPERM': {
      const { place, uid } = ownerOf(resolve(dataDir, path ?? ''));
      const user = process.getuid?.() ?? '?';
      if (uid === user) {
        return `cannot be used: the permissions of ${place} deny it to user ${user}, its owner; change them, or choose another with --data-dir`;
      }
      const belongs = uid === undefined ? '' : `: ${place} belongs to user ${uid}`;
      return `cannot be used by user ${user}${belongs}; run the server as its owner, or choose another with --data-dir`;
    }
    case 'EROFS':
      return 'is on a file system that cannot be written to; choose another with --data-dir';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'is on a disk that is full';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'is not a directory, or below something that is none; choose another with --data-dir';
    case 'ENAMETOOLONG':
      return 'has a name that is too long for the system; choose a shorter one with --data-dir';
    case 'ELOOP':
      return 'leads in a circle of links; choose another with --data-dir';
    case 'ENOENT':
      return 'cannot be made there; choose another with --data-dir';
    default:
      return undefined;
  }
}

/** Who owns a file, or the nearest directory above it that can be seen. */
function ownerOf(path: string): { place: string; uid: number | undefined } {
  for (let place = path; ; place = dirname(place)) {
    try {
      return { place, uid: statSync(place).uid };
    } catch {
      if (place === dirname(place)) return { place, uid: undefined };
    }
  }
}
