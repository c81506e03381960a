import { connect } from 'node:net';

/** Whether somebody listens on a port of this machine. */
export const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.destroy());
    socket.once('close', (hasFailed) => resolve(!hasFailed));
    socket.on('error', () => {});
  });

/** The first of so many consecutive free ports, outside of the range that systems assign. */
export async function freeBasePort(count: number): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const are = await Promise.all(Array.from({ length: count }, (_, i) => isOpen(port + i)));
    if (!are.includes(true)) return port;
  }
}
