/** Who may do what to a cluster: the token, the key, and where a request comes from. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeRequest } from '../../../src/cluster/codec.ts';
import { Keyring } from '../../../src/cluster/hmac.ts';
import { networkInterfaces } from 'node:os';
import { type ServerProcess, startServer, stopServers } from '../../support/server-process.ts';

const TOKEN = 'a token of some length';

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer({ env: { TOKEN: TOKEN.replaceAll(' ', '-') } });
});
afterAll(stopServers);

const hello = encodeRequest({
  from: { cluster: 'g-counter', id: 'node-9', bootId: 'x', at: 9, upMs: 1 },
  to: '',
  seq: 1,
  body: { type: 'identify' },
});

test('without the token nobody can write as a peer either', async () => {
  expect((await server.ask('POST', '/peer', {}, hello)).status).toBe(403);
  const sealed = new Keyring([TOKEN.replaceAll(' ', '-')]).sign('request', '', hello);
  expect((await server.ask('POST', '/peer', {}, sealed)).status).toBe(200);
});

test.each(['/increment', '/sync', '/register', '/remove-peer'])('%s needs the token', async (path) => {
  expect((await server.post(path, {})).status).toBe(401);
});

const [elsewhere] = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .filter(({ family, internal }) => family === 'IPv4' && !internal)
  .map(({ address }) => address);

test.skipIf(elsewhere === undefined)(
  'without a token, members are taken in and out from the same machine only, unless it is insecure',
  async () => {
    const CLUSTER_KEY = 'a key of some length';
    const ask = async (args: readonly string[], env: Readonly<Record<string, string>>, host: string) => {
      const other = await startServer({ args: ['--host', '0.0.0.0', ...args], env });
      const asked = await fetch(`http://${host}:${other.port}/remove-peer`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"id":"10.9.8.7:1"}',
      });
      return asked.status;
    };
    const outside = elsewhere ?? '';
    expect(await ask([], { CLUSTER_KEY }, outside)).toBe(403);
    expect(await ask([], { CLUSTER_KEY }, '127.0.0.1')).toBe(404);
    expect(await ask(['--insecure'], {}, outside)).toBe(404);
  },
);

test('an address at which no server has answered is dropped when it is removed', async () => {
  const open = await startServer();
  const registered = await open.post('/register', { id: '127.0.0.1:1' });
  expect(registered.status).toBe(202);
  expect((await open.post('/remove-peer', { id: '127.0.0.1:1' })).status).toBe(200);
  expect((await open.post('/remove-peer', { id: '127.0.0.1:1' })).status).toBe(404);
});
