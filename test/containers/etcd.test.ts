/**
 * The containers of deploy/compose.etcd.yaml, through kills of each kind while clients count by the one address. Etcd and the
 * proxy are in images of this machine's own programs, so that nothing has to be downloaded.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  Container,
  Load,
  compose,
  docker,
  ensureBase,
  ensureImage,
  missingPrograms,
  obstacle,
} from '../support/containers.ts';
import { eventually, until } from '../support/eventually.ts';
import { freeBasePort } from '../support/ports.ts';

const absent = missingPrograms(['etcd', 'etcdctl', 'haproxy']);
const missing = obstacle() ?? (absent.length > 0 ? `there is no ${absent.join(', ')}` : undefined);
const suffix = missing === undefined ? '' : ` (skipped: ${missing})`;

const project = `g-counter-etcd-test-${process.pid}`;
const ETCD_IMAGE = `g-counter-test-etcd-${process.pid}`;
const HAPROXY_IMAGE = `g-counter-test-haproxy-${process.pid}`;
const TOKEN = 'deploy/secrets/token';

describe.skipIf(missing !== undefined)(`servers on etcd in containers${suffix}`, () => {
  let port = 0;
  let load: Load | undefined;
  const removals: (() => void)[] = [];

  const containerOf = (service: string): Container =>
    new Container(
      project,
      service,
      () => port,
      () => readFileSync(TOKEN, 'utf8').trim(),
    );
  const proxy = containerOf('proxy');
  const servers = ['server-1', 'server-2'].map(containerOf);
  const members = ['etcd-1', 'etcd-2', 'etcd-3'].map(containerOf);

  const run = (...args: string[]): string =>
    compose(['--project-name', project, '--file', 'deploy/compose.etcd.yaml', ...args], {
      ETCD_IMAGE,
      HAPROXY_IMAGE,
      PORT: `${port}`,
    });

  beforeAll(async () => {
    removals.push(
      ensureBase(),
      ensureImage(ETCD_IMAGE, ['etcd', 'etcdctl'], ['CMD ["etcd"]']),
      ensureImage(
        HAPROXY_IMAGE,
        ['haproxy'],
        ['CMD ["haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]', 'USER 99:99'],
      ),
    );
    mkdirSync('deploy/secrets', { recursive: true, mode: 0o700 });
    if (!existsSync(TOKEN)) writeFileSync(TOKEN, randomBytes(32).toString('hex'));
    chmodSync(TOKEN, 0o644);
    port = await freeBasePort(1);
    run('up', '--build', '--detach');
    await proxyServes();
  });

  afterEach(async () => {
    await load?.end();
    load = undefined;
  });

  afterAll(() => {
    run('down', '--volumes');
    for (const remove of removals) remove();
  });

  const proxyServes = (): Promise<number> => until(() => proxy.value('any'));

  const health = (container: Container): Promise<string> => container.inspect('{{.State.Health.Status}}');

  test('are healthy for Docker, too', async () => {
    for (const each of [...members, ...servers]) {
      await eventually(async () => expect(await health(each)).toBe('healthy'));
    }
  });

  test('have no capabilities, can get none, and write to nothing but volumes', async () => {
    for (const each of [proxy, ...servers, ...members]) {
      const format = '{{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{.HostConfig.ReadonlyRootfs}}';
      expect(await each.inspect(format)).toBe('[ALL] [no-new-privileges:true] true');
    }
  });

  test.each([
    ['servers', servers, 'KILL'],
    ['servers', servers, 'TERM'],
    ['members of etcd', members, 'KILL'],
  ])('lose nothing and count nothing twice when %s end one after the other, %#', async (_, these, signal) => {
    const key = `${signal}-${these.length}`;
    load = new Load(key, [proxy], 8);
    for (const each of these) {
      await load.more(50);
      await each.do('kill', '--signal', signal);
      await load.more(50);
      await each.do('start');
      await until(async () => (await health(each)) === 'healthy');
    }
    const total = await load.end();
    expect(total).toBeGreaterThan(100);
    expect(await proxy.value(key)).toBe(total);
  });

  test('do not pretend to count without a majority of etcd, and go on when there is one', async () => {
    await proxy.add('majority', 1, 'before');
    const [, ...others] = members;
    for (const each of others) await each.do('kill', '--signal', 'KILL');
    await until(async () => (await proxy.value('majority')) === undefined);
    for (const each of others) await each.do('start');
    await proxyServes();
    await proxy.add('majority', 1, 'after');
    expect(await proxy.value('majority')).toBe(2);
  });

  test('have their counters after they are stopped and started', async () => {
    await proxy.add('kept', 7, 'kept');
    run('down');
    expect(await docker('ps', '--all', '--quiet', '--filter', `name=${project}`)).toBe('');
    run('up', '--detach');
    await proxyServes();
    expect(await proxy.value('kept')).toBe(7);
  });
});
