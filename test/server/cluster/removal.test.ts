/** Servers that somebody has taken out of their cluster. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { objectFrom } from '../../support/json.ts';
import { type ServerProcess, jsonOf, stopServers } from '../../support/server-process.ts';
import { eventually } from '../../support/eventually.ts';
import {
  add,
  addressOf,
  agree,
  allPeersOf,
  beaconHeard,
  countsOf,
  network,
  peersOf,
  together,
} from '../../support/servers.ts';

afterEach(stopServers);

let a: ServerProcess;
let b: ServerProcess;
let c: ServerProcess;

beforeEach(async () => {
  const start = await network();
  [a, b, c] = await Promise.all([start('a'), start('b'), start('c')]);
  await together([a, b, c]);
});

/** Who are peers when the third is out. */
const apart = (): string[][] => [[addressOf(b)], [addressOf(a)], []];

test('remove existing peer: it is gone on all servers though it goes on sending beacons, until it is registered', async () => {
  const all = [a, b, c];
  await Promise.all(all.map((server) => add(server, 10)));
  await eventually(async () => expect(await countsOf(all)).toEqual([30, 30, 30]));
  const answer = objectFrom(jsonOf(await a.post('/remove-peer', { id: addressOf(c) })));
  expect(answer).toEqual({ id: addressOf(c), node_id: 'c', peers: [addressOf(b)] });
  await eventually(async () => expect(await allPeersOf(all)).toEqual(apart()));

  await Promise.all(all.map((server) => add(server)));
  await eventually(async () => expect(await countsOf(all)).toEqual([32, 32, 31]));
  const heard = await Promise.all([beaconHeard(a, c), beaconHeard(b, c)]);
  let isOut = true;
  await eventually(async () => {
    const [ofA = [], ofB = [], ofC = []] = await allPeersOf(all);
    isOut &&= ofC.length === 0 && ![...ofA, ...ofB].includes(addressOf(c));
    const [byA, byB] = await Promise.all([beaconHeard(a, c), beaconHeard(b, c)]);
    expect(Math.min(byA - heard[0], byB - heard[1])).toBeGreaterThanOrEqual(3);
  });
  expect(isOut).toBe(true);
  await eventually(async () => expect(await allPeersOf(all)).toEqual(apart()));
  expect(await countsOf(all)).toEqual([32, 32, 31]);

  await eventually(async () => expect((await b.post('/register', { id: addressOf(c) })).status).toBe(200));
  await together(all);
  await eventually(async () => expect(await countsOf(all)).toEqual([33, 33, 33]));
  expect(await add(c)).toBe(34);
  await eventually(async () => expect(await countsOf(all)).toEqual([34, 34, 34]));
});

test('remove existing peer: it stays removed when it was down at the time, and over a restart of all', async () => {
  await add(c, 10);
  await agree([a, b, c], 10);
  await c.kill('SIGKILL');
  await together([a, b]);
  expect((await a.post('/remove-peer', { id: addressOf(c) })).status).toBe(200);
  await eventually(async () => expect((await b.get('/discovery')).body).toContain('"state":"removed"'));
  c = await c.restart();
  await add(c, 5);
  await eventually(async () => expect(await peersOf(c)).toEqual([]));

  await Promise.all([a, b, c].map((server) => server.kill('SIGKILL')));
  [a, b, c] = await Promise.all([a.restart(), b.restart(), c.restart()]);
  await eventually(async () => expect(await beaconHeard(a, c)).toBeGreaterThanOrEqual(3));
  await eventually(async () => expect(await allPeersOf([a, b, c])).toEqual(apart()));
  expect(await countsOf([a, b, c])).toEqual([10, 10, 15]);

  await b.post('/register', { id: addressOf(c) });
  await together([a, b, c]);
  await agree([a, b, c], 15);
});
