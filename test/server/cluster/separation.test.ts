/** Servers that could hear each other and must not, or not yet, count together. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { objectFrom } from '../../support/json.ts';
import { errorOf } from '../../support/api-error.ts';
import {
  ServerProcess,
  type Settings,
  startServer,
  stopServers,
  temporaryDirectory,
} from '../../support/server-process.ts';
import { eventually } from '../../support/eventually.ts';
import {
  add,
  addressOf,
  allPeersOf,
  beaconHeard,
  countsOf,
  freeUdpPort,
  memberSettings,
  network,
  peersOf,
  together,
} from '../../support/servers.ts';

afterEach(stopServers);

const OLD = 'the key that was used until now';
const NEW = 'the key that is used from now on';

function keyFile(...keys: readonly string[]): string {
  const path = join(temporaryDirectory(), 'key');
  writeFileSync(path, `${keys.join('\n')}\n`);
  return path;
}

/** Resolves when two servers have heard each other's calls for so long that all who started before were heard too. */
const bothHeard = (a: ServerProcess, b: ServerProcess): Promise<void> =>
  eventually(async () => {
    const heard = await Promise.all([beaconHeard(a, b), beaconHeard(b, a)]);
    expect(Math.min(...heard)).toBeGreaterThanOrEqual(3);
  });

describe('servers on one network', () => {
  test('of different clusters do not join, not even when they are told to', async () => {
    const start = await network();
    const [red, blue] = await Promise.all([start('a', '--cluster', 'red'), start('b', '--cluster', 'blue')]);
    const red2 = await start('c', '--cluster', 'red');
    await together([red, red2]);
    await bothHeard(red, red2);
    expect(await peersOf(blue)).toEqual([]);
    await eventually(async () =>
      expect(errorOf(await blue.post('/register', { id: addressOf(red) }))).toBe('409 not_a_peer'),
    );
    await Promise.all([add(red, 1), add(blue, 10)]);
    await eventually(async () => expect(await countsOf([red, red2])).toEqual([1, 1]));
    expect(await countsOf([blue])).toEqual([10]);
    const apart = [[addressOf(red2)], [addressOf(red)], []];
    await eventually(async () => expect(await allPeersOf([red, red2, blue])).toEqual(apart));
  });

  test.each([
    ['with different keys', () => ['--cluster-key-file', keyFile(NEW)]],
    ['of which some have no key', () => []],
  ])('%s do not join, not even when they are told to', async (_, argsOf) => {
    const start = await network();
    const key = keyFile(OLD);
    const stranger = await start('b', ...argsOf());
    const [a, c] = await Promise.all([
      start('a', '--cluster-key-file', key),
      start('c', '--cluster-key-file', key),
    ]);
    await together([a, c]);
    await bothHeard(a, c);
    for (const [one, other] of [
      [a, stranger],
      [stranger, a],
    ] as const) {
      const answer = await one.post('/register', { id: addressOf(other) });
      expect([answer.status, objectFrom(parseJson(answer.body))['status']]).toEqual([202, 'pending']);
    }
    await Promise.all([add(a, 1), add(stranger, 10)]);
    await eventually(async () => expect(await countsOf([a, c])).toEqual([1, 1]));
    expect(await countsOf([stranger])).toEqual([10]);
    const apart = [[addressOf(c)], [addressOf(a)], []];
    await eventually(async () => expect(await allPeersOf([a, c, stranger])).toEqual(apart));
  });

  test('change their key one after the other, and never stop counting together', async () => {
    const discoveryPort = await freeUdpPort();
    const settings = await Promise.all(['a', 'b'].map((id) => memberSettings(discoveryPort, id, [])));
    const withKeys = (index: number, keys: string): Settings => ({
      ...settings[index],
      args: [...(settings[index]?.args ?? []), '--cluster-key-file', keys],
    });
    const before = keyFile(OLD);
    const servers = await Promise.all(settings.map((_, index) => startServer(withKeys(index, before))));
    await together(servers);
    let sum = 0;
    for (const keys of [keyFile(OLD, NEW), keyFile(NEW, OLD), keyFile(NEW)]) {
      for (const [index, server] of servers.entries()) {
        expect(await server.kill('SIGTERM')).toEqual({ status: 0, signal: null });
        servers[index] = await server.restart(withKeys(index, keys));
        await together(servers);
        await Promise.all(servers.map((each) => add(each)));
        sum += 2;
        await eventually(async () => expect(await countsOf(servers)).toEqual([sum, sum]));
      }
    }
  });
});

describe('two processes with one node id', () => {
  const isTaken = expect.objectContaining({
    level: 'error',
    message: expect.stringMatching(/^the node id 'a' is taken: 127\.0\.0\.1:\d+ has run longer under it/),
  });

  test('the later one ends with an error that says so, found or registered, and the first goes on', async () => {
    const discoveryPort = await freeUdpPort();
    const first = await startServer(await memberSettings(discoveryPort, 'a', []));
    const other = await startServer(await memberSettings(discoveryPort, 'b', []));
    await together([first, other]);
    await add(first, 5);
    // By its fourth regular call the first has been there for long enough to be told from the later one by its age.
    await eventually(async () => expect(await beaconHeard(other, first)).toBeGreaterThanOrEqual(4));
    const later = new ServerProcess(await memberSettings(discoveryPort, 'a', []));
    expect(await later.exit).toEqual({ status: 1, signal: null });
    expect(later.notes).toContainEqual(isTaken);

    const unheard = await startServer(await memberSettings(discoveryPort, 'a', ['--disable-discovery']));
    // It may be gone before it has answered.
    await unheard.post('/register', { id: addressOf(other) }).catch(() => {});
    expect(await unheard.exit).toEqual({ status: 1, signal: null });
    expect(unheard.notes).toContainEqual(isTaken);

    expect(await add(first)).toBe(6);
    await eventually(async () => expect(await countsOf([first, other])).toEqual([6, 6]));
    await together([first, other]);
  });

  test('that start at once: one of them goes on', async () => {
    const discoveryPort = await freeUdpPort();
    const settings = await Promise.all(['a', 'a', 'b'].map((id) => memberSettings(discoveryPort, id, [])));
    const [one, two, other] = settings.map((each) => new ServerProcess(each));
    if (one === undefined || two === undefined || other === undefined) throw new Error('there are three');
    expect(await Promise.race([one.exit, two.exit])).toEqual({ status: 1, signal: null });
    const winner = one.isRunning ? one : two;
    await Promise.all([winner.serving(), other.serving()]);
    await together([winner, other]);
    await Promise.all([add(winner, 1), add(other, 10)]);
    await eventually(async () => expect(await countsOf([winner, other])).toEqual([11, 11]));
  });
});

describe('a server that listens on all addresses', () => {
  test('without a key says in one line what is missing, and exits with 2', async () => {
    const server = new ServerProcess({ args: ['--host', '0.0.0.0'] });
    expect(await server.exit).toEqual({ status: 2, signal: null });
    expect(server.stderr).toEqual([
      expect.stringMatching(/^g-counter-server: --host 0\.0\.0\.0 .*--cluster-key-file.*--insecure/),
    ]);
  });

  test.each([
    ['with a key', () => ['--cluster-key-file', keyFile(NEW)]],
    ['with --insecure', () => ['--insecure']],
  ])('%s serves', async (_, argsOf) => {
    const server = await startServer({ args: ['--host', '0.0.0.0', ...argsOf()] });
    expect((await server.get('/health')).status).toBe(200);
  });
});
