/** The command line of the server. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import {
  type ServerCliOptions,
  serverHelp,
  serverOptionsFrom,
} from '../../../src/cli/server/server-options.ts';
import { objectFrom } from '../../support/json.ts';
import { errorOf } from '../../support/api-error.ts';
import { startServer, stopServers, temporaryDirectory } from '../../support/server-process.ts';

afterAll(stopServers);

interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** No data directory can be made below a file. */
const unusable = join(temporaryDirectory(), 'file');
writeFileSync(unusable, '');

/** Runs the program to its end, which has to come by itself. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Finished {
  const { status, stdout, stderr } = spawnSync('bin/g-counter-server', args, {
    encoding: 'utf8',
    // One that serves instead would never end.
    timeout: 30_000,
    env: { PATH: process.env['PATH'], DATA_DIR: join(unusable, 'data'), PORT: '0', ...env },
  });
  return { status, stdout, stderr };
}

describe('--help and --version', () => {
  const sources = ['server-options', 'cluster-options', 'etcd-options', 'tls-files'].map((name) =>
    readFileSync(`src/cli/server/${name}.ts`, 'utf8'),
  );
  const specs = sources.map((source) => /const \w*[sS]pecs = \{([^}]*)\}/.exec(source)?.[1] ?? '').join('\n');
  const options = [...specs.matchAll(/(?<=^| )'?([a-z-]+)'?:/gm)].map(([, name = '']) => name);

  test('there are options', () => {
    expect(options).toContain('data-dir');
    expect(options.length).toBeGreaterThan(10);
  });

  test.each(options)('--help explains --%s', (option) => {
    expect(serverHelp).toMatch(new RegExp(`^  --${option} `, 'm'));
  });

  test('--help explains nothing that there is not, and goes to stdout', () => {
    const { status, stdout, stderr } = run(['--help']);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${serverHelp}\n`, stderr: '' });
    const explained = [...stdout.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, name]) => name);
    expect(new Set(explained)).toEqual(new Set(options));
  });

  test('the lines of --help fit a terminal', () => {
    expect(serverHelp.split('\n').filter((line) => line.length > 120)).toEqual([]);
  });

  test('--version is that of the package', () => {
    const { version } = objectFrom(parseJson(readFileSync('package.json', 'utf8')));
    expect(run(['--version'])).toEqual({ status: 0, stdout: `${String(version)}\n`, stderr: '' });
  });
});

describe('what makes no sense is refused with one line and status 2', () => {
  const missing = join(temporaryDirectory(), 'token');
  const empty = join(temporaryDirectory(), 'token');
  writeFileSync(empty, ' \n');

  const cases: (readonly [args: readonly string[], complaint: string])[] = [
    [['--frobnicate'], "Unknown option '--frobnicate'"],
    [['extra'], "Unexpected argument 'extra'"],
    [['--port'], "Option '--port <value>' argument missing"],
    [['--port', '--verbose'], "Option '--port' argument is ambiguous"],
    [['--verbose=1'], "Option '--verbose' does not take an argument"],
    [['--port', '65536'], "--port takes a whole number from 0 to 65535, not '65536'"],
    [['--port', '-1'], "Option '--port' argument is ambiguous"],
    [['--port=-1'], "--port takes a whole number from 0 to 65535, not '-1'"],
    [['--port', '80.5'], "--port takes a whole number from 0 to 65535, not '80.5'"],
    [['--port', 'http'], "--port takes a whole number from 0 to 65535, not 'http'"],
    [['--max-counters', '0'], "--max-counters takes a whole number from 1 to 10000000, not '0'"],
    [['--max-nodes', 'many'], "--max-nodes takes a whole number from 1 to 100000, not 'many'"],
    [['--max-connections', '0'], "--max-connections takes a whole number from 1 to 1000000, not '0'"],
    [['--max-watchers', '1e9'], "--max-watchers takes a whole number from 1 to 1000000, not '1e9'"],
    [
      ['--idempotency-window-s', '0'],
      "--idempotency-window-s takes a whole number from 1 to 1000000, not '0'",
    ],
    [
      ['--max-idempotency-keys', ' '],
      "--max-idempotency-keys takes a whole number from 1 to 10000000, not ' '",
    ],
    [['--node-id', 'a~b'], "--node-id has a '~', which separates the suffix in replica ids"],
    [['--node-id', 'a\nb'], '--node-id has control characters or halves of surrogate pairs'],
    [['--node-id', 'n'.repeat(241)], '--node-id is longer than 240 bytes'],
    [
      ['--token-file', missing],
      `--token-file ${missing} cannot be read: ENOENT: no such file or directory, open '${missing}'`,
    ],
    [['--token-file', empty], `--token-file ${empty} is empty`],
    [['--port', ''], "--port takes a whole number from 0 to 65535, not ''"],
    [['--data-dir', ''], "--data-dir takes a value, not ''"],
    [['--token-file', ''], "--token-file takes a value, not ''"],
    [['--node-id', ' '], "--node-id takes a value, not ' '"],
    [['--peer-ranges', ' ,'], "--peer-ranges takes a value, not ' ,'"],
    [['--peers', 'localhost'], "--peers takes host:port, not 'localhost'"],
    [['--peers', 'a:1,http://b:2/'], "--peers takes host:port, not 'http://b:2/'"],
    [['--advertise', ':8080'], "--advertise takes host:port, not ':8080'"],
    [['--cluster', 'c'.repeat(65)], '--cluster is longer than 64 bytes'],
    [
      ['--cluster-key-file', missing],
      `--cluster-key-file ${missing} cannot be read: ENOENT: no such file or directory, open '${missing}'`,
    ],
    [['--cluster-key-file', empty], `--cluster-key-file ${empty} is empty`],
    [['--discovery-port', '0'], "--discovery-port takes a whole number from 1 to 65535, not '0'"],
    [['--max-peers', '1001'], "--max-peers takes a whole number from 1 to 1000, not '1001'"],
    [['--multicast', '10.0.0.1'], "--multicast takes an IPv4 multicast address, not '10.0.0.1'"],
    [['--peer-ranges', '10.0.0.0/33'], "--peer-ranges takes ranges such as 10.0.0.0/8, not '10.0.0.0/33'"],
    [['--store', 'redis'], "--store takes disk, or etcd://HOST:PORT,.../PREFIX, not 'redis'"],
    [['--store', 'etcd:host'], "--store takes disk, or etcd://HOST:PORT,.../PREFIX, not 'etcd:host'"],
    [['--store', 'etcd://'], "--store names no member of etcd: 'etcd://'"],
    [['--store', 'etcd:///p'], "--store names no member of etcd: 'etcd:///p'"],
    [['--store', 'etcd://a:0'], "--store takes members of etcd as HOST:PORT, not 'a:0'"],
    [['--store', 'etcd://a,b:x/p'], "--store takes members of etcd as HOST:PORT, not 'b:x'"],
    [['--store', 'etcd://a/\n'], '--store: the prefix has control characters or halves of surrogate pairs'],
    [['--store', `etcd://a/${'p'.repeat(257)}`], '--store: the prefix is longer than 256 bytes'],
    [
      ['--store', 'etcd://root:secret@a'],
      '--store takes no user: everybody would see the password; give --etcd-user-file',
    ],
    [['--store', 'etcd://a', '--data-dir', 'd'], '--data-dir is for --store disk'],
    [['--store', 'etcd://a', '--peers', 'b:1'], '--peers is for --store disk'],
    [['--etcd-timeout-ms', '5'], '--etcd-timeout-ms is for --store etcd://...'],
    [['--store', 'etcd://a', '--etcd-ca', empty], '--etcd-ca is given with --store etcds://...'],
    [['--store', 'etcds://a', '--etcd-ca', empty], `--etcd-ca ${empty} is empty`],
    [
      ['--store', 'etcd://a', '--etcd-timeout-ms', '5'],
      "--etcd-timeout-ms takes a whole number from 50 to 60000, not '5'",
    ],
    [['--store', 'etcd://a', '--etcd-user-file', empty], `--etcd-user-file ${empty} is empty`],
    [
      ['--host', '0.0.0.0'],
      '--host 0.0.0.0 opens the cluster to the network: give --cluster-key-file or --insecure',
    ],
  ];
  for (const host of ['localhost:8080', '127.0.0.1:80', '[::1]:8080', '[localhost]', '[::1', 'http://a/']) {
    cases.push([['--host', host], `--host takes an address or a name, without a port, not '${host}'`]);
  }
  for (const origin of ['example.org', 'https://example.org/', 'https://example.org/x', 'null', '* *']) {
    const complaint = `--allow-origin takes origins such as https://example.org, not '${origin}'`;
    cases.push([['--allow-origin', origin], complaint]);
  }

  test.each(cases)('%j', (args, complaint) => {
    expect(run(args)).toEqual({
      status: 2,
      stdout: '',
      stderr: `g-counter-server: ${complaint}; see --help\n`,
    });
  });

  test.each([
    ['PORT', 'x', "takes a whole number from 0 to 65535, not 'x'"],
    ['MAX_COUNTERS', '-5', "takes a whole number from 1 to 10000000, not '-5'"],
    ['MAX_PEERS', '1.5', "takes a whole number from 1 to 1000, not '1.5'"],
    ['DISCOVERY_PORT', 'http://a:1', "takes a whole number from 1 to 65535, not 'http://a:1'"],
    ['NODE_ID', 'a~2', "has a '~', which separates the suffix in replica ids"],
    [
      'TOKEN_FILE',
      missing,
      `${missing} cannot be read: ENOENT: no such file or directory, open '${missing}'`,
    ],
    ['TOKEN_FILE', empty, `${empty} is empty`],
    [
      'CLUSTER_KEY_FILE',
      missing,
      `${missing} cannot be read: ENOENT: no such file or directory, open '${missing}'`,
    ],
    ['CLUSTER_KEY', 'too short', 'must hold keys of 16 characters or more'],
    ['CLUSTER_KEY', ' '.repeat(20), 'must hold keys of 16 characters or more'],
    ['CLUSTER_KEY', 'sixteen characters\nshort', 'must hold keys of 16 characters or more'],
    ['PEER_RANGES', ',', "takes a value, not ','"],
    ['DATA_DIR', ' ', "takes a value, not ' '"],
    ['TOKEN_FILE', '\t', "takes a value, not '\t'"],
    ['TOKEN', ' ', 'must hold a token of printable ASCII characters without blanks'],
    ['MAX_WATCHERS', ' ', "takes a whole number from 1 to 1000000, not ' '"],
    ['ALLOW_ORIGIN', 'a', "takes origins such as https://example.org, not 'a'"],
    ['PEERS', 'nowhere', "takes host:port, not 'nowhere'"],
    ['ADVERTISE', 'tcp://10.3.0.1:7000', "takes host:port, not 'tcp://10.3.0.1:7000'"],
    ['CLUSTER', 'c'.repeat(65), 'is longer than 64 bytes'],
    ['MULTICAST', '10.0.0.1', "takes an IPv4 multicast address, not '10.0.0.1'"],
    ['PEER_RANGES', 'a', "takes ranges such as 10.0.0.0/8, not 'a'"],
    ['DISABLE_DISCOVERY', 'maybe', "takes yes, true, on, 1, no, false, off, 0, not 'maybe'"],
    ['INSECURE', 'disabled', "takes yes, true, on, 1, no, false, off, 0, not 'disabled'"],
    ['STORE', 'here', "takes disk, or etcd://HOST:PORT,.../PREFIX, not 'here'"],
    ['VERBOSE', '2', "takes yes, true, on, 1, no, false, off, 0, not '2'"],
  ])('in the environment too, under the name of the variable: %s=%s', (variable, value, complaint) => {
    const { status, stderr } = run([], { [variable]: value });
    expect([status, stderr]).toEqual([2, `g-counter-server: ${variable} ${complaint}; see --help\n`]);
  });

  test('and so is the user of etcd that is no user and password', () => {
    const { status, stderr } = run(['--store', 'etcd://a'], { ETCD_USER: 'root' });
    const complaint = 'ETCD_USER must hold a user and a password, as USER:PASSWORD';
    expect([status, stderr]).toEqual([2, `g-counter-server: ${complaint}; see --help\n`]);
  });

  test('a flag is at fault where both are given', () => {
    expect(run(['--port', 'x'], { PORT: 'y' }).stderr).toContain(' --port takes a whole number');
    expect(run(['--port', '65536'], { PORT: '1' }).stderr).toContain(' --port takes a whole number');
  });

  test.each(['geheim€', 'two\nlines', ' blanks around '])(
    'and so is the token %j, which no request can present',
    (token) => {
      expect(run([], { TOKEN: token }).status).toBe(2);
    },
  );
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
      env: { PORT: '1', DATA_DIR: unusable, NODE_ID: 'environment', MAX_COUNTERS: '1' },
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

  test.each([
    ['DISCOVERY_PORT', 'tcp://10.3.0.1:7000', 'discovery-port', 7000],
    ['DISCOVERY_PORT', 'udp://[fd00::1]:7000', 'discovery-port', 7000],
    ['MAX_PEERS', 'TCP://10.3.0.1:1', 'max-peers', 100],
    ['MAX_NODES', 'sctp://10.3.0.1:1', 'max-nodes', 1000],
  ])(
    'that an orchestrator has set is ignored with a warning: %s=%s',
    async (variable, value, flag, usual) => {
      const server = await startServer({ env: { [variable]: value } });
      expect(server.notes[0]).toEqual({
        time: expect.any(String),
        level: 'warning',
        message: `${variable}=${value} is ignored: it is the address of a service, as Kubernetes sets it, and no number; the default is ${usual}, and --${flag} sets another`,
      });
      expect(server.stderr).toHaveLength(2);
    },
  );

  test('that an orchestrator has set is nothing to warn of where a flag is given', async () => {
    const env = { DISCOVERY_PORT: 'tcp://10.3.0.1:7000' };
    const server = await startServer({ args: ['--discovery-port', '7001'], env });
    expect(server.stderr).toHaveLength(1);
  });

  test.each(['0', 'false', 'no', 'off', ' FALSE '])('VERBOSE=%s is not verbose', async (word) => {
    const server = await startServer({ env: { VERBOSE: word } });
    await server.increment('k');
    expect(server.stderr).toHaveLength(1);
  });
});

describe('a store on etcd', () => {
  const engineOf = (store: string): unknown => serverOptionsFrom(['--store', store], {}).engine;

  test.each([
    ['etcd://a', ['a:2379'], 'g-counter/'],
    ['etcd://a/', ['a:2379'], 'g-counter/'],
    ['ETCD://A:1,b:2,[::1]:3,b:2/shop', ['a:1', 'b:2', '[::1]:3'], 'shop/'],
    ['etcd://a, b/shop/likes/', ['a:2379', 'b:2379'], 'shop/likes/'],
    ['etcds://10.0.0.7:443/x', ['10.0.0.7:443'], 'x/'],
  ])('%s', (store, endpoints, prefix) => {
    expect(engineOf(store)).toMatchObject({ store: 'etcd', endpoints, prefix });
  });

  test('is told a user by a file or in the environment', () => {
    const path = join(temporaryDirectory(), 'user');
    writeFileSync(path, 'root:a:b\n');
    const user = { name: 'root', password: 'a:b' };
    const args = ['--store', 'etcd://a'];
    expect(serverOptionsFrom([...args, '--etcd-user-file', path], {}).engine).toMatchObject({
      gateway: { user },
    });
    expect(serverOptionsFrom(args, { ETCD_USER: 'root:a:b' }).engine).toMatchObject({ gateway: { user } });
  });

  test('ignores variables about the disk and its cluster, which may be there for other servers', () => {
    const environment = { STORE: 'etcd://a', DATA_DIR: '/data', PEERS: 'b:1', CLUSTER: 'c' };
    expect(serverOptionsFrom([], environment).engine).toMatchObject({ store: 'etcd' });
  });
});

describe('files with secrets', () => {
  const secret = '0123456789abcdef';
  const options = (name: string, content: string | Buffer) => {
    const path = join(temporaryDirectory(), name);
    writeFileSync(path, content);
    return serverOptionsFrom([`--${name}`, path], {});
  };

  const keysOf = ({ engine }: ServerCliOptions): unknown => 'cluster' in engine && engine.cluster.keys;

  test('may begin with a byte-order mark', () => {
    expect(options('token-file', `\ufeff${secret}\r\n`).token).toBe(secret);
    const keys = [secret, secret.repeat(2)];
    expect(keysOf(options('cluster-key-file', `\ufeff${keys.join('\r\n')}`))).toEqual(keys);
  });

  test('say the same in the environment', () => {
    const keys = [secret, secret.repeat(2)];
    const CLUSTER_KEY = `\ufeff${keys.join('\r\n\r\n')}\r\n`;
    expect(keysOf(serverOptionsFrom([], { CLUSTER_KEY }))).toEqual(keys);
  });

  test.each([
    [
      'of UTF-16',
      Buffer.from(`\ufeff${secret}`, 'utf16le'),
      'begins with the byte-order mark of UTF-16, not UTF-8',
    ],
    ['in Latin-1', Buffer.from(`${secret}é`, 'latin1'), 'is not UTF-8'],
  ])('%s are refused for what they are', (_, content, why) => {
    expect(() => options('token-file', content)).toThrow(why);
    expect(() => options('cluster-key-file', content)).toThrow(why);
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

describe('what keeps it from serving is said in one line, with status 1', () => {
  test.each([
    ['127.0.0.1', (port: number) => run(['--port', `${port}`])],
    ['127.0.0.1', (port: number) => run([], { PORT: `${port}` })],
    ['127.0.0.1', (port: number) => run(['--port', `0${port}`, '--host', '127.0.0.1'])],
    [
      '::ffff:127.0.0.1',
      (port: number) => run(['--port', `${port}`, '--host', '::ffff:127.0.0.1', '--insecure']),
    ],
    ['0.0.0.0', (port: number) => run(['--port', `${port}`, '--host', '0.0.0.0', '--insecure'])],
  ])('a port of %s that is taken', async (host, runOn) => {
    const first = await startServer();
    const { status, stderr } = runOn(first.port);
    expect([status, parseJson(stderr)]).toEqual([
      1,
      {
        time: expect.any(String),
        level: 'error',
        message: `port ${first.port} of ${host} is in use: choose another port with --port`,
      },
    ]);
    expect(await first.increment('k')).toBe(1);
  });

  test.each([
    ['192.0.2.1', '192.0.2.1 is not an address of this machine: choose another with --host'],
    ['::ffff', '::ffff is not an address of this machine: choose another with --host'],
    ['no.invalid', 'no.invalid is not a name that this machine knows: choose an address with --host'],
  ])('the host %s, which is not ours', (host, message) => {
    const { status, stdout, stderr } = run(['--host', host, '--insecure']);
    expect([status, stdout]).toEqual([1, '']);
    expect(parseJson(stderr)).toEqual({ time: expect.any(String), level: 'error', message });
  });

  describe('the data directory', () => {
    const isRoot = process.getuid?.() === 0;
    /** As root, the program is run as another user; anybody else is kept out by what they own. */
    const user = isRoot ? 65_534 : process.getuid?.();
    const runAsUser = (dataDir: string): Finished => {
      const env = { PATH: process.env['PATH'] };
      const args = ['--port', '0', '--data-dir', dataDir, '--disable-discovery'];
      // Elsewhere than in the checkout, which others may not be able to enter.
      for (const part of ['bin', 'dist']) cpSync(part, join(shared, 'program', part), { recursive: true });
      const { status, stdout, stderr } = spawnSync(join(shared, 'program/bin/g-counter-server'), args, {
        encoding: 'utf8',
        env,
        cwd: shared,
        ...(isRoot ? { uid: 65_534, gid: 65_534 } : {}),
      });
      return { status, stdout, stderr };
    };
    const shared = temporaryDirectory();
    chmodSync(shared, 0o755);
    const messageOf = ({ status, stderr }: Finished): string => {
      expect(status).toBe(1);
      return String(objectFrom(parseJson(stderr))['message']);
    };

    // Who is not root owns all that is made here.
    test.skipIf(!isRoot).each([
      ['lets others read it', 0o555, undefined],
      ['lets nobody read it', 0o000, undefined],
      ['has closed the log in it', 0o777, 'counters-000001.log'],
      ['has closed what is remembered of the cluster', 0o777, 'cluster.json'],
    ])('of another user, who %s', (name, mode, file) => {
      const path = join(shared, name.replaceAll(' ', '-'));
      mkdirSync(path);
      if (file !== undefined) writeFileSync(join(path, file), '', { mode: 0 });
      chmodSync(path, mode);
      expect(messageOf(runAsUser(path))).toBe(
        `the data directory ${path} cannot be used by user ${user}: ${join(path, file ?? '')} belongs to user ${process.getuid?.()}; run the server as its owner, or choose another with --data-dir`,
      );
      chmodSync(path, 0o700);
    });

    test.each(['555', '444', '000'])('of its own user, with the permissions %s', (mode) => {
      const path = join(shared, `own-${mode}`);
      mkdirSync(path);
      if (isRoot) chownSync(path, 65_534, 65_534);
      chmodSync(path, parseInt(mode, 8));
      expect(messageOf(runAsUser(path))).toBe(
        `the data directory ${path} cannot be used: the permissions of ${path} deny it to user ${user}, its owner; change them, or choose another with --data-dir`,
      );
      chmodSync(path, 0o700);
    });

    test.skipIf(!isRoot)('that would have to be made in a directory of another user', () => {
      const above = join(shared, 'above');
      mkdirSync(above);
      chmodSync(above, 0o555);
      const path = join(above, 'a/b');
      expect(messageOf(runAsUser(path))).toContain(
        `cannot be used by user ${user}: ${above} belongs to user`,
      );
    });

    test.each([
      ['file', 'is not a directory, or below something that is none; choose another with --data-dir'],
      ['file/below', 'is not a directory, or below something that is none; choose another with --data-dir'],
      ['dangling', 'cannot be made there; choose another with --data-dir'],
      ['circle', 'leads in a circle of links; choose another with --data-dir'],
      ['circle/below', 'leads in a circle of links; choose another with --data-dir'],
      ['x'.repeat(300), 'has a name that is too long for the system; choose a shorter one with --data-dir'],
      [
        'deep/'.repeat(900),
        'has a name that is too long for the system; choose a shorter one with --data-dir',
      ],
    ])('%s', (name, why) => {
      const directory = temporaryDirectory();
      writeFileSync(join(directory, 'file'), '');
      symlinkSync(join(directory, 'nowhere/nothing'), join(directory, 'dangling'));
      symlinkSync('circle', join(directory, 'circle'));
      const dataDir = join(directory, name);
      expect(messageOf(run(['--data-dir', dataDir]))).toBe(`the data directory ${dataDir} ${why}`);
    });
  });

  test('that it is not built', () => {
    const directory = temporaryDirectory();
    cpSync('bin', join(directory, 'bin'), { recursive: true });
    const { status, stdout, stderr } = spawnSync(join(directory, 'bin/g-counter-server'), {
      encoding: 'utf8',
    });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toBe(`g-counter-server is not built: run \`npm ci && npm run build\` in ${directory}\n`);
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
  expect([status, stdout]).toEqual([0, run(['--version']).stdout]);
});
