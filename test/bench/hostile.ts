/**
 * What honest clients notice of hostile ones, who have no token and read nothing: `npm run bench:hostile -- [LAUNCHER]`,
 * `bin/g-counter-server` by default. An honest client increments a counter every 5 ms.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { Connection, requestText } from '../support/connection.ts';
import { increments } from './honest-client.ts';
import { type Server, fill, megabytes, print, round, start, stop } from './server-process.ts';

const page = requestText('GET', '/counters?limit=1000');

/** Connections that send a text and read nothing. */
const attack = (server: Server, count: number, text: (n: number) => string): Promise<Socket[]> =>
  Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const socket = connect({ port: server.port, host: '127.0.0.1' });
      socket.on('error', () => {});
      socket.pause();
      await new Promise((resolve) => socket.write(text(n), resolve));
      return socket;
    }),
  );

const leave = (sockets: readonly Socket[]): void => {
  for (const socket of sockets) socket.resetAndDestroy();
};

async function pipelining(server: Server): Promise<void> {
  await fill(server, 1000);
  print('increments, nobody else: p99, longest', await increments(server));
  print('  memory', `${round(megabytes(server, 'VmRSS'))} MB`);
  for (const [connections, pages] of [
    [20, 1000],
    [500, 10],
  ] as const) {
    const attacking = attack(server, connections, () => page.repeat(pages));
    print(`increments, ${connections} connections ask for ${pages} pages each`, await increments(server));
    leave(await attacking);
    print('  after they have gone', await increments(server, 3));
    print('  most memory until then', `${round(megabytes(server, 'VmHWM'))} MB`);
  }
}

/** Changes 10,000 counters twice a second until it is told to stop. */
async function change({ port }: Server, signal: AbortSignal): Promise<void> {
  const connection = await Connection.open(port);
  for (let first = 0; !signal.aborted; first = (first + 1000) % 10_000) {
    const keys = Array.from({ length: 1000 }, (_, n) => ({ key: `key-${first + n}` }));
    const body = JSON.stringify({ increments: keys });
    const { status } = await connection.ask(requestText('POST', '/counters/incr', {}, body));
    if (status !== 200) throw new Error(`a batch got ${status}`);
    await pass(50);
  }
  connection.close();
}

async function watchers(server: Server): Promise<void> {
  await fill(server, 10_000);
  const stopping = new AbortController();
  const changing = change(server, stopping.signal);
  print('increments, 10,000 other counters change: p99, longest', await increments(server));
  const watch = (prefix: string): string => requestText('GET', `/counters/watch?prefix=${prefix}`);
  const attacks = [
    ['900 watch', () => watch('')],
    ['900 watch, each with another prefix', (n: number) => watch(`key-${n}`)],
    ['900 watch what there is not', (n: number) => watch(`nothing-${n}`)],
  ] as const;
  for (const [name, text] of attacks) {
    const sockets = await attack(server, 900, text);
    print(`increments, ${name}`, await increments(server));
    leave(sockets);
    await pass(1000);
  }
  stopping.abort();
  await changing;
  print('  most memory until then', `${round(megabytes(server, 'VmHWM'))} MB`);
}

async function main(launcher = 'bin/g-counter-server'): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'g-counter-bench-'));
  try {
    for (const [name, measure] of Object.entries({ pipelining, watchers })) {
      const data = join(directory, name);
      const server = await start(launcher, ['--port', '0', '--data-dir', data, '--disable-discovery']);
      await measure(server);
      await stop(server, 'SIGKILL');
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

void main(...process.argv.slice(2));
