/**
 * How long a server is without a peer whose address has failed, but which answers at another that is known too:
 * `npm run bench:moved -- [LAUNCHER…]`, `bin/g-counter-server` by default. The address that fails is that of a proxy in
 * front of the peer. Several launchers take turns.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { median } from './median.ts';
import { type Server, print, start, stop } from './server-process.ts';

const ROUNDS = 4;
const POLL_MS = 20;

/** Forwards connections to a port until it is closed. */
class Proxy {
  readonly port: number;
  readonly close: () => void;

  static open(to: number): Promise<Proxy> {
    return new Promise((resolve) => {
      const sockets = new Set<Socket>();
      const server = createServer((near) => {
        const far = connect(to, '127.0.0.1');
        for (const [socket, other] of [
          [near, far],
          [far, near],
        ] as const) {
          sockets.add(socket);
          socket.on('error', () => {});
          socket.on('close', () => other.destroy());
          socket.pipe(other);
        }
      }).listen(0, '127.0.0.1', () => {
        const address = server.address();
        const port = typeof address === 'object' && address !== null ? address.port : 0;
        const close = (): void => {
          server.close();
          for (const socket of sockets) socket.destroy();
        };
        resolve(new Proxy(port, close));
      });
    });
  }

  private constructor(port: number, close: () => void) {
    this.port = port;
    this.close = close;
  }
}

/** Resolves when a server has the process at a port in a state. */
async function until({ port }: Server, at: number, state: string): Promise<void> {
  for (;;) {
    const url = `http://127.0.0.1:${port}/discovery`;
    const text = await (await fetch(url, { headers: { connection: 'close' } })).text();
    if (text.split('{').some((each) => each.includes(`:${at}"`) && each.includes(`"${state}"`))) return;
    await pass(POLL_MS);
  }
}

/** How long it takes after the proxy has failed, in ms. */
async function failover(launcher: string, directory: string, round: number): Promise<number> {
  const startAs = (nodeId: string, peers: readonly string[]): Promise<Server> => {
    const args = [
      '--port',
      '0',
      '--node-id',
      nodeId,
      '--data-dir',
      join(directory, nodeId),
      '--disable-discovery',
    ];
    return start(launcher, [...args, ...peers]);
  };
  const server = await startAs('a', []);
  const peer = await startAs('b', ['--peers', `127.0.0.1:${server.port}`]);
  const proxy = await Proxy.open(peer.port);
  await until(server, peer.port, 'alive');
  await fetch(`http://127.0.0.1:${server.port}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ id: `127.0.0.1:${proxy.port}` }),
  });
  await until(server, proxy.port, 'alive');
  await until(server, peer.port, 'alias');
  // The launchers get the same times, which differ by less than the interval of probes.
  await pass(1000 + 700 * round);
  const startMs = performance.now();
  proxy.close();
  await until(server, peer.port, 'alive');
  const durationMs = performance.now() - startMs;
  for (const each of [server, peer]) await stop(each, 'SIGKILL');
  return durationMs;
}

async function main(launchers: readonly string[]): Promise<void> {
  const timesMs = new Map<string, number[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const launcher of launchers) {
      const directory = mkdtempSync(join(tmpdir(), 'g-counter-bench-'));
      try {
        timesMs.set(launcher, [...(timesMs.get(launcher) ?? []), await failover(launcher, directory, round)]);
      } finally {
        rmSync(directory, { recursive: true });
      }
    }
  }
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  for (const [launcher, all] of timesMs) {
    print(launcher, `${seconds(median(all))} (${all.map(seconds).join(', ')})`);
  }
}

const launchers = process.argv.slice(2);
void main(launchers.length === 0 ? ['bin/g-counter-server'] : launchers);
