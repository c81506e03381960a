/** The file of restricted tokens: what is refused at the start, and how a server takes a new one while it runs. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { errorOf } from '../../support/api-error.ts';
import { until } from '../../support/eventually.ts';
import {
  type ServerProcess,
  startServer,
  stopServers,
  temporaryDirectory,
} from '../../support/server-process.ts';
import { Certificate } from '../../support/tls.ts';

afterEach(stopServers);

const FULL = 'the-token-of-the-server';

/** A file of tokens, with its path. */
class TokensFile {
  readonly path = join(temporaryDirectory(), 'tokens');

  constructor(...lines: string[]) {
    this.write(...lines);
  }

  write(...lines: string[]): void {
    writeFileSync(this.path, lines.join('\n'));
  }
}

const start = (file: TokensFile, args: readonly string[] = []): Promise<ServerProcess> =>
  startServer({ args: ['--tokens-file', file.path, ...args], env: { TOKEN: FULL } });

/** Has a server read its files again, and resolves with what it says of that, in so many lines. */
async function reload(server: ServerProcess, lines = 1): Promise<readonly unknown[]> {
  const before = server.notes.length;
  process.kill(server.pid, 'SIGHUP');
  await until(() => server.notes.length >= before + lines);
  return server.notes.slice(before).map(({ level, message }) => `${String(level)}: ${String(message)}`);
}

/** What an increment with a token is answered with: its status and, if it was refused, the code. */
async function outcome(server: ServerProcess, key: string, token: string): Promise<string> {
  const answer = await server.post(
    `/counter/incr/${encodeURIComponent(key)}`,
    {},
    { authorization: `Bearer ${token}` },
  );
  return answer.status === 200 ? '200' : errorOf(answer);
}

describe('at SIGHUP', () => {
  test('tokens are added, lose prefixes and are revoked, and the server runs on', async () => {
    const file = new TokensFile('first increment a/', 'second increment b/');
    const server = await start(file);
    expect(await outcome(server, 'a/x', 'first')).toBe('200');
    expect(await outcome(server, 'c/x', 'third')).toBe('401 unauthorized');
    file.write('first increment b/', 'third increment c/');
    expect(await reload(server)).toEqual(['info: the list of restricted tokens has been read again']);
    expect(await outcome(server, 'a/x', 'first')).toBe('403 forbidden');
    expect(await outcome(server, 'b/x', 'first')).toBe('200');
    expect(await outcome(server, 'b/x', 'second')).toBe('401 unauthorized');
    expect(await outcome(server, 'c/x', 'third')).toBe('200');
    expect(await outcome(server, 'anything', FULL)).toBe('200');
  });

  test('a file with nothing but a comment revokes all of them, and not the token of the server', async () => {
    const file = new TokensFile('first increment a/');
    const server = await start(file);
    file.write('# none at present');
    await reload(server);
    expect(await outcome(server, 'a/x', 'first')).toBe('401 unauthorized');
    expect(await outcome(server, 'a/x', FULL)).toBe('200');
  });

  test.each([
    ['has a mistake', ['second increment b/', 'third'], ', line 2: a line is TOKEN increment PREFIX'],
    ['is empty', [''], ' is empty'],
    [
      'has the token of the server',
      [`${FULL} increment b/`],
      ', line 1: this is the token that permits everything',
    ],
  ])('the old tokens stay in force if the file %s, and the log says so', async (_, lines, why) => {
    const file = new TokensFile('first increment a/');
    const server = await start(file);
    file.write(...lines);
    expect(await reload(server)).toEqual([
      `error: the list of restricted tokens stays as it was: --tokens-file ${file.path}${why}`,
    ]);
    expect(await outcome(server, 'a/x', 'first')).toBe('200');
    expect(await outcome(server, 'b/x', 'second')).toBe('401 unauthorized');
    expect(await outcome(server, 'b/x', FULL)).toBe('200');
  });

  test('a certificate that cannot be used keeps no tokens from being read, and the other way round', async () => {
    const file = new TokensFile('first increment a/');
    const certificate = new Certificate('first');
    const server = await start(file, certificate.args);
    certificate.useFiles('second.pem', 'first.key');
    expect(await reload(server, 2)).toEqual([
      expect.stringMatching(/^error: the TLS certificate stays as it was: /),
      'info: the list of restricted tokens has been read again',
    ]);
    certificate.use('second');
    file.write('first');
    expect(await reload(server, 2)).toEqual([
      'info: the TLS certificate has been read again',
      expect.stringMatching(/^error: the list of restricted tokens stays as it was: /),
    ]);
  });
});

describe('the server refuses, with one line and status 2, and without showing it,', () => {
  test.each([
    [
      'a line without a prefix',
      ['# one', '', 'secret increment'],
      ', line 3: a line is TOKEN increment PREFIX',
    ],
    ['a line with a token alone', ['secret'], ', line 1: a line is TOKEN increment PREFIX'],
    ['another permission', ['secret read likes/'], ', line 1: a line is TOKEN increment PREFIX'],
    [
      'a token of other characters',
      ['sécret increment likes/'],
      ', line 1: a token is 1 to 256 printable ASCII characters',
    ],
    [
      'a token that is too long',
      [`${'secret'.repeat(43)} increment likes/`],
      ', line 1: a token is 1 to 256 printable',
    ],
    [
      'a prefix that is too long',
      [`secret increment ${'x'.repeat(257)}`],
      ', line 1: the prefix is longer than 256 bytes',
    ],
    [
      'a prefix with control characters',
      ['secret increment a\tb'],
      ', line 1: the prefix has control characters',
    ],
    [
      'the token of the server',
      ['other increment a', `${FULL} increment b`],
      ', line 2: this is the token that permits',
    ],
    [
      'more tokens than it takes',
      Array<string>(1001).fill('secret increment a'),
      ', line 1001: there are more than 1000',
    ],
    ['an empty file', ['', '  '], ' is empty'],
    ['a file that is too long', ['#'.repeat(2 ** 20), ''], ' is longer than 1048576 bytes'],
  ])('%s', (_, lines, why) => {
    const { path } = new TokensFile(...lines);
    const env = { PATH: process.env['PATH'], TOKEN: FULL };
    const { status, stderr } = spawnSync('bin/g-counter-server', ['--tokens-file', path], {
      encoding: 'utf8',
      env,
    });
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining(`g-counter-server: --tokens-file ${path}${why}`),
    ]);
    expect(stderr.trim().split('\n').length).toBe(1);
    for (const text of ['secret', 'sécret', FULL, 'likes']) expect(stderr).not.toContain(text);
  });

  test('a file that is not there, named in the environment', () => {
    const env = { PATH: process.env['PATH'], TOKEN: FULL, TOKENS_FILE: 'nowhere' };
    const { status, stderr } = spawnSync('bin/g-counter-server', [], { encoding: 'utf8', env });
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining('TOKENS_FILE nowhere cannot be read: ENOENT'),
    ]);
  });

  test('such a file where everybody may increment anyway', () => {
    const { path } = new TokensFile('secret increment likes/');
    const { status, stderr } = spawnSync('bin/g-counter-server', ['--tokens-file', path], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining('--tokens-file is given with --token-file'),
    ]);
  });
});
