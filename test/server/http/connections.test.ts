/** Clients that speak no proper HTTP, or too slowly, or not at all. */
import { type Socket, connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { Connection, exchange, requestText } from '../../support/connection.ts';
import { eventually } from '../../support/eventually.ts';
import { type HttpServerFixture, openHttpServer, openStore } from '../../support/http-server.ts';
import { lastResponse, errorOf } from '../../support/api-error.ts';
import { stopServers } from '../../support/server-process.ts';

const sockets: Socket[] = [];
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const close of closing.splice(0)) await close();
  await stopServers();
});

/** An HTTP server in front of a store. */
async function startServer(...options: Parameters<typeof openHttpServer>): Promise<HttpServerFixture> {
  const [opened, store] = await Promise.all([openHttpServer(...options), openStore()]);
  opened.server.serve(store);
  closing.push(
    () => opened.server.close(),
    () => store.close(),
  );
  return opened;
}

const asked = async (port: number, ...pieces: (string | Buffer)[]): Promise<string> =>
  errorOf(lastResponse(await exchange(port, ...pieces)));

const increment = requestText('POST', '/counter/incr/k');
const read = requestText('GET', '/counter/k', { connection: 'close' });
const valueAt = async (port: number): Promise<string> => lastResponse(await exchange(port, read)).body;

/** A client that never closes its side. */
function holdOpen(port: number, text: string): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  socket.resume();
  socket.write(text);
  sockets.push(socket);
  return socket;
}

test('a client that sends and ends its side at once gets its answers', async () => {
  const { port } = await startServer();
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  let answer = '';
  socket.on('data', (chunk) => (answer += String(chunk)));
  socket.end(increment.repeat(3));
  await new Promise((resolve) => socket.once('end', resolve));
  expect([...answer.matchAll(/"new_value":(\d)/g)].map(([, value]) => value)).toEqual(['1', '2', '3']);
});

describe('what is not HTTP', () => {
  test.each([
    ['a word', 'hello\r\n\r\n'],
    ['a TLS handshake', Buffer.from('16030100a5010000a10303', 'hex')],
    ['a method in small letters', 'get / HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nhost\r\n\r\n'],
    ['a header with a zero byte', 'GET / HTTP/1.1\r\nhost: x\0\r\n\r\n'],
    [
      'two lengths',
      'POST /counter/incr/k HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n12',
    ],
    [
      'a length and chunks',
      'POST /counter/incr/k HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    [
      'a chunk without a length',
      `${requestText('POST', '/counter/incr/k', { 'content-type': 'application/json', 'transfer-encoding': 'chunked' })}zz\r\n`,
    ],
    ['bytes beyond ASCII in the path', Buffer.from('GET /counter/\u00e9 HTTP/1.1\r\nhost: x\r\n\r\n')],
  ])('%s is refused, and the connection is closed', async (_, bytes) => {
    const { port } = await startServer();
    expect(await asked(port, bytes)).toBe('400 bad_request');
    expect(await valueAt(port)).toContain('"value":0');
  });

  test('a head longer than 16 KiB is refused', async () => {
    const { port } = await startServer();
    const long = (bytes: number): string =>
      requestText('GET', '/health', { x: 'x'.repeat(bytes), connection: 'close' });
    expect(await asked(port, long(17_000))).toBe('431 head_too_large');
    expect(await asked(port, requestText('GET', `/${'x'.repeat(17_000)}`))).toBe('431 head_too_large');
    expect(lastResponse(await exchange(port, long(15_000))).status).toBe(200);
  });

  test('a request without a host is refused like any other', async () => {
    const { port } = await startServer();
    expect(await asked(port, 'GET /health HTTP/1.1\r\nconnection: close\r\n\r\n')).toMatch(/^400 /);
  });

  test('a request of HTTP/1.0 needs no host', async () => {
    const { port } = await startServer();
    expect(lastResponse(await exchange(port, 'GET /health HTTP/1.0\r\n\r\n')).status).toBe(200);
  });

  test('an expectation that cannot be met is refused', async () => {
    const { port } = await startServer();
    const request = requestText('POST', '/counter/incr/k', { expect: 'the moon', connection: 'close' });
    expect(await asked(port, request)).toMatch(/^417 /);
    expect(await valueAt(port)).toContain('"value":0');
  });

  test.each([
    ['an increment', ''],
    ['an increment and a read, which could be answered before it', requestText('GET', '/counter/k')],
  ])('after %s is refused when they have been answered', async (_, others) => {
    const { port } = await startServer();
    const statuses = (await exchange(port, `${increment}${others}no HTTP\r\n\r\n`)).matchAll(
      /HTTP\/1\.1 (\d+)/g,
    );
    const before = others === '' ? ['200'] : ['200', '200'];
    expect([...statuses].map(([, status]) => status)).toEqual([...before, '400']);
    expect(await valueAt(port)).toContain('"value":1');
  });
});

