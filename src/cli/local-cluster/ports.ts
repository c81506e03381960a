/**
 * Finds out, before any server starts, which of the chosen ports are in use: one clear message instead of several
 * servers that fail one after the other.
 */
import { createServer } from 'node:net';

/** The address that the servers listen on. */
export const HOST = '127.0.0.1';

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
