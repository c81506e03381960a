/** The command line of the server. */
import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { serverHelp } from '../../../src/cli/server/server-options.ts';
import { unserved } from '../../support/command.ts';
import { objectFrom } from '../../support/json.ts';
import { errorOf } from '../../support/api-error.ts';
import { startServer, stopServers, temporaryDirectory } from '../../support/server-process.ts';

afterAll(stopServers);

describe('--help and --version', () => {
  test('go to stdout', () => {
    const { version } = objectFrom(parseJson(readFileSync('package.json', 'utf8')));
    expect(unserved(['--help'])).toEqual({ status: 0, stdout: `${serverHelp}\n`, stderr: '' });
    expect(unserved(['--version'])).toEqual({ status: 0, stdout: `${String(version)}\n`, stderr: '' });
  });
});

describe('what makes no sense is refused with one line and status 2', () => {
  test.each([
    ['a flag', ['--port', 'x'], {}, '--port'],
    ['a variable', [], { PORT: 'x' }, 'PORT'],
  ])('%s', (_, args, env, name) => {
    const stderr = `g-counter-server: ${name} takes a whole number from 0 to 65535, not 'x'; see --help\n`;
    expect(unserved(args, env)).toEqual({ status: 2, stdout: '', stderr });
  });
});

describe('the environment', () => {
  test('says what the command line can say', async () => {
    const dataDir = join(temporaryDirectory(), 'here');
    const env = {
      PORT: '0',
      HOST: '127.0.0.1',
      NODE_ID: 'anna',
      DATA_DIR: dataDir,
      TOKEN: 'secret',
      ALLOW_ORIGIN: 'https://a.example',
      MAX_COUNTERS: '1',
      VERBOSE: 'yes',
    };
    const server = await startServer({ isBare: true, dataDir, env });
    const authorization = 'Bearer secret';
    expect(errorOf(await server.post('/counter/incr/k'))).toBe('401 unauthorized');
    expect(await server.increment('k', 1, { authorization, origin: 'https://a.example' })).toBe(1);
    expect(await server.sync('k', { authorization })).toEqual(new Map([['anna', 1]]));
    expect(errorOf(await server.post('/counter/incr/l', {}, { authorization }))).toBe(
      '409 too_many_counters',
    );
    expect(server.stderr.join('\n')).toContain('POST /counter/incr/k 200');
    expect(server.files()).toContain('counters-000001.log');
  });

  test('gives way to the command line', async () => {
    const dataDir = join(temporaryDirectory(), 'flag');
    const server = await startServer({
      isBare: true,
      dataDir,
      args: ['--port', '0', '--data-dir', dataDir, '--node-id', 'flag', '--max-counters', '2'],
      env: { PORT: '1', DATA_DIR: '/dev/null/data', NODE_ID: 'environment', MAX_COUNTERS: '1' },
    });
    await server.increment('k');
    await server.increment('l');
    expect(await server.sync('k')).toEqual(new Map([['flag', 1]]));
  });

  test('that is empty says nothing', async () => {
    const empty = { NODE_ID: '', TOKEN: '', MAX_COUNTERS: '', ALLOW_ORIGIN: '', TOKEN_FILE: '', VERBOSE: '' };
    const server = await startServer({ env: empty });
    await server.increment('k');
    expect(await server.sync('k')).toEqual(new Map([['node-1', 1]]));
    expect(server.stderr).toHaveLength(1);
  });

  test('that an orchestrator has set is ignored with a warning', async () => {
    const server = await startServer({ env: { MAX_NODES: 'sctp://10.3.0.1:1' } });
    expect(server.notes[0]).toEqual({
      time: expect.any(String),
      level: 'warning',
      message:
        'MAX_NODES=sctp://10.3.0.1:1 is ignored: it is the address of a service, as Kubernetes sets it, and no number; the default is 1000, and --max-nodes sets another',
    });
    expect(server.stderr).toHaveLength(2);
  });
});

describe('what it says', () => {
  test('is one JSON object a line, when it serves and when it has stopped', async () => {
    const server = await startServer();
    await server.increment('k');
    await server.kill('SIGTERM');
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(server.notes).toEqual([
      {
        time,
        level: 'info',
        message: `serving http://127.0.0.1:${server.port}`,
        node_id: 'node-1',
        data_dir: server.dataDir,
        counters: 0,
        start_ms: expect.any(Number),
        pid: server.pid,
      },
      { time, level: 'info', message: 'stopped', reason: 'SIGTERM', counters: 1 },
    ]);
  });

  test('--verbose is every request, whatever its path is', async () => {
    const server = await startServer({ args: ['--verbose'] });
    await server.post('/counter/incr/k%0A"', {});
    await server.get('/nothing?secret=1');
    await server.get('/counter/k');
    await server.kill('SIGTERM');
    expect(server.notes.slice(1, -1)).toEqual(
      ['POST /counter/incr/k%0A" 400', 'GET /nothing 404', 'GET /counter/k 200'].map((message) => ({
        time: expect.any(String),
        level: 'info',
        message,
        duration_ms: expect.any(Number),
      })),
    );
  });

  test('need not be read', async () => {
    const server = await startServer({ args: ['--verbose'] });
    server.turnAway();
    for (const value of [1, 2, 3]) expect(await server.increment('k')).toBe(value);
    expect(await server.kill('SIGTERM')).toEqual({ status: 0, signal: null });
  });
});

const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

test.skipIf(!hasIpv6)('an IPv6 address is written as URLs have it', async () => {
  const server = await startServer({ args: ['--host', '::1'] });
  expect(server.notes[0]?.['message']).toBe(`serving http://[::1]:${server.port}`);
});

test.skipIf(!hasIpv6).each(['[::1]', '[0:0::1]', '0:0::1'])('--host %s is ::1 too', async (host) => {
  const server = await startServer({ args: ['--host', host] });
  expect(server.notes[0]?.['message']).toBe(`serving http://[::1]:${server.port}`);
});

test('it can be started through a link, from anywhere', () => {
  const link = join(temporaryDirectory(), 'link');
  symlinkSync(resolve('bin/g-counter-server'), link);
  const { status, stdout } = spawnSync(link, ['--version'], { cwd: dirname(link), encoding: 'utf8' });
  expect([status, stdout]).toEqual([0, unserved(['--version']).stdout]);
});
