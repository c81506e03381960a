/** Servers that are asked to stop. */
import { type Socket, connect } from 'node:net';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { Connection, ConnectionClosed, requestText } from '../../support/connection.ts';
import { totalsFrom } from '../../support/json.ts';
import { Client, Ledger } from '../../support/load.ts';
import { type ServerProcess, startServer, stopServers } from '../../support/server-process.ts';

afterAll(stopServers);

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A connection on which a text has been sent, and what comes back. */
async function say(port: number, text: string): Promise<{ socket: Socket; heard: () => string }> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  sockets.push(socket);
  let answer = '';
  socket.on('error', () => {});
  socket.on('data', (chunk) => (answer += String(chunk)));
  await new Promise((resolve) => socket.once('connect', resolve));
  if (text !== '') await new Promise((resolve) => socket.write(text, resolve));
  return { socket, heard: () => answer };
}

const refuses = async (server: ServerProcess): Promise<boolean> =>
  Connection.open(server.port).then(
    (connection) => (connection.close(), false),
    (error: unknown) => error instanceof ConnectionClosed,
  );

test.each(['SIGTERM', 'SIGINT'] as const)(
  'at a %s under load all requests under way are answered, and counters.json has exactly what was acknowledged',
  async (signal) => {
    const ledger = new Ledger();
    const keys = ['a', 'b', 'c'];
    const clients = Array.from({ length: 20 }, (_, n) => new Client(`${n}`, keys, ledger, false));
    let server = await startServer();
    for (let stop = 0; stop < 5; stop++) {
      const enough = ledger.more(Math.floor(Math.random() * 500));
      const loads = clients.map((client) => client.run(server.port));
      await enough;
      expect(await server.kill(signal)).toEqual({ status: 0, signal: null });
      await Promise.all(loads);
      const answered = [...ledger.tallies].map(([key, tally]) => [key, tally.answered] as const);
      expect(server.snapshot()).toEqual(
        new Map(answered.map(([key, total]) => [key, new Map([['node-1', total]])])),
      );
      expect(server.notes.at(-1)).toMatchObject({ level: 'info', message: 'stopped', reason: signal });
      expect(server.files().filter((name) => name.startsWith('lock-'))).toEqual([]);
      server = await server.restart();
    }
  },
);

test('at a SIGTERM the server waits for a request that is still arriving, and accepts no other', async () => {
  const server = await startServer();
  const body = '{"amount":5}';
  const request = requestText('POST', '/counter/incr/k', {}, body);
  const kept = await Connection.open(server.port);
  expect((await kept.ask(requestText('GET', '/health'))).status).toBe(200);
  const { socket, heard } = await say(server.port, request.slice(0, -body.length));
  // It has taken in the first of the two when it answers the second.
  expect((await kept.ask(requestText('GET', '/health'))).status).toBe(200);
  const exit = server.kill('SIGTERM');
  await eventually(async () => expect(await refuses(server)).toBe(true));
  socket.write(body);
  expect(await exit).toEqual({ status: 0, signal: null });
  expect(heard()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n[^]*"new_value":5\}$/i);
  expect(server.snapshot().get('k')).toEqual(new Map([['node-1', 5]]));
});

test.each([
  ['says nothing', ''],
  ['has had an answer', requestText('GET', '/health')],
  ['watches', requestText('GET', '/counters/watch')],
])('at a SIGTERM a connection that %s is closed while another request is still arriving', async (_, text) => {
  const server = await startServer();
  const { socket } = await say(server.port, text);
  if (text !== '') await new Promise((resolve) => socket.once('data', resolve));
  const body = '{"amount":5}';
  const request = requestText('POST', '/counter/incr/k', {}, body);
  const waited = await say(server.port, request.slice(0, -body.length));
  await server.get('/health');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const exit = server.kill('SIGTERM');
  await closed;
  waited.socket.write(body);
  expect(await exit).toEqual({ status: 0, signal: null });
  expect(waited.heard()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
});

test('at a second SIGTERM the server ends at once, and nothing acknowledged is lost', async () => {
  const server = await startServer();
  await server.increment('k', 5);
  await say(server.port, requestText('POST', '/counter/incr/k', {}, '{}').slice(0, -1));
  await server.get('/health');
  const exit = server.kill('SIGTERM');
  await eventually(async () => expect(await refuses(server)).toBe(true));
  void server.kill('SIGTERM');
  expect(await exit).toEqual({ status: 1, signal: null });
  expect((await (await server.restart()).read('k')).value).toBe(5);
});

describe('counters.json', () => {
  test('follows a change, without a stop', async () => {
    const server = await startServer();
    await server.increment('k', 5);
    await server.merge('__proto__', new Map([['other', 7]]));
    const expected = new Map([
      ['__proto__', new Map([['other', 7]])],
      ['k', new Map([['node-1', 5]])],
    ]);
    await eventually(() => expect(server.snapshot()).toEqual(expected));
  });

  test('is complete at every moment, never goes back, and is never ahead of what was acknowledged', async () => {
    const server = await startServer();
    const ledger = new Ledger();
    const clients = Array.from({ length: 4 }, (_, n) => new Client(`${n}`, ['k'], ledger, false));
    const loads = clients.map((client) => client.run(server.port));
    const seen = new Set<number>();
    let latest = 0;
    while (seen.size < 4) {
      await ledger.more(10);
      if (!server.files().includes('counters.json')) continue;
      const total = server.snapshot().get('k')?.get('node-1') ?? 0;
      expect(total).toBeGreaterThanOrEqual(latest);
      expect(total).toBeLessThanOrEqual(ledger.tallies.get('k')?.asked ?? 0);
      latest = total;
      seen.add(total);
    }
    await server.kill('SIGTERM');
    await Promise.all(loads);
  });

  test('of a server without requests is empty', async () => {
    const server = await startServer();
    await server.get('/counter/k');
    await server.kill('SIGTERM');
    expect(server.snapshot()).toEqual(totalsFrom({}));
  });
});
