/** Requests are what RFC 9110 and RFC 9112 say they are, also where Node takes them for something else. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gzipSync } from 'node:zlib';
import { errorOf, lastResponse } from '../../support/api-error.ts';
import { exchange } from '../../support/connection.ts';
import { type ServerProcess, startServer, stopServers } from '../../support/server-process.ts';

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer();
});
afterAll(stopServers);

/** The status of the answer to a head, sent as it is, and a body. */
async function statusOf(head: readonly string[], body = ''): Promise<number> {
  const answer = await exchange(server.port, [...head, 'Connection: close', '', body].join('\r\n'));
  return lastResponse(answer).status;
}

describe('a target that is a whole URL', () => {
  test.each([
    ['GET http://127.0.0.1:8080/health HTTP/1.1', 'Host: 127.0.0.1:8080'],
    ['GET HTTP://LOCALHOST/health HTTP/1.1', 'Host: localhost'],
    ['GET http://localhost:8080/counters?limit=5 HTTP/1.1', 'Host: evil.example'],
    ['GET https://[::1]/counter/k HTTP/1.1', 'Host: localhost'],
    ['GET http://localhost HTTP/1.1', 'Host: localhost'],
    ['GET http://localhost?x HTTP/1.1', 'Host: localhost'],
    ['GET http://localhost:8080/health HTTP/1.0'],
  ])('is the same as its path: %s', async (...head) => {
    expect(await statusOf(head)).toBe(200);
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'])('with %s too', async (method) => {
    expect(await statusOf([`${method} http://localhost/health HTTP/1.1`, 'Host: localhost'])).toBe(405);
    const line = `${method} http://localhost/counter/incr/absolute HTTP/1.1`;
    expect(await statusOf([line, 'Host: localhost'])).toBe(method === 'POST' ? 200 : 405);
  });

  test.each(['localhost:80', 'evil.example:443', '[::1]:1'])(
    'of a tunnel, to %s, is refused',
    async (authority) => {
      const head = `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`;
      const answer = lastResponse(await exchange(server.port, head));
      expect(errorOf(answer)).toBe('405 method_not_allowed');
      expect(answer.headers['allow']).toBe('GET, HEAD, POST');
    },
  );

  test.each([
    ['GET http://me@localhost/health HTTP/1.1', 'Host: localhost'],
    ['GET http://localhost@evil.example/health HTTP/1.1', 'Host: localhost'],
    ['GET http:///health HTTP/1.1', 'Host: localhost'],
    ['GET http://localhost/health HTTP/1.1'],
  ])('of no host, or without a header Host, is refused: %s', async (...head) => {
    expect(await statusOf(head)).toBe(400);
  });

  test('of another scheme is nowhere', async () => {
    expect(await statusOf(['GET ftp://localhost/health HTTP/1.1', 'Host: localhost'])).toBe(404);
  });
});

describe('the header Host', () => {
  test('of nothing is none of the names of the server', async () => {
    expect(await statusOf(['GET /health HTTP/1.1', 'Host:'])).toBe(421);
  });

  test.each(['a b', 'http://localhost', 'me@localhost', 'localhost:x', 'localhost, evil.example', '[::1'])(
    'of %j is refused',
    async (host) => {
      expect(await statusOf(['GET /health HTTP/1.1', `Host: ${host}`])).toBe(400);
    },
  );

  test.each(['localhost', 'evil.example'])('twice, the second of %j, is refused', async (host) => {
    expect(await statusOf(['GET /health HTTP/1.1', 'Host: localhost', `hOST: ${host}`])).toBe(400);
  });
});

test.each(['2.0', '3.0', '0.9', '1.2', '9.9'])(
  'HTTP/%s in a request line is a version not supported',
  async (version) => {
    const answer = await exchange(server.port, `GET /health HTTP/${version}\r\nHost: localhost\r\n\r\n`);
    expect(errorOf(lastResponse(answer))).toBe('505 unsupported_version');
  },
);

