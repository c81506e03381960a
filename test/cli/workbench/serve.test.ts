/** The server as the program starts it, with requests of browsers and of attackers. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { UsageError } from '../../../src/cli/arguments.ts';
import { serveCommand } from '../../../src/cli/workbench/serve-command.ts';
import { lastResponse } from '../../support/api-error.ts';
import { exchangeBytes } from '../../support/connection.ts';
import { eventually } from '../../support/eventually.ts';

const timestamp = '20261122T102838.041Z';
let directory: string;
let store: string;
let port: number;
let status: Promise<number>;
const stop = new AbortController();

/** Resolves with what the command printed first. */
async function printed(log: { readonly mock: { readonly calls: readonly unknown[][] } }): Promise<string> {
  await eventually(() => expect(log.mock.calls.length).toBeGreaterThan(0));
  return String(log.mock.calls[0]?.[0]);
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'g-counter-serve-'));
  store = join(directory, 'store');
  const run = join(store, 'g-counter', timestamp);
  mkdirSync(join(run, 'node-logs'), { recursive: true });
  mkdirSync(join(store, 'g-counter', '20261123T102838.041Z'));
  writeFileSync(join(run, 'results.json'), '{"valid":true}');
  writeFileSync(join(run, 'report.html'), '<p>the report</p>');
  writeFileSync(join(run, 'history.jsonl'), '');
  writeFileSync(join(run, 'node-logs', 'n0.log'), 'a line\n');
  symlinkSync(join('g-counter', timestamp), join(store, 'latest'));
  writeFileSync(join(directory, 'secret.txt'), 'secret');
  mkdirSync(join(directory, 'store-of-another'));
  writeFileSync(join(directory, 'store-of-another', 'secret.txt'), 'secret');
  symlinkSync(join(directory, 'secret.txt'), join(run, 'secret.txt'));

  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  status = serveCommand(['--port', '0', '--store', store, '--allow-host', 'Runs.example'], stop.signal);
  port = Number(/http:\/\/127\.0\.0\.1:(\d+)\/$/.exec(await printed(log))?.[1]);
  log.mockRestore();
});

afterAll(() => rmSync(directory, { recursive: true }));

interface HttpResponse {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

function ask(path: string, method = 'GET', host = 'localhost'): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, headers: { host } }, (response) => {
      let body = '';
      response.on('data', (text) => (body += String(text)));
      response.on('end', () =>
        resolve({ status: response.statusCode, type: response.headers['content-type'], body }),
      );
    })
      .on('error', reject)
      .end();
  });
}

describe('serve', () => {
  test('lists the runs, newest first, and latest only once', async () => {
    const { status: code, type, body } = await ask('/');
    expect([code, type]).toEqual([200, 'text/html; charset=utf-8']);
    expect(body.match(/\d{8}T102838/g)?.[0]).toBe('20261123T102838');
    expect(body).toContain('unfinished');
    expect(body).toContain(`href="./g-counter/${timestamp}/report.html"`);
    expect(body).not.toContain('/latest/');
  });

  test.each([
    ['report.html', 'text/html; charset=utf-8', '<p>the report</p>'],
    ['results.json', 'application/json', '{"valid":true}'],
    ['history.jsonl', 'text/plain; charset=utf-8', ''],
    ['node-logs/n0.log', 'text/plain; charset=utf-8', 'a line\n'],
  ])('serves %s as %s', async (file, type, body) => {
    expect(await ask(`/g-counter/${timestamp}/${file}?x#y`)).toEqual({ status: 200, type, body });
    expect(await ask(`/g-counter/${timestamp}/${file}`, 'HEAD')).toEqual({ status: 200, type, body: '' });
  });

  test.each([
    'evil.example',
    `evil.example:80`,
    'EVIL.example.',
    'localhost.evil.example',
    'x.runs.example',
    'evil.example%2f.localhost',
    '2130706433',
    'a b',
  ])('refuses a page that lets %s lead here', async (host) => {
    expect(await ask('/', 'GET', host)).toMatchObject({ status: 421 });
    expect(await ask(`/g-counter/${timestamp}/results.json`, 'GET', host)).toMatchObject({ status: 421 });
    expect(await ask(`http://${host.replace(' ', '@')}/`)).toMatchObject({ status: 421 });
  });

  test.each([
    'GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example',
    'GET / HTTP/1.1\r\nHost: localhost\r\nhost: localhost',
    'GET / HTTP/1.1\r\nHost:',
    'GET / HTTP/1.0\r\nHost: evil.example',
    'GET / HTTP/1.0',
  ])('refuses what does not say one name of its own: %j', async (head) => {
    const answer = await exchangeBytes({ port }, `${head}\r\nConnection: close\r\n\r\n`);
    expect(lastResponse(answer).status).toBe(421);
  });

  test.each([
    'LOCALHOST:1',
    '127.0.0.1',
    '127.0.0.1.',
    'runs.example.',
    '[::1]:80',
    'runs.example:443',
    'a.localhost',
  ])('is known as %s', async (host) => {
    expect(await ask('/', 'GET', host)).toMatchObject({ status: 200 });
    expect(await ask(`http://${host}/g-counter/${timestamp}/results.json`)).toMatchObject({ status: 200 });
    expect(await ask(`http://${host}`)).toMatchObject({ status: 200 });
  });

  test.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/g-counter/../../secret.txt',
    '//etc/passwd',
    '/../store-of-another/secret.txt',
    `/g-counter/${timestamp}/secret.txt`,
    `/g-counter/${timestamp}/nothing.html`,
    `/g-counter/${timestamp}/`,
    `/g-counter/${timestamp}/report.html%00.svg`,
    '/%ff',
    '/%',
  ])('refuses %s', async (path) => {
    expect(await ask(path)).toMatchObject({ status: 404 });
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s', async (method) => {
    expect(await ask('/', method)).toMatchObject({ status: 405 });
  });

  test('a port that is in use gives one line', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    expect(await serveCommand(['--port', `${port}`, '--store', store], stop.signal)).toBe(1);
    const lines = write.mock.calls.map(([text]) => String(text));
    write.mockRestore();
    expect(lines).toEqual([
      expect.stringMatching(new RegExp(`^g-counter-workbench: .*${port}.*in use.*\\n$`)),
    ]);
  });

  test.each([
    ['--port', 'x'],
    ['--port', '65536'],
    ['--allow-host', 'http://x'],
    ['--store', '/nowhere'],
    ['--colour', 'red'],
  ])('%s %s is a usage error', async (...args) => {
    await expect(serveCommand(args, stop.signal)).rejects.toThrow(UsageError);
  });

  test('it ends when it is to stop, even with a connection open', async () => {
    const connection = connect(port, '127.0.0.1');
    connection.on('error', () => {});
    await new Promise<void>((resolve) => connection.once('connect', resolve));
    stop.abort();
    expect(await status).toBe(0);
    connection.destroy();
    await expect(ask('/')).rejects.toThrow(/ECONNREFUSED|ECONNRESET|hang up/);
  });
});
