/**
 * The server's own program as a process of a local cluster.
 */
import { join, resolve } from 'node:path';
import type { LocalProcess } from './supervisor.ts';

/** Its bundle is beside the one that runs. */
export const serverProcess = (id: string, port: number, args: readonly string[]): LocalProcess => ({
  id,
  command: process.execPath,
  args: [
    ...process.execArgv,
    join(resolve(process.argv[1] ?? ''), '../g-counter-server.cjs'),
    '--port',
    `${port}`,
    ...args,
  ],
  env: {},
});
