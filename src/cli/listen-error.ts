/**
 * Says in one line why a program cannot listen, and what to do about it.
 */
import { asError } from '../runtime/error.ts';

/** Returns the message for an error of the system. `host` and `port` are those that were asked for. */
export function listenErrorText(error: unknown, host: string, port: number): string {
  const { message } = asError(error);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const where = `port ${port} of ${host}`;
  switch (code) {
    case 'EADDRINUSE':
      return `${where} is in use: choose another port with --port`;
    case 'EACCES':
    case 'EPERM':
      return `${where} may not be used by user ${process.getuid?.() ?? '?'}: choose a port from 1024 with --port`;
    case 'EADDRNOTAVAIL':
      return `${host} is not an address of this machine: choose another with --host`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
    case 'EAI_NONAME':
      return `${host} is not a name that this machine knows: choose an address with --host`;
    default:
      return `cannot listen on ${where}: ${message}`;
  }
}
