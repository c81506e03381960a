/** What keeps the server from serving is said in one line, with status 1. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { type Ended, unserved } from '../../support/command.ts';
import { objectFrom } from '../../support/json.ts';
import { startServer, stopServers, temporaryDirectory } from '../../support/server-process.ts';

afterAll(stopServers);

describe('what keeps it from serving is said in one line, with status 1', () => {
  test.each([
    ['127.0.0.1', (port: number) => unserved(['--port', `${port}`])],
    ['127.0.0.1', (port: number) => unserved([], { PORT: `${port}` })],
    ['127.0.0.1', (port: number) => unserved(['--port', `0${port}`, '--host', '127.0.0.1'])],
    [
      '::ffff:127.0.0.1',
      (port: number) => unserved(['--port', `${port}`, '--host', '::ffff:127.0.0.1', '--insecure']),
    ],
    ['0.0.0.0', (port: number) => unserved(['--port', `${port}`, '--host', '0.0.0.0', '--insecure'])],
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
    const { status, stdout, stderr } = unserved(['--host', host, '--insecure']);
    expect([status, stdout]).toEqual([1, '']);
    expect(parseJson(stderr)).toEqual({ time: expect.any(String), level: 'error', message });
  });

  describe('the data directory', () => {
    const isRoot = process.getuid?.() === 0;
    /** As root, the program is run as another user; anybody else is kept out by what they own. */
    const user = isRoot ? 65_534 : process.getuid?.();
    const runAsUser = (dataDir: string): Ended => {
      const env = { PATH: process.env['PATH'] };
      const args = ['--port', '0', '--data-dir', dataDir, '--disable-discovery'];
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
    // Elsewhere than in the checkout, which others may not be able to enter.
    beforeAll(() => {
      for (const part of ['bin', 'dist/g-counter-server.cjs']) {
        cpSync(part, join(shared, 'program', part), { recursive: true });
      }
    });
    const messageOf = ({ status, stderr }: Ended): string => {
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
      expect(messageOf(unserved(['--data-dir', dataDir]))).toBe(`the data directory ${dataDir} ${why}`);
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
