/** A server by itself, and what it takes to have it count with others. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { listFrom, objectFrom } from '../../support/json.ts';
import { eventually } from '../../support/eventually.ts';
import {
  type ServerProcess,
  jsonOf,
  startServer,
  stopServers,
  temporaryDirectory,
} from '../../support/server-process.ts';
import { addressOf, beaconHeard, deaf, freeUdpPort, together } from '../../support/servers.ts';

afterEach(stopServers);

const RANDOM = /^a~[a-z][0-9a-z]{5}$/;
const SECRET = 'a-secret-of-32-characters-or-more';
const secretFile = (): string => {
  const path = join(temporaryDirectory(), 'secret');
  writeFileSync(path, SECRET);
  return path;
};

/** Starts a server that is told of a port for beacons, and of no cluster unless `args` name one. */
const startAt = async (discoveryPort: number, nodeId: string, args: readonly string[]) =>
  startServer({
    env: { DISABLE_DISCOVERY: '0' },
    args: ['--discovery-port', String(discoveryPort), '--node-id', nodeId, ...args],
  });

const namesOf = async (server: ServerProcess): Promise<readonly string[]> => {
  await server.increment('k', 1, { authorization: `Bearer ${SECRET}` });
  return [...(await server.read('k')).nodes.keys()];
};

/** What `/discovery` knows of others. */
const known = async (server: ServerProcess): Promise<unknown[]> => {
  const { contacts, heard } = objectFrom(jsonOf(await server.get('/discovery')));
  return [contacts, heard];
};

test.each([
  ['without options', () => []],
  ['with a token, on all addresses', () => ['--host', '0.0.0.0', '--token-file', secretFile()]],
  ['with --insecure, on all addresses', () => ['--host', '0.0.0.0', '--insecure']],
  // The members of such a cluster are those that it names, and theirs: the name that all have by default is no tie.
  ['with peers and no cluster name', () => ['--peers', '127.0.0.1:1']],
])('a server %s neither sends beacons nor hears any', async (_, argsOf) => {
  const port = await freeUdpPort();
  const [one, other, c, d] = await Promise.all([
    startAt(port, 'a', argsOf()),
    startAt(port, 'b', argsOf()),
    startAt(port, 'c', ['--cluster', 'g-counter']),
    startAt(port, 'd', ['--cluster', 'g-counter']),
  ]);
  await together([c, d]);
  await eventually(async () => expect(await beaconHeard(c, d)).toBeGreaterThanOrEqual(3));
  const [alone, atC] = await Promise.all([Promise.all([one, other].map(known)), known(c)]);
  expect(alone.map(([, heard]) => heard)).toEqual([[], []]);
  expect(atC.map((each) => listFrom(each).map((entry) => objectFrom(entry)['id']))).toEqual([
    [addressOf(d)],
    [addressOf(d)],
  ]);
});

test.each([
  ['without options', () => []],
  ['with a token, on all addresses', () => ['--host', '0.0.0.0', '--token-file', secretFile()]],
  ['with --insecure, on all addresses', () => ['--host', '0.0.0.0', '--insecure']],
])('a server %s counts under its plain node id, also after a restart', async (_, argsOf) => {
  const server = await startServer({ args: ['--node-id', 'a', ...argsOf()] });
  expect(await namesOf(server)).toEqual(['a']);
  await server.kill('SIGKILL');
  expect(await namesOf(await server.restart())).toEqual(['a']);
});

describe('a server takes a random replica id before it counts, and says why', () => {
  test.each([
    ['a cluster name', () => ['--cluster', 'ours']],
    ['a peer', () => ['--peers', '127.0.0.1:1']],
    ['a cluster key', () => ['--cluster-key-file', secretFile()]],
  ])('with %s', async (_, argsOf) => {
    const server = await deaf('a', ...argsOf());
    expect(await namesOf(server)).toEqual([expect.stringMatching(RANDOM)]);
    expect(server.notes).toContainEqual(
      expect.objectContaining({ level: 'info', message: expect.stringMatching(/counts as a~.*cluster/) }),
    );
  });

  test.each([0, 1])('when a registration has succeeded, on either side (%i)', async (side) => {
    const [a, b] = await Promise.all([deaf('a'), deaf('b')]);
    expect([await namesOf(a), await namesOf(b)]).toEqual([['a'], ['b']]);
    const [by, of] = side === 0 ? [a, b] : [b, a];
    expect((await by.post('/register', { id: addressOf(of) })).status).toBe(200);
    // At once: both have been told when the registration is answered.
    await Promise.all([a, b].map((server) => server.increment('l')));
    const first = [...(await a.read('l')).nodes.keys()].filter((name) => name.startsWith('a'));
    expect(first).toEqual([expect.stringMatching(RANDOM)]);
    await together([a, b]);
    await eventually(async () => {
      expect((await a.read('k')).value).toBe(2);
      const names = [...(await b.read('l')).nodes.keys()];
      expect(names).toEqual([expect.stringMatching(RANDOM), expect.stringMatching(/^b~/)]);
    });
    for (const server of [a, b]) {
      const message = expect.stringMatching(/counts as .~.{6} from now on, no longer as .: 127/);
      expect(server.notes).toContainEqual(expect.objectContaining({ level: 'info', message }));
    }
  });

  test('and keeps its peers and its replica id over a restart', async () => {
    const [a, b] = await Promise.all([deaf('a'), deaf('b')]);
    await a.post('/register', { id: addressOf(b) });
    await together([a, b]);
    const names = await namesOf(a);
    await a.kill('SIGKILL');
    const again = await a.restart();
    await together([again, b]);
    expect(await namesOf(again)).toEqual(names);
  });

  test('but not when it fails', async () => {
    const a = await deaf('a');
    expect((await a.post('/register', { id: '127.0.0.1:1' })).status).toBe(202);
    expect(await namesOf(a)).toEqual(['a']);
    const stranger = await deaf('b', '--cluster', 'theirs');
    expect((await a.post('/register', { id: addressOf(stranger) })).status).toBe(409);
    expect(await namesOf(a)).toEqual(['a']);
  });
});
