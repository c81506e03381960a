/** The make targets on local processes, and what they say about servers that do wrong. Containers have a suite of their own. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { join, resolve } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { freeBasePort, isOpen } from '../../support/ports.ts';
import { stopServers, temporaryDirectory } from '../../support/server-process.ts';

const PROGRAM = resolve('dist/g-counter-make.cjs');

interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one target in a directory of its own, as make would. */
function runTarget(
  args: readonly string[],
  cwd: string,
  settings: Readonly<Record<string, string>>,
): Promise<Finished> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...settings },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => (stdout += String(text)));
  child.stderr.on('data', (text) => (stderr += String(text)));
  return new Promise((done) => child.once('close', (status) => done({ status, stdout, stderr })));
}

const open: Server[] = [];
const toStop: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) server.closeAllConnections();
  for (const stop of toStop.splice(0)) await stop();
  await stopServers();
});

/** Where a cluster of processes may be started, which ends with the test. */
async function place() {
  const cwd = temporaryDirectory();
  const settings = { ON: 'processes', BASE_PORT: `${await freeBasePort(5)}` };
  const make = (...args: string[]): Promise<Finished> => runTarget(args, cwd, settings);
  toStop.push(() => make('stop'));
  return { make, cwd, port: Number(settings.BASE_PORT) };
}

type Answers = (request: string, port: number) => { readonly status?: number; readonly json: unknown };

/** Three servers that answer as they are told, and where make finds them. */
async function fakes(answers: Answers) {
  const { make, port } = await place();
  for (const each of [port, port + 1, port + 2]) {
    const server = createServer(({ method, url }, response) => {
      const { status = 200, json } = answers(`${method} ${url}`, each - port);
      response.writeHead(status).end(JSON.stringify(json));
    });
    await new Promise<void>((listening) => server.listen(each, '127.0.0.1', listening));
    open.push(server);
    toStop.push(() => new Promise((closed) => server.close(closed)));
  }
  return make;
}

const lastLine = (text: string): string | undefined => text.trimEnd().split('\n').at(-1);

test('a test starts three processes and leaves them running, make stop ends them, and their counts stay', async () => {
  const { make, port } = await place();
  const first = await make('test-increment');
  expect(first).toEqual({
    status: 0,
    stderr: '',
    stdout: expect.stringMatching(
      /^test-increment: an .*\n {2}on three local processes\n {2}started `npm run cluster` .*\n[^]*\nPASS {2}test-increment: 0 \+ 1 \+ 1 \+ 40 = 42, on all three\n$/,
    ),
  });
  expect(await isOpen(port + 2)).toBe(true);
  expect((await make('test-count')).stdout).not.toContain('started');
  expect(await make('stop')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('\nPASS  stop: the processes'),
  });
  expect(await isOpen(port)).toBe(false);
  expect((await make('test-increment')).stdout).toContain('42 + 1 + 1 + 40 = 84');
});

test('test-full runs each test, in lines of at most 80 columns, and can be repeated', async () => {
  const { make } = await place();
  for (const _ of [1, 2]) {
    const { status, stdout } = await make('test-full');
    expect([...stdout.matchAll(/^PASS {2}(\S+):/gm)].map(([, target]) => target)).toEqual([
      'test-health',
      'test-all-peers',
      'test-increment',
      'test-count',
      'test-discovery',
      'test-remove-existing-peer',
      'test-peers',
      'test-sync',
      'test-full',
    ]);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(lastLine(stdout)).toBe('PASS  test-full: 8 of 8 tests passed on three local processes');
    expect(status).toBe(0);
  }
});

test('a server that is read-only fails test-health', async () => {
  const make = await fakes((_, server) =>
    server === 1 ? { status: 503, json: { status: 'read-only' } } : { json: { status: 'ok' } },
  );
  const { status, stdout } = await make('test-health');
  expect([status, lastLine(stdout)]).toEqual([
    1,
    'FAIL  test-health: node-2 refuses GET /health: 503 {"status":"read-only"}',
  ]);
});

