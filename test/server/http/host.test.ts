/** By which names a server may be asked, and which pages are its own: DNS rebinding, and proxies that end TLS. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorOf, lastResponse } from '../../support/api-error.ts';
import { exchange, requestText } from '../../support/connection.ts';
import { openHttpServer } from '../../support/http-server.ts';
import {
  type HttpResponse,
  type ServerProcess,
  startServer,
  stopServers,
  temporaryDirectory,
} from '../../support/server-process.ts';

let alone: ServerProcess;
let named: ServerProcess;
beforeAll(async () => {
  [alone, named] = await Promise.all([
    startServer(),
    startServer({ args: ['--allow-host', 'count.example, Other.Example.'] }),
  ]);
});
afterAll(stopServers);

describe('on a loopback host', () => {
  const rebound = [
    [
      'evil.example:8080',
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'EVIL.example.',
    ],
    ['evil.example%2f.localhost', '2130706433', '0x7f.0.0.1'],
  ].flat();

  test.each(rebound)('a page that lets %j lead here can neither read nor write', async (host) => {
    const headers = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
    const gets = ['/', '/health', '/count', '/counters', '/counters/watch', '/discovery', '/nothing'];
    for (const path of gets) expect(errorOf(await alone.get(path, headers))).toBe('421 unknown_host');
    expect(errorOf(await alone.post('/counter/incr/k', {}, headers))).toBe('421 unknown_host');
    expect(errorOf(await alone.post('/register', { id: '127.0.0.1:1' }, headers))).toBe('421 unknown_host');
    expect(errorOf(await alone.post('/remove-peer', { id: '127.0.0.1:1' }, headers))).toBe(
      '421 unknown_host',
    );
    expect(errorOf(await alone.post('/peer', {}, headers))).toBe('421 unknown_host');
    expect((await alone.read('k')).value).toBe(0);
  });

  test('a whole URL for another name is refused, whatever the header Host says', async () => {
    const url = `http://evil.example:${alone.port}/count`;
    expect(errorOf(await alone.get(url, { host: 'localhost' }))).toBe('421 unknown_host');
  });

  test.each(['HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])(
    '%s for another name is refused',
    async (method) => {
      for (const path of ['/', '/count', '/counter/incr/k', '/nothing']) {
        expect((await alone.ask(method, path, { host: 'evil.example' })).status).toBe(421);
      }
    },
  );

  test.each([
    'localhost',
    'LOCALHOST:8080',
    'localhost.',
    'a.localhost:1',
    '127.0.0.1',
    '[::1]:80',
    '[0:0::1]',
    '[::ffff:127.0.0.1]',
    '[fe80::1%25eth0]:80',
    '127.0.0.1.',
    '10.1.2.3:99',
  ])('%s is known', async (host) => {
    expect((await alone.get('/health', { host })).status).toBe(200);
  });

  test.each(['count.example', 'COUNT.example.:443', 'other.example:8080', 'localhost'])(
    '%s is known to a server that was told its names',
    async (host) => {
      expect((await named.get('/health', { host })).status).toBe(200);
      expect(errorOf(await named.get('/health', { host: `x.${host.replace(/^l.*/, 'y')}` }))).toBe(
        '421 unknown_host',
      );
    },
  );
});

test('the name that it was told to listen on is its own', async () => {
  const { server, port } = await openHttpServer(
    {},
    {
      access: {
        tokens: undefined,
        isInsecure: false,
        allowedOrigins: [],
        allowedHosts: [],
        host: 'here.test',
      },
    },
  );
  const statusFor = async (host: string): Promise<number> =>
    lastResponse(await exchange(port, requestText('GET', '/', { host, connection: 'close' }))).status;
  expect(await Promise.all([`here.test:${port}`, 'HERE.test.', 'there.test'].map(statusFor))).toEqual([
    200, 200, 421,
  ]);
  await server.close();
});

describe('on a host that other machines reach', () => {
  const args = ['--host', '0.0.0.0', '--insecure'];

  test('every name is known', async () => {
    const server = await startServer({ args });
    expect((await server.get('/health', { host: 'any.example' })).status).toBe(200);
  });

  test('without a token, what only this machine may do takes a name of this machine', async () => {
    const key = join(temporaryDirectory(), 'key');
    writeFileSync(key, 'sixteen characters or more');
    const server = await startServer({ args: ['--host', '0.0.0.0', '--cluster-key-file', key] });
    for (const path of ['/register', '/remove-peer']) {
      const ask = (host: string): Promise<HttpResponse> =>
        server.post(path, { id: 'x' }, { host, origin: `http://${host}` });
      expect(errorOf(await ask('evil.example:8080'))).toBe('421 unknown_host');
      expect(errorOf(await ask('localhost:8080'))).toBe('400 invalid_id');
    }
  });

  test('only its names are known if it was told any', async () => {
    const server = await startServer({ args, env: { ALLOW_HOST: 'count.example' } });
    expect((await server.get('/health', { host: 'count.example' })).status).toBe(200);
    expect((await server.get('/health', { host: '127.0.0.1' })).status).toBe(200);
    expect(errorOf(await server.get('/health', { host: 'any.example' }))).toBe('421 unknown_host');
  });
});

