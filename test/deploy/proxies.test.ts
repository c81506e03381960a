/** Real proxies that end TLS in front of a server, configured by the files that operators copy. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually, until } from '../support/eventually.ts';
import { freePort } from '../support/servers.ts';
import { type ServerProcess, startServer, stopServers } from '../support/server-process.ts';
import { tlsFixture } from '../support/tls.ts';

const HOST = 'count.example.org';
const TOKEN = 'the-token-of-the-server';

/** The arguments of each proxy, which listens on a port, has a directory to itself, and asks a server on another port. */
const proxies: Record<string, (directory: string, port: number, server: number) => readonly string[]> = {
  nginx(directory, port, server) {
    const site = readFileSync('deploy/nginx.conf', 'utf8')
      .replace('listen 443', `listen 127.0.0.1:${port}`)
      .replace('127.0.0.1:8080', `127.0.0.1:${server}`)
      .replace(`/etc/ssl/${HOST}.pem`, resolve(tlsFixture('first.pem')))
      .replace(`/etc/ssl/${HOST}.key`, resolve(tlsFixture('first.key')));
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${directory}/${name};`,
    );
    const file = join(directory, 'nginx.conf');
    writeFileSync(
      file,
      `daemon off; pid ${directory}/pid; error_log stderr; events {}
       http { access_log off; ${temporary.join(' ')}\n${site} }`,
    );
    return ['-c', file, '-p', directory, '-e', 'stderr'];
  },
  caddy(directory, port, server) {
    const site = readFileSync('deploy/Caddyfile', 'utf8')
      .replace(`\n${HOST} {`, `\nhttps://${HOST}:${port} {\n\ttls internal\n\tbind 127.0.0.1`)
      .replace('127.0.0.1:8080', `127.0.0.1:${server}`);
    const file = join(directory, 'Caddyfile');
    writeFileSync(file, `{\nadmin off\nskip_install_trust\nauto_https disable_redirects\n}\n${site}`);
    return ['run', '--adapter', 'caddyfile', '--config', file];
  },
};

const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

const skipped = (program: string): string => (has(program) ? '' : ', which is not installed: skipped');

/** A proxy as a process. */
class ProxyProcess {
  readonly #directory = mkdtempSync(join(tmpdir(), 'g-counter-proxy-'));
  readonly #agent = new Agent({ keepAlive: true });
  readonly #port: number;
  readonly #child: ChildProcess;
  #said = '';

  /** Resolves when it passes requests on. */
  static async start(name: string, server: ServerProcess): Promise<ProxyProcess> {
    const proxy = new ProxyProcess(name, await freePort(), server.port);
    await eventually(async () => {
      const { statusCode, socket } = await proxy.ask('GET', '/health').catch((error: unknown) => {
        throw new Error(proxy.#said, { cause: error });
      });
      socket.unref();
      if (statusCode !== 200) throw new Error(`it answers ${statusCode}: ${proxy.#said}`);
    });
    return proxy;
  }

  private constructor(name: string, port: number, serverPort: number) {
    this.#port = port;
    // Where root starts nginx, its workers are somebody else.
    chmodSync(this.#directory, 0o755);
    const args = proxies[name]?.(this.#directory, port, serverPort) ?? [];
    const env = { PATH: process.env['PATH'], HOME: this.#directory, XDG_DATA_HOME: this.#directory };
    this.#child = spawn(name, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.setEncoding('utf8').on('data', (more: string) => (this.#said += more));
  }

  /** Resolves with the response when its head has come. */
  ask(method: string, path: string, headers: object = {}, body = ''): Promise<IncomingMessage> {
    return new Promise((done, reject) => {
      const asked = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          servername: HOST,
          // It shows a certificate of its own making, or that of another name.
          rejectUnauthorized: false,
          agent: this.#agent,
          method,
          path,
          headers: { host: HOST, authorization: `Bearer ${TOKEN}`, ...headers },
        },
        done,
      );
      asked.on('error', reject);
      asked.end(body);
    });
  }

  /** Resolves with a status and a body. */
  async read(...asked: Parameters<ProxyProcess['ask']>): Promise<{ status: number; body: string }> {
    const response = await this.ask(...asked);
    return { status: response.statusCode ?? 0, body: await text(response) };
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.#child.once('exit', done));
    this.#agent.destroy();
    if (this.#child.exitCode === null && this.#child.kill('SIGTERM')) await ended;
    rmSync(this.#directory, { recursive: true });
  }
}

const json = { 'content-type': 'application/json' };

describe.each(['nginx', 'caddy'])('a server behind', (name) => {
  describe.skipIf(!has(name))(`${name}${skipped(name)}`, () => {
    let server: ServerProcess;
    let proxy: ProxyProcess;
    beforeAll(async () => {
      server = await startServer({ args: ['--allow-host', HOST], env: { TOKEN } });
      proxy = await ProxyProcess.start(name, server);
    });
    afterAll(async () => {
      await proxy.stop();
      await stopServers();
    });

    test('passes increments and what they are answered with', async () => {
      const response = await proxy.ask('POST', '/counter/incr/likes', json, '{"amount":2}');
      expect(await text(response)).toContain('"new_value":2}');
      expect(response.headers['idempotency-scope']).toBe('server');
    });

    test('lets the page of the server count, whatever browsers say of its origin', async () => {
      const origin = { origin: `https://${HOST}` };
      expect(await proxy.read('POST', '/counter/incr/page', origin)).toMatchObject({ status: 200 });
      const foreign = await proxy.read('POST', '/counter/incr/page', { origin: 'https://other.example' });
      expect(foreign.body).toContain('"foreign_origin"');
    });

    test('passes a body of 64 KiB, and no more than the server takes', async () => {
      const body = JSON.stringify({ increments: [{ key: 'large' }] });
      const full = `${body.slice(0, -1)}${' '.repeat(65_536 - body.length)}}`;
      expect(await proxy.read('POST', '/counters/incr', json, full)).toMatchObject({ status: 200 });
      expect((await proxy.read('POST', '/counters/incr', json, ` ${full}`)).body).toContain(
        '"body_too_large"',
      );
    });

    test('passes each event to those who watch as soon as it comes', async () => {
      const response = await proxy.ask('GET', '/counters/watch?prefix=watched');
      let events = '';
      response.setEncoding('utf8').on('data', (more: string) => (events += more));
      await until(() => events.includes('event: reset'));
      for (const value of [1, 2, 3]) {
        await server.increment('watched', 1, { authorization: `Bearer ${TOKEN}` });
        await eventually(() => expect(events).toContain(`"value":${value},`));
      }
      response.destroy();
    });
  });
});

describe.skipIf(!has('nginx'))(`nginx${skipped('nginx')}`, () => {
  let proxy: ProxyProcess;
  afterEach(async () => {
    await proxy.stop();
    await stopServers();
  });

  test('limits increments, not reads, and what was refused counts once when it is repeated', async () => {
    const server = await startServer({ args: ['--allow-host', HOST], env: { TOKEN } });
    proxy = await ProxyProcess.start('nginx', server);
    let increments = 0;
    const increment = async (): Promise<number> => {
      const headers = { 'idempotency-key': `likes-${increments++}` };
      const { status } = await proxy.read('POST', '/counter/incr/likes', headers);
      if (status === 429)
        await until(async () => (await proxy.read('POST', '/counter/incr/likes', headers)).status === 200);
      return status;
    };
    const statuses = new Set<number>();
    while (!statuses.has(429)) {
      for (const status of await Promise.all(Array.from({ length: 30 }, increment))) statuses.add(status);
    }
    const reads = await Promise.all(Array.from({ length: 60 }, () => proxy.read('GET', '/counter/likes')));
    expect(new Set(reads.map(({ status }) => status))).toEqual(new Set([200]));
    expect(statuses).toEqual(new Set([200, 429]));
    expect((await server.read('likes')).value).toBe(increments);
  });

  test('makes everybody local to a server without a token', async () => {
    const server = await startServer({ args: ['--allow-host', HOST] });
    proxy = await ProxyProcess.start('nginx', server);
    expect((await proxy.read('GET', '/backup')).status).toBe(200);
  });
});
