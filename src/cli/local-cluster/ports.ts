/**
 * Finds out, before anything starts, which of the chosen ports are in use: one clear message instead of several
 * programs that fail one after the other.
 */
import { createServer } from 'node:net';

/** The address that all listen on. */
export const HOST = '127.0.0.1';

export const MAX_PORT = 65_535;

/** Returns what to say if another process listens on some of `ports`. */
export async function portsFault(ports: readonly number[]): Promise<string | undefined> {
  const inUse = await portsInUse(ports);
  if (inUse.length === 0) return undefined;
  const taken = inUse.length === 1 ? `port ${inUse[0]} is` : `ports ${inUse.join(', ')} are`;
  return `${taken} taken; choose others with --base-port`;
}

/** Returns those of `ports` on which another process listens. */
export async function portsInUse(ports: readonly number[]): Promise<number[]> {
  const areInUse = await Promise.all(ports.map(isInUse));
  return ports.filter((_, i) => areInUse[i]);
}

function isInUse(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve('code' in error && error.code === 'EADDRINUSE'));
    server.listen(port, HOST, () => server.close(() => resolve(false)));
  });
}