describe('behind a proxy that ends TLS', () => {
  test.each([
    { host: 'count.example:443', origin: 'https://count.example' },
    { host: 'count.example', origin: 'https://count.example' },
    { host: 'Count.Example', origin: 'https://count.example' },
    { host: 'count.example', origin: 'HTTPS://COUNT.EXAMPLE:443' },
    { host: '127.0.0.1:8080', origin: 'https://count.example', 'sec-fetch-site': 'same-origin' },
    { host: 'count.example', origin: 'https://count.example:8443', 'sec-fetch-site': 'same-origin' },
    { host: 'count.example:443', origin: 'https://count.example', 'sec-fetch-site': 'none' },
    { host: 'other.example.:80', origin: 'http://other.example', 'x-forwarded-proto': 'https' },
    { host: '[::1]:443', origin: 'https://[::1]' },
    { host: '[0:0:0::1]:8080', origin: 'http://[::1]:8080' },
  ])('the page of the server itself may write: %j', async (headers) => {
    expect((await named.post('/counter/incr/own', {}, headers)).status).toBe(200);
  });

  test.each([
    { host: 'count.example:443', origin: 'http://count.example' },
    { host: 'count.example', origin: 'https://count.example:8443' },
    { host: 'count.example', origin: 'https://other.example' },
    { host: 'count.example', origin: 'https://count.example.evil.example' },
    { host: 'count.example', origin: 'http://count.example', 'sec-fetch-site': 'cross-site' },
    { host: 'count.example', origin: 'https://count.example', 'sec-fetch-site': 'same-site' },
    { host: 'count.example', 'sec-fetch-site': 'cross-site' },
    { host: 'count.example', origin: 'null', 'sec-fetch-site': 'none' },
    { host: 'count.example', origin: 'null' },
    { host: 'count.example', origin: 'https://count.example, https://evil.example' },
    { host: 'count.example', origin: 'https://count.example@evil.example' },
    { host: 'count.example', origin: 'https://evil.example', 'x-forwarded-host': 'evil.example' },
    { host: 'count.example', origin: 'https://evil.example', 'sec-fetch-site': 'same-origin, cross-site' },
    { host: '[::1]:8080', origin: 'http://[::2]:8080' },
    { host: 'localhost:8080', origin: 'http://127.0.0.1:8080' },
  ])('another page may not: %j', async (headers) => {
    expect(errorOf(await named.post('/counter/incr/k', {}, headers))).toBe('403 foreign_origin');
    expect((await named.read('k')).value).toBe(0);
  });

  test('a page of an allowed origin may, whatever its browser says of the site', async () => {
    const friend = 'https://friend.example';
    const server = await startServer({ args: ['--allow-origin', friend] });
    const headers = { origin: friend, 'sec-fetch-site': 'cross-site' };
    expect((await server.post('/counter/incr/k', {}, headers)).status).toBe(200);
  });
});