test('a server that counts an increment twice fails test-increment, and with it test-full', async () => {
  let count = 0;
  const make = await fakes((request, server) => {
    if (request === 'POST /increment') count += 14;
    return { json: { count: count * (server === 2 && count > 40 ? 2 : 1) } };
  });
  const { status, stdout } = await make('test-increment');
  expect([status, lastLine(stdout)]).toEqual([
    1,
    'FAIL  test-increment: node-3 has 84, not 42: does somebody else count?',
  ]);
});

test('servers that close every connection at once fail a test', async () => {
  const { make, port } = await place();
  for (const each of [port, port + 1, port + 2]) {
    const server = createTcpServer((socket) =>
      socket
        .on('error', () => {})
        .resume()
        .end(),
    );
    await new Promise<void>((listening) => server.listen(each, '127.0.0.1', listening));
    toStop.push(() => new Promise((closed) => server.close(closed)));
  }
  const { status, stdout } = await make('test-health');
  expect([status, lastLine(stdout)]).toEqual([
    1,
    expect.stringMatching(/^FAIL {2}test-health: port .* in use/),
  ]);
});

test('processes that cannot run fail at once, with what they have said', async () => {
  const { make, cwd } = await place();
  mkdirSync(join(cwd, 'data'));
  writeFileSync(join(cwd, 'data/cluster'), 'no directory');
  const { status, stdout } = await make('start');
  expect([status, lastLine(stdout)]).toEqual([1, 'FAIL  start: the servers have ended']);
  expect(stdout).toMatch(/^ {2}node-1 \| error: .*data\/cluster/m);
});

test('make stop ends nothing that it has not started', async () => {
  const make = await fakes(() => ({ json: {} }));
  const { status, stdout } = await make('stop');
  expect([status, stdout]).toEqual([0, expect.stringContaining('did not start what listens')]);
  expect(await fetch(`http://127.0.0.1:${/on port (\d+)/.exec(stdout)?.[1]}/`)).toMatchObject({ ok: true });
});

test('make stop says that nothing runs', async () => {
  const { make } = await place();
  expect(lastLine((await make('stop')).stdout)).toBe('PASS  stop: nothing was running');
});

test('make logs needs servers that make has started', async () => {
  const { make } = await place();
  const { status, stdout } = await make('logs');
  expect([status, lastLine(stdout)]).toEqual([1, expect.stringMatching(/^FAIL {2}logs: no processes run/)]);
});

test('where there is no Docker, containers are refused, and processes are chosen with a reason', async () => {
  const cwd = temporaryDirectory();
  const settings = { PATH: cwd, BASE_PORT: `${await freeBasePort(5)}` };
  const refused = await runTarget(['stop'], cwd, { ...settings, ON: 'containers' });
  const why = 'there is no `docker` command';
  expect([refused.status, lastLine(refused.stdout)]).toEqual([
    1,
    `FAIL  stop: containers need Docker: ${why}`,
  ]);
  const chosen = await runTarget(['logs'], cwd, settings);
  expect(chosen).toMatchObject({
    status: 1,
    stdout: expect.stringContaining(`\n  no containers here: ${why}\n  on three local processes\n`),
  });
});

test.each([
  [['test-pears'], {}, "there is no target 'test-pears' (did you mean test-peers?)"],
  [['stop', 'start'], {}, "takes one target, not 'stop start'"],
  [['stop'], { ON: 'docker' }, "ON takes containers or processes, not 'docker'"],
  [['stop'], { BASE_PORT: '65533' }, "BASE_PORT takes a whole number from 1 to 65531, not '65533'"],
])('%j with %j fails with one line and status 2', async (args, settings, complaint) => {
  const { status, stdout, stderr } = await runTarget(args, '.', settings);
  expect([status, stdout, stderr]).toEqual([2, '', `make: ${complaint}; see make help\n`]);
});

test('the help has every target of the Makefile, and no line of more than 80 columns', async () => {
  const { status, stdout } = await runTarget(['help'], '.', {});
  const [, list = ''] = /^TARGETS := ((?:.*\\\n)*.*)$/m.exec(readFileSync('Makefile', 'utf8')) ?? [];
  const explained = [...stdout.matchAll(/^ {2}([a-z-]+) {2,}/gm)].map(([, target]) => target);
  expect(explained).toEqual(list.split(/[\s\\]+/));
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(status).toBe(0);
});