test('requests that arrive together are answered in their order', async () => {
  const { port } = await startServer();
  const requests = Array.from({ length: 50 }, (_, n) => requestText('POST', `/counter/incr/k${n}`)).join('');
  const answers = await exchange(port, requests + read);
  const keys = [...answers.matchAll(/"key":"(k\d*)"/g)].map(([, key]) => key);
  expect(keys).toEqual([...Array.from({ length: 50 }, (_, n) => `k${n}`), 'k']);
});

test('a request that arrives byte by byte is a request', async () => {
  const { port } = await startServer();
  const request = requestText('POST', '/counter/incr/k', { connection: 'close' }, '{"amount":7}');
  const answer = await exchange(port, ...Array.from(request, (byte) => Buffer.from(byte)));
  expect(lastResponse(answer).status).toBe(200);
  expect(await valueAt(port)).toContain('"value":7');
});

test('a request to upgrade is answered as an ordinary one', async () => {
  const { port } = await startServer();
  const headers = { connection: 'upgrade, close', upgrade: 'websocket' };
  expect(lastResponse(await exchange(port, requestText('GET', '/health', headers))).status).toBe(200);
});

describe('a slow client', () => {
  const half = '{"amount":';

  test.each([
    ['says nothing', ''],
    ['stops in the middle of a head', 'POST /counter/incr/k HTTP/1.1\r\nho'],
  ])('that %s gets an error', async (_, text) => {
    const { port } = await startServer({ headMs: 100 });
    expect(await asked(port, text)).toBe('408 timeout');
  });

  test('that stops in the middle of a body gets an error, and nothing is counted', async () => {
    const { port, errors } = await startServer({ headMs: 100, requestMs: 200 });
    const request = requestText('POST', '/counter/incr/k', { 'content-length': '100' }, half);
    expect(await asked(port, request)).toBe('408 timeout');
    await eventually(async () => expect(await valueAt(port)).toContain('"value":0'));
    expect(errors).toEqual([]);
  });

  test('between two requests is disconnected without a response', async () => {
    const { port } = await startServer({ idleMs: 100 });
    const answer = await exchange(port, requestText('GET', '/health'));
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(lastResponse(answer).status).toBe(200);
  });

  test.each([
    ['says nothing', ''],
    ['stops in the middle of a head', 'GET / HT'],
    [
      'stops in the middle of a body',
      requestText('POST', '/counter/incr/k', { 'content-length': '9' }, half),
    ],
    ['has said what is no HTTP', 'hello\r\n\r\n'],
    ['has had an answer', requestText('GET', '/health')],
    ['has had its last answer', read],
    ['has sent a body that is too long', requestText('POST', '/counter/incr/k', {}, ' '.repeat(70_000))],
  ])('that %s does not keep its connection though it never closes it', async (_, text) => {
    const short = { headMs: 100, requestMs: 200, idleMs: 100 };
    const { port } = await startServer(short, { maxConnections: 1 });
    await new Promise((resolve) => holdOpen(port, text).once('connect', resolve));
    await eventually(async () => expect(await valueAt(port)).toContain('"value":0'));
  });
});

test('a client that never reads its response does not keep its connection', async () => {
  const page = 'x'.repeat(2 ** 25);
  const { port } = await startServer({ stallMs: 200 }, { maxConnections: 1, page });
  const socket = holdOpen(port, '');
  socket.pause();
  await new Promise((resolve) => socket.write(requestText('GET', '/'), resolve));
  await eventually(async () => expect(await valueAt(port)).toContain('"value":0'));
});

describe('at the maximum of connections', () => {
  test('another one is closed, and is accepted when one has ended', async () => {
    const { port } = await startServer({}, { maxConnections: 2 });
    const [first, second] = await Promise.all([Connection.open(port), Connection.open(port)]);
    const health = requestText('GET', '/health');
    expect(await Promise.all([first.ask(health), second.ask(health)])).toMatchObject([
      { status: 200 },
      { status: 200 },
    ]);
    expect(await exchange(port, health)).toBe('');
    first.close();
    await eventually(async () => expect(await valueAt(port)).toContain('"value":0'));
    expect((await second.ask(health)).status).toBe(200);
    second.close();
  });
});

