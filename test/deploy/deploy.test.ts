/** What operators copy from deploy/, beside the server that it is for. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import parse from 'parse-prometheus-text-format';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLUSTER } from '../support/servers.ts';
import { type ServerProcess, startServer, stopServers } from '../support/server-process.ts';

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer({ args: CLUSTER });
  await server.increment('measured');
});
afterAll(stopServers);

const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

const skipped = (program: string): string => (has(program) ? '' : ', which is not installed: skipped');

/** What a program says, and its status. */
function run(program: string, args: readonly string[], input = ''): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', input });
  return { status, said: stdout + stderr };
}

const metricsIn = (file: string): string[] => [
  ...new Set(
    [...readFileSync(file, 'utf8').matchAll(/\b(?:g_counter|process)_[a-z_]+\b/g)].map(([name]) =>
      name.replace(/_(?:bucket|sum|count)$/, ''),
    ),
  ),
];

test.each([
  ['deploy/grafana-dashboard.json', 15],
  ['deploy/prometheus-alerts.yaml', 8],
])('the server has each metric in %s', async (file, least) => {
  const families = new Set(parse((await server.get('/metrics')).body).map(({ name }) => name));
  const used = metricsIn(file);
  expect(used.length).toBeGreaterThanOrEqual(least);
  expect(used.filter((name) => !families.has(name))).toEqual([]);
});

test('each alert is explained to operators', () => {
  const names = [...readFileSync('deploy/prometheus-alerts.yaml', 'utf8').matchAll(/- alert: (\w+)/g)].map(
    ([, name = '']) => name,
  );
  const rows = [...readFileSync('docs/operations.md', 'utf8').matchAll(/^\| (GCounter\w+)/gm)].map(
    ([, name]) => name,
  );
  expect(rows).toEqual(names);
});

test.each([
  'deploy/kubernetes.yaml',
  'deploy/g-counter-server.service',
  'deploy/compose.yaml',
  'deploy/compose.etcd.yaml',
])('the server reads each variable that %s sets', (file) => {
  const text = readFileSync(file, 'utf8');
  const set = [
    ...[...text.matchAll(/^ *- (?:\{ )?name: ([A-Z_]+)/gm)].map(([, name = '']) => name),
    ...[...text.matchAll(/^Environment=([A-Z_]+)=/gm)].map(([, name = '']) => name),
    ...[...text.matchAll(/^ {2,}([A-Z_]+): /gm)].map(([, name = '']) => name),
  ].filter((name) => name !== 'NODE_IMAGE' && !(file.includes('etcd') && name.startsWith('ETCD_')));
  const { said } = run('bin/g-counter-server', ['--help']);
  const flags = [...said.matchAll(/--([a-z-]+)/g)].map(([, flag = '']) =>
    flag.toUpperCase().replaceAll('-', '_'),
  );
  const known = new Set([...flags, 'TOKEN', 'CLUSTER_KEY']);
  expect(set.length).toBeGreaterThan(0);
  expect(set.filter((name) => !known.has(name))).toEqual([]);
});

describe.skipIf(!has('promtool'))(`promtool${skipped('promtool')}`, () => {
  test('accepts what the server is scraped for', async () => {
    const { body } = await server.get('/metrics?counters=');
    const { status, said } = run('promtool', ['check', 'metrics'], body);
    // It minds that the program is called a counter.
    const others = said
      .split('\n')
      .filter((line) => line !== '' && !line.endsWith("should not include type 'counter'"));
    expect([status, others]).toEqual([3, []]);
  });

  test('accepts the alerts, and they fire when they should', () => {
    expect(run('promtool', ['check', 'rules', 'deploy/prometheus-alerts.yaml'])).toMatchObject({ status: 0 });
    expect(run('promtool', ['test', 'rules', 'test/deploy/prometheus-alerts.test.yaml'])).toMatchObject({
      status: 0,
    });
  });
});

test('the unit lets the server list its networks, without which it sends no beacons', () => {
  expect(readFileSync('deploy/g-counter-server.service', 'utf8')).toMatch(
    /^RestrictAddressFamilies=.*\bAF_NETLINK\b/m,
  );
});

describe.skipIf(!has('systemd-analyze'))(`systemd-analyze${skipped('systemd-analyze')}`, () => {
  test('accepts the unit', () => {
    expect(run('systemd-analyze', ['verify', 'deploy/g-counter-server.service'])).toEqual({
      status: 0,
      said: '',
    });
  });
});

const compose = has('docker-compose') ? ['docker-compose'] : ['docker', 'compose'];
const hasCompose = spawnSync(compose[0] ?? '', [...compose.slice(1), 'version']).status === 0;

describe.skipIf(!hasCompose)(`Docker Compose${hasCompose ? '' : ', which is not installed: skipped'}`, () => {
  test.each(['deploy/compose.yaml', 'deploy/compose.etcd.yaml'])('accepts %s', (file) => {
    const [program = '', ...args] = compose;
    expect(run(program, [...args, '--file', file, 'config', '--quiet'])).toEqual({ status: 0, said: '' });
  });
});

describe.skipIf(!has('haproxy'))(`HAProxy${skipped('haproxy')}`, () => {
  test('accepts its configuration', () => {
    expect(run('haproxy', ['-c', '-f', 'deploy/haproxy.cfg'])).toMatchObject({ status: 0 });
  });
});
