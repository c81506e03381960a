/**
 * The image and the three containers of deploy/, under the make targets, and through what happens to containers: kills,
 * lost volumes, cut networks, restarts one after the other. What clients were told is counted, and nothing else is.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseJson } from '../../src/runtime/json.ts';
import { BASE, Container, Load, docker, ensureBase, obstacle } from '../support/containers.ts';
import { eventually, until } from '../support/eventually.ts';
import { freeBasePort } from '../support/ports.ts';

const missing = obstacle();
const suffix = missing === undefined ? '' : ` (skipped: ${missing})`;
const IMAGE = 'g-counter';
const project = `g-counter-test-${process.pid}`;

interface Finished {
  readonly status: number | null;
  readonly output: string;
}

describe.skipIf(missing !== undefined)(`servers in containers${suffix}`, () => {
  let basePort = 0;
  let removeBase: () => void = () => {};
  let load: Load | undefined;

  const token = (): string => readFileSync('deploy/secrets/token', 'utf8').trim();
  const containerOf = (n: number): Container =>
    new Container(project, `node-${n}`, () => basePort + n - 1, token);
  const [a, b, c] = [containerOf(1), containerOf(2), containerOf(3)];
  const containers = [a, b, c];

  const make = (...args: string[]): Finished => {
    const env = { ...process.env, ON: 'containers', BASE_PORT: `${basePort}`, COMPOSE_PROJECT_NAME: project };
    const { status, stdout, stderr } = spawnSync('make', args, { encoding: 'utf8', env });
    return { status, output: stdout + stderr };
  };

  beforeAll(async () => {
    removeBase = ensureBase();
    basePort = await freeBasePort(5);
    const { status, output } = make();
    if (status !== 0) throw new Error(output);
  });

  afterEach(async () => {
    await load?.end();
    load = undefined;
  });

  afterAll(async () => {
    make('stop');
    const filter = `label=com.docker.compose.project=${project}`;
    const volumes = await docker('volume', 'ls', '--quiet', '--filter', filter);
    if (volumes !== '') await docker('volume', 'rm', ...volumes.split('\n'));
    removeBase();
  });

  const values = (key: string): Promise<unknown> => Promise.all(containers.map((each) => each.value(key)));
  const allHave = (key: string, value: number): Promise<void> =>
    eventually(async () => expect(await values(key)).toEqual([value, value, value]));

  const addressesOf = (these: readonly Container[]): string[] =>
    these.map(({ service }) => `${service}:8080`);

  const knowEachOther = (): Promise<void> =>
    eventually(async () => {
      const peers = await Promise.all(containers.map((each) => each.peers()));
      expect(peers).toEqual(
        containers.map((each) => addressesOf(containers.filter((other) => other !== each))),
      );
    });

  const serves = (container: Container): Promise<number> => until(() => container.value('any'));

  test('pass make test-full, and pass it again', () => {
    for (const _ of [1, 2]) {
      const { status, output } = make('test-full');
      expect({ status, output }).toEqual({
        status: 0,
        output: expect.stringMatching(
          /^ {2}on three containers\n[^]*^PASS {2}test-full: 8 of 8 tests passed/m,
        ),
      });
    }
  });

  test('are healthy for Docker, too', async () => {
    for (const each of containers) {
      await eventually(async () => expect(await each.inspect('{{.State.Health.Status}}')).toBe('healthy'));
    }
  });

  test('are not root, have no capabilities, can get none, and can write to /data only', async () => {
    expect(await a.inspect('{{.Config.User}}')).toBe('1000:1000');
    const script = `
      const fs = require('fs');
      const isWritable = (folder) => {
        try {
          fs.rmdirSync(fs.mkdtempSync(folder + '/'));
          return true;
        } catch {
          return false;
        }
      };
      const status = fs.readFileSync('/proc/1/status', 'utf8');
      const value = (name) => new RegExp('^' + name + ':\\t(.*)$', 'm').exec(status)[1];
      console.log(JSON.stringify({
        capabilities: [value('CapEff'), value('CapPrm'), value('CapBnd')].map((mask) => parseInt(mask, 16)),
        noNewPrivileges: value('NoNewPrivs'),
        user: value('Uid').split('\\t'),
        writable: ['/data', '/g-counter', '/tmp', '/'].filter(isWritable),
      }));`;
    expect(parseJson(await a.evaluate(script))).toEqual({
      capabilities: [0, 0, 0],
      noNewPrivileges: '1',
      user: ['1000', '1000', '1000', '1000'],
      writable: ['/data'],
    });
  });

  test('come of an image that adds less than a megabyte to Node’s, with no sources and no keys in it', async () => {
    const sizes = await Promise.all(
      [IMAGE, BASE].map(async (name) =>
        Number(await docker('image', 'inspect', '--format', '{{.Size}}', name)),
      ),
    );
    expect((sizes[0] ?? 0) - (sizes[1] ?? 0)).toBeLessThan(1_000_000);
    const script = `
      const list = (folder) => require('fs').readdirSync(folder).sort();
      console.log(JSON.stringify([list('.'), list('bin'), list('dist')]));`;
    expect(parseJson(await a.evaluate(script))).toEqual([
      ['LICENSE', 'bin', 'dist', 'package.json'],
      ['g-counter-server', 'launch.js', 'package.json'],
      ['g-counter-server.cjs', 'g-counter-server.cjs.map'],
    ]);
  });

  test('do not start without a key', () => {
    const { status, stderr } = spawnSync('docker', ['run', '--rm', IMAGE], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([
      2,
      'g-counter-server: --host 0.0.0.0 opens the cluster to the network: give --cluster-key-file or --insecure; see --help\n',
    ]);
  });

  test('end by themselves when they are stopped, also while clients count', async () => {
    load = new Load('stopped', containers);
    for (const each of containers) {
      await load.more(20);
      await each.do('stop');
      // Docker would have killed it with 137.
      expect(await each.inspect('{{.State.ExitCode}}')).toBe('0');
      await each.do('start');
      await serves(each);
    }
    await allHave('stopped', await load.end());
  });

  test('lose nothing and count nothing twice when they are killed and started again under load', async () => {
    load = new Load('killed', containers);
    for (const each of [a, b, c, a]) {
      await load.more(50);
      await each.do('kill', '--signal', 'KILL');
      await load.more(20);
      await each.do('start');
      await serves(each);
    }
    const total = await load.end();
    await eventually(async () => expect(await values('killed')).toEqual([total, total, total]));
    await knowEachOther();
  });

  test('have on the disk what they acknowledge, with no help of the others', async () => {
    await a.do('pause').then(() => c.do('pause'));
    for (let n = 1; n <= 20; n++) await b.add('alone', 1, `alone-${n}`);
    await b.do('kill', '--signal', 'KILL');
    await b.do('start');
    expect(await serves(b).then(() => b.value('alone'))).toBe(20);
    await a.do('unpause').then(() => c.do('unpause'));
    await allHave('alone', 20);
  });

  test('get back from the others what was on a volume that is removed, and count on', async () => {
    for (const [i, each] of containers.entries()) await each.add('volume', 10 ** i, `before-${i}`);
    await allHave('volume', 111);
    load = new Load('volume', [a, c]);
    await load.more(20);
    await b.do('rm', '--force');
    await docker('volume', 'rm', `${project}_node-2`);
    await load.more(20);
    expect(make().status).toBe(0);
    await serves(b);
    await b.add('volume', 1000, 'after');
    await allHave('volume', 1111 + (await load.end()));
    expect(await b.replicas('volume')).toHaveLength(4);
  });

  test('go on on both sides of a network that is cut, and agree when it has healed', async () => {
    load = new Load('cut', [a, b]);
    await load.more(20);
    await c.setLink('down');
    const within = await c.addWithin('cut', 1_000_000);
    expect(within).toBeGreaterThanOrEqual(1_000_000);
    await eventually(async () => expect(await a.peers()).toEqual(addressesOf([b])));
    await load.more(20);
    expect(await c.addWithin('cut', 1_000_000)).toBe(within + 1_000_000);
    expect(await a.value('cut')).toBeLessThan(1_000_000);
    await c.setLink('up');
    await load.more(20);
    await allHave('cut', 2_000_000 + (await load.end()));
    await knowEachOther();
  });

  test('stay available to clients through a rolling restart, and count each increment once', async () => {
    load = new Load('rolling', containers);
    for (const each of containers) {
      await load.more(50);
      await each.do('restart');
      await serves(each);
      await knowEachOther();
    }
    const total = await load.end();
    await eventually(async () => expect(await values('rolling')).toEqual([total, total, total]));
  });

  test('have their counters after make stop and make', async () => {
    await a.add('kept', 7, 'kept');
    await allHave('kept', 7);
    expect(make('stop')).toEqual({ status: 0, output: expect.stringMatching(/^PASS {2}stop: /m) });
    expect(await a.name()).toBe('');
    expect(make().status).toBe(0);
    await allHave('kept', 7);
  });
});