test('the preface of HTTP/2 is a version not supported', async () => {
  const answer = await exchange(server.port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  expect(errorOf(lastResponse(answer))).toBe('505 unsupported_version');
});

describe('without a byte of a body', () => {
  test.each([
    ['Transfer-Encoding: chunked'],
    ['Transfer-Encoding: Chunked', 'Content-Type: text/plain'],
    ['Transfer-Encoding: chunked', 'Content-Encoding: gzip'],
    ['Content-Length: 0', 'Content-Type: text/plain'],
    ['Content-Length: 000'],
    ['Content-Type: text/plain'],
    ['Transfer-Encoding: chunked', 'Expect: 100-continue'],
    ['Content-Length: 0', 'Expect: 100-Continue'],
    ['Transfer-Encoding: chunked', 'Content-Type: application/json'],
    [],
  ])('an increment is by 1: %s %s', async (...head) => {
    const before = (await server.read('empty')).value;
    const body = head.some((line) => line.startsWith('Transfer')) ? '0\r\n\r\n' : '';
    const line = 'POST /counter/incr/empty HTTP/1.1';
    expect(await statusOf([line, 'Host: localhost', ...head], body)).toBe(200);
    expect((await server.read('empty')).value).toBe(before + 1);
  });
});

describe('a body with a coding', () => {
  const json = Buffer.from('{"amount":7}');
  const type = { 'content-type': 'application/json' };

  test.each([
    ['gzip', gzipSync(json)],
    ['gzip', json],
    ['GZIP', json],
    ['br', json],
    ['identity, gzip', json],
    ['gzip, identity', json],
    ['x-gzip', gzipSync(json)],
    ['identity;q=1', json],
    ['aes128gcm', json],
  ])('of %s is refused', async (encoding, body) => {
    const headers = { ...type, 'content-encoding': encoding };
    for (const path of ['/counter/incr/coded', '/counters/incr', '/counter/merge/coded', '/peer']) {
      const answer = await server.ask('POST', path, headers, body);
      expect(errorOf(answer)).toBe('415 unsupported_encoding');
      expect(answer.headers['accept-encoding']).toBe('identity');
    }
    expect((await server.read('coded')).value).toBe(0);
  });

  test.each(['identity', 'Identity', ''])('of %j is as it is', async (encoding) => {
    const headers = { ...type, 'content-encoding': encoding };
    expect((await server.ask('POST', '/counter/incr/plain', headers, json)).status).toBe(200);
  });

  test('for its transfer other than chunked is refused', async () => {
    const head = ['Host: localhost', 'Transfer-Encoding: gzip, chunked', 'Content-Type: application/json'];
    expect(await statusOf(['POST /counter/incr/k HTTP/1.1', ...head], '2\r\n{}\r\n0\r\n\r\n')).toBe(501);
  });
});

describe('two headers Idempotency-Key', () => {
  test.each([
    ['Idempotency-Key: k1', 'Idempotency-Key: k1'],
    ['Idempotency-Key: k1', 'idempotency-key: k2'],
    ['Idempotency-Key: k1', 'Idempotency-Key:'],
  ])('are refused: %s, %s', async (...keys) => {
    const line = 'POST /counter/incr/twice HTTP/1.1';
    expect(await statusOf([line, 'Host: localhost', ...keys])).toBe(400);
    expect((await server.read('twice')).value).toBe(0);
  });

  test('as one, with a comma, are one key', async () => {
    expect(await server.increment('comma', 3, { 'idempotency-key': 'k1, k1' })).toBe(3);
    expect(await server.increment('comma', 3, { 'idempotency-key': 'k1, k1' })).toBe(3);
  });
});

describe('a number that only rounding makes whole', () => {
  const rounded = [
    '4.9999999999999999999',
    '5.00000000000000000001',
    '9007199254740990.9',
    '50000000000000000001e-19',
  ];

  test.each(rounded)('%s is no amount, total or count', async (number) => {
    const path = '/counter/incr/r';
    expect(errorOf(await server.post(path, `{"amount":${number}}`))).toBe('400 invalid_amount');
    const batch = `{"increments":[{"key":"r","amount":${number}}]}`;
    expect(errorOf(await server.post('/counters/incr', batch))).toBe('400 invalid_amount');
    const merge = `{"nodes":{"n":${number}}}`;
    expect(errorOf(await server.post('/counter/merge/r', merge))).toBe('400 invalid_nodes');
    const floor = `{"nodes":{},"floor":${number}}`;
    expect(errorOf(await server.post('/counter/merge/r', floor))).toBe('400 invalid_floor');
    expect(errorOf(await server.post('/sync', `{"count":${number}}`))).toBe('400 invalid_count');
  });

  test('1e-400, which becomes 0, is no count', async () => {
    expect(errorOf(await server.post('/sync', '{"count":1e-400}'))).toBe('400 invalid_count');
  });

  test.each(['5.0', '5.00000000000000000000', '5e0', '50e-1', '0.5e1'])('%s is 5', async (number) => {
    const key = `whole ${number}`;
    await server.post(`/counter/incr/${encodeURIComponent(key)}`, `{"amount":${number}}`);
    expect((await server.read(key)).value).toBe(5);
  });
});