describe('clients that disconnect', () => {
  const metrics = requestText('GET', '/metrics', { connection: 'close' });
  const watch = requestText('GET', '/counters/watch');

  async function goAway(port: number, text: string): Promise<void> {
    const socket = holdOpen(port, '');
    await new Promise((resolve) => socket.write(text, resolve));
    socket.resetAndDestroy();
  }

  test.each([
    ['at once', ''],
    ['in the middle of a head', 'GET'],
    ['in the middle of a body', requestText('POST', '/counter/incr/k', {}, '{}').slice(0, -1)],
    ['without waiting for an answer', increment],
    ['without waiting for many answers', increment.repeat(100)],
    ['while they watch', watch],
    ['while they watch many times over one connection', watch.repeat(10)],
    ['while they watch, with more requests than are read', watch.repeat(10_000)],
  ])('%s leave nothing behind', async (_, text) => {
    const { port, errors } = await startServer();
    await goAway(port, text);
    const noted = async (): Promise<string> => lastResponse(await exchange(port, metrics)).body;
    await eventually(async () => expect(await noted()).toContain('g_counter_watchers 0'));
    expect(errors).toEqual([]);
  });

  test('in good order while they watch, with requests that wait behind that, leave nothing behind', async () => {
    const { port, errors } = await startServer();
    holdOpen(port, watch.repeat(10_000)).end();
    const noted = async (): Promise<string> => lastResponse(await exchange(port, metrics)).body;
    await eventually(async () => expect(await noted()).toContain('route="watch"'));
    await eventually(async () => expect(await noted()).toContain('g_counter_watchers 0'));
    expect(errors).toEqual([]);
  });

  test('in the middle of a body do not count as answered', async () => {
    const noted: number[] = [];
    const { port } = await startServer({}, { onRequest: (_method, _path, status) => noted.push(status) });
    await goAway(port, requestText('POST', '/counter/incr/k', {}, '{}').slice(0, -1));
    await valueAt(port);
    expect(noted.filter((status) => status === 200)).toHaveLength(1);
  });
});

describe('requests sent before the responses to earlier ones', () => {
  /** Writes so many requests in one piece, and reads nothing until it is told to. */
  async function pipeline(port: number, request: string, requests: number) {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    sockets.push(socket);
    socket.pause();
    socket.write(request.repeat(requests));
    const START = 'HTTP/1.1 ';
    let [count, unread] = [0, ''];
    const readAll = (): void => {
      socket.on('data', (bytes) => {
        const text = unread + String(bytes);
        count += text.split(START).length - 1;
        // A start may come in two pieces.
        unread = text.slice(1 - START.length);
      });
      socket.resume();
    };
    return { socket, readAll, answers: () => count };
  }

  /** A server whose answers are large, and the paths that it has answered. */
  async function startLarge() {
    const answered: string[] = [];
    const page = '<!doctype html>'.padEnd(200_000);
    const { server, port } = await startServer({}, { page, onRequest: (_, path) => answered.push(path) });
    return { server, port, answered };
  }

  test('are not begun while a client does not read', async () => {
    const { port, answered } = await startLarge();
    const { readAll, answers } = await pipeline(port, requestText('GET', '/'), 200);
    await eventually(() => expect(answered.length).toBeGreaterThan(0));
    // An honest client is answered meanwhile.
    expect(await exchange(port, requestText('GET', '/health', { connection: 'close' }))).toContain(' 200 ');
    // What the sockets themselves hold is a few answers; without a bound, all would be made.
    expect(answered.filter((path) => path === '/').length).toBeLessThan(100);
    readAll();
    await eventually(() => expect(answers()).toBe(200));
  });

  test('are dropped when the client goes away', async () => {
    const { port, answered } = await startLarge();
    const { socket } = await pipeline(port, requestText('GET', '/'), 1000);
    await eventually(() => expect(answered.length).toBeGreaterThan(0));
    socket.resetAndDestroy();
    await exchange(port, requestText('GET', '/health', { connection: 'close' }));
    await eventually(() => expect(answered).toContain('/health'));
    expect(answered.filter((path) => path === '/').length).toBeLessThan(100);
  });

  test('are answered in order, with their bodies', async () => {
    const { port } = await startServer();
    const text = requestText('POST', '/counter/incr/k', {}, '{"amount":2}');
    const { readAll, answers } = await pipeline(port, text, 2000);
    readAll();
    await eventually(() => expect(answers()).toBe(2000));
    expect(await valueAt(port)).toContain('"value":4000');
  });
});
