/** The flags and variables of the server: what they may say, and what is said of the rest. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/cli/arguments.ts';
import {
  type ServerCliOptions,
  serverHelp,
  serverOptionsFrom,
} from '../../../src/cli/server/server-options.ts';
import { stopServers, temporaryDirectory } from '../../support/server-process.ts';

afterAll(stopServers);

type Variables = Readonly<Record<string, string>>;

/** What the program says in one line, with status 2. */
function complaintOf(args: readonly string[], environment: Variables = {}): string {
  try {
    serverOptionsFrom([...args], environment);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return 'nothing';
}

describe('--help', () => {
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

  test('--help explains nothing that there is not', () => {
    const explained = [...serverHelp.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, name]) => name);
    expect(new Set(explained)).toEqual(new Set(options));
  });

  test('the lines of --help fit a terminal', () => {
    expect(serverHelp.split('\n').filter((line) => line.length > 120)).toEqual([]);
  });
});

describe('what makes no sense is refused', () => {
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
    expect(complaintOf(args)).toBe(complaint);
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
    expect(complaintOf([], { [variable]: value })).toBe(`${variable} ${complaint}`);
  });

  test('and so is the user of etcd that is no user and password', () => {
    expect(complaintOf(['--store', 'etcd://a'], { ETCD_USER: 'root' })).toBe(
      'ETCD_USER must hold a user and a password, as USER:PASSWORD',
    );
  });

  test('a flag is at fault where both are given', () => {
    expect(complaintOf(['--port', 'x'], { PORT: 'y' })).toContain('--port takes a whole number');
    expect(complaintOf(['--port', '65536'], { PORT: '1' })).toContain('--port takes a whole number');
  });

  test.each(['geheim€', 'two\nlines', ' blanks around '])(
    'and so is the token %j, which no request can present',
    (token) => {
      expect(complaintOf([], { TOKEN: token })).toContain('TOKEN');
    },
  );
});

describe('the environment', () => {
  test.each([
    ['DISCOVERY_PORT', 'tcp://10.3.0.1:7000', 'discovery-port', 7000],
    ['DISCOVERY_PORT', 'udp://[fd00::1]:7000', 'discovery-port', 7000],
    ['MAX_PEERS', 'TCP://10.3.0.1:1', 'max-peers', 100],
    ['MAX_NODES', 'sctp://10.3.0.1:1', 'max-nodes', 1000],
  ])('that an orchestrator has set is ignored with a warning: %s=%s', (variable, value, flag, usual) => {
    expect(serverOptionsFrom([], { [variable]: value }).warnings).toEqual([
      `${variable}=${value} is ignored: it is the address of a service, as Kubernetes sets it, and no number; the default is ${usual}, and --${flag} sets another`,
    ]);
  });

  test('that an orchestrator has set is nothing to warn of where a flag is given', () => {
    const environment = { DISCOVERY_PORT: 'tcp://10.3.0.1:7000' };
    expect(serverOptionsFrom(['--discovery-port', '7001'], environment).warnings).toEqual([]);
  });

  test.each(['0', 'false', 'no', 'off', ' FALSE '])('VERBOSE=%s is not verbose', (word) => {
    expect(serverOptionsFrom([], { VERBOSE: word }).verbose).toBe(false);
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
