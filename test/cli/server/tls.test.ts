/** The server over TLS, as a process: clients, peers, and certificates that are exchanged while it runs. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/cli/arguments.ts';
import { serverOptionsFrom } from '../../../src/cli/server/server-options.ts';
import { unserved } from '../../support/command.ts';
import { eventually, until } from '../../support/eventually.ts';
import { type ServerProcess, startServer, stopServers } from '../../support/server-process.ts';
import { freePort } from '../../support/servers.ts';
import { Certificate, TlsClient, tlsFixture } from '../../support/tls.ts';

afterEach(stopServers);

const messages = ({ notes }: ServerProcess): string[] => notes.map(({ message }) => String(message));

async function reload(server: ServerProcess): Promise<void> {
  const before = messages(server).length;
  process.kill(server.pid, 'SIGHUP');
  await until(() => messages(server).length > before);
}

describe('a server with a certificate', () => {
  test('says https, and serves clients that trust its CA', async () => {
    const server = await startServer({ args: new Certificate('first').args });
    expect(messages(server)).toContain(`serving https://127.0.0.1:${server.port}`);
    const client = new TlsClient();
    expect(await client.ask(server, 'POST', '/counter/incr/likes')).toMatchObject({
      status: 200,
      subject: 'first',
    });
    await expect(new TlsClient('other-ca.pem').ask(server, 'GET', '/health')).rejects.toThrow('certificate');
    client.close();
  });

  test('closes connections that do not speak TLS, and says nothing of them', async () => {
    const server = await startServer({ args: new Certificate('first').args });
    const said = server.stderr.length;
    for (const text of ['GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n', '\0\0\0\0', 'x'.repeat(10_000)]) {
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(text);
      socket.resume();
      await once(socket, 'close');
    }
    expect((await new TlsClient().ask(server, 'GET', '/health')).status).toBe(200);
    expect(server.stderr.slice(said)).toEqual([]);
  });

  test('stops without waiting for connections on which no TLS has been agreed on', async () => {
    const server = await startServer({ args: new Certificate('first').args });
    const sockets = [1, 2, 3].map(() => connect(server.port, '127.0.0.1'));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    for (const socket of sockets) socket.on('error', () => {});
    const closed = sockets.map((socket) => once(socket.resume(), 'close'));
    // A request that is answered shows that the connections before it have been accepted.
    await new TlsClient('ca.pem', false).ask(server, 'GET', '/health');
    expect(await server.kill('SIGTERM')).toMatchObject({ status: 0 });
    await Promise.all(closed);
  });

  test('answers requests that come at once one after the other', async () => {
    const server = await startServer({ args: new Certificate('first').args });
    const socket = connectTls({
      port: server.port,
      host: '127.0.0.1',
      ca: readFileSync(tlsFixture('ca.pem')),
    });
    socket.write(
      'POST /counter/incr/likes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n'.repeat(50),
    );
    let text = '';
    socket.setEncoding('utf8').on('data', (more: string) => (text += more));
    await until(() => text.split('"new_value"').length === 51);
    const values = [...text.matchAll(/"new_value":(\d+)/g)].map(([, value]) => Number(value));
    expect(values).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    socket.destroy();
  });

  test('shows another certificate after SIGHUP, and no request of its clients fails', async () => {
    const certificate = new Certificate('first');
    const server = await startServer({ args: certificate.args });
    const over = new AbortController();
    let increments = 0;
    const seen = new Set<string>();
    const clients = [true, true, true, false, false].map(async (keepAlive) => {
      const client = new TlsClient('ca.pem', keepAlive);
      while (!over.signal.aborted) {
        const { status, subject } = await client.ask(server, 'POST', '/counter/incr/likes');
        if (status !== 200) throw new Error(`an increment got ${status}`);
        increments++;
        if (!keepAlive) seen.add(subject);
      }
      client.close();
    });
    for (const name of ['second', 'first', 'second']) {
      certificate.use(name);
      await reload(server);
      seen.clear();
      await until(() => seen.has(name));
    }
    over.abort();
    await Promise.all(clients);
    const client = new TlsClient();
    expect((await client.ask(server, 'GET', '/counter/likes')).body).toContain(`"value":${increments},`);
    client.close();
  });

  test.each([
    ['of another key', 'second.pem', 'first.key', 'is not the key of the certificate'],
    ['that is none', 'make.sh', 'first.key', 'is not a certificate in PEM'],
    ['without a key', 'first.pem', 'ca.pem', 'is not a private key in PEM'],
    ['with a passphrase', 'first.pem', 'with-passphrase.key', 'has a passphrase'],
  ])('keeps its certificate at the sight of one %s, and says why', async (_name, cert, key, why) => {
    const certificate = new Certificate('first');
    const server = await startServer({ args: certificate.args });
    certificate.useFiles(cert, key);
    await reload(server);
    expect(messages(server).at(-1)).toMatch(new RegExp(`^the TLS certificate stays as it was: .* ${why}`));
    expect((await new TlsClient('ca.pem', false).ask(server, 'GET', '/health')).subject).toBe('first');
    expect(server.isRunning).toBe(true);
  });

  test('warns of a certificate whose time has passed', async () => {
    const server = await startServer({ args: new Certificate('expired').args });
    expect(messages(server)[0]).toMatch(/^the certificate has expired: /);
  });
});

describe('the server refuses', () => {
  const [cert, key] = [tlsFixture('first.pem'), tlsFixture('first.key')];
  test.each([
    [['--tls-cert', cert], '--tls-cert and --tls-key are given together, or neither'],
    [['--tls-key', key], '--tls-cert and --tls-key are given together, or neither'],
    [['--tls-ca', tlsFixture('ca.pem')], '--tls-ca is given with --tls-cert and --tls-key'],
    [['--tls-cert', cert, '--tls-key', tlsFixture('second.key')], 'is not the key of the certificate'],
    [['--tls-cert', key, '--tls-key', key], 'is not a certificate in PEM'],
    [['--tls-cert', cert, '--tls-key', tlsFixture('with-passphrase.key')], 'has a passphrase'],
    [['--tls-cert', 'nowhere.pem', '--tls-key', key], 'cannot be read: ENOENT'],
    [['--tls-cert', cert, '--tls-key', key, '--tls-ca', key], `--tls-ca ${key} is not a certificate in PEM`],
  ])('%j', (args, why) => {
    const { tls } = serverOptionsFrom(args, {});
    expect(() => tls.read()).toThrow(why);
    expect(() => tls.read()).toThrow(UsageError);
  });

  test('with one line and status 2 a variable that names no file', () => {
    const { status, stderr } = unserved([], { TLS_CERT: 'nowhere.pem', TLS_KEY: key });
    expect([status, stderr.trim().split('\n').length]).toEqual([2, 1]);
    expect(stderr).toContain('TLS_CERT nowhere.pem cannot be read');
  });
});

describe('peers over TLS', () => {
  const start = async (nodeId: string, certificate: Certificate, peers = ''): Promise<ServerProcess> => {
    const port = String(await freePort());
    const args = ['--node-id', nodeId, '--port', port, '--peers', peers, ...certificate.args];
    return startServer({ args: peers === '' ? args.filter((arg) => arg !== '--peers' && arg !== '') : args });
  };
  const refusals = (server: ServerProcess): string[] =>
    messages(server).filter((text) => text.includes('is refused'));
  const peersOf = async (server: ServerProcess): Promise<string> =>
    (await new TlsClient('ca.pem', false).ask(server, 'GET', '/peers')).body;
  const addressOf = ({ port }: ServerProcess): string => `127.0.0.1:${port}`;

  test('of one CA count together', async () => {
    const one = await start('a', new Certificate('first'));
    const two = await start('b', new Certificate('second'), addressOf(one));
    await new TlsClient().ask(one, 'POST', '/counter/incr/likes');
    await eventually(async () => {
      expect((await new TlsClient().ask(two, 'GET', '/counter/likes')).body).toContain('"value":1,');
    });
  });

  test('of another CA are refused in one line, and admitted with the right certificate', async () => {
    const one = await start('a', new Certificate('first'));
    const certificate = new Certificate('other', 'ca.pem');
    const two = await start('b', certificate, addressOf(one));
    await until(() => refusals(one).length > 0);
    expect(await peersOf(one)).toBe('[]');
    certificate.use('second');
    await reload(two);
    await eventually(async () => expect(await peersOf(one)).toContain(addressOf(two)));
    expect(refusals(one)).toEqual([
      expect.stringMatching(new RegExp(`^${addressOf(two)} is refused: its certificate is not trusted: .*`)),
    ]);
  });

  test.each(['a server without TLS', 'a server with it'])('%s refuses the other kind', async (which) => {
    const plain = await startServer({ args: ['--node-id', 'a', '--port', String(await freePort())] });
    const secure = await start('b', new Certificate('first'), addressOf(plain));
    await until(() => refusals(secure).length > 0);
    expect(refusals(secure)).toEqual([
      `${addressOf(plain)} is refused: it does not speak TLS as this server does`,
    ]);
    const peers = which === 'a server with it' ? await peersOf(secure) : (await plain.get('/peers')).body;
    expect(peers).toBe('[]');
  });
});
