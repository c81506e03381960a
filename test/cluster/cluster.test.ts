import { describe, expect, test } from 'vitest';
import type { Member } from '../../src/cluster/member.ts';
import { KEY, type SimServer, SimCluster, everybodyElse, peersOf } from '../support/sim-cluster.ts';

/** Somebody of a list that is long enough. */
function at<T>(list: readonly T[], index: number): T {
  const element = list[index];
  if (element === undefined) throw new Error(`there is no element ${index}`);
  return element;
}

const valuesOf = (all: readonly SimServer[], key = 'likes'): number[] =>
  all.map(({ replica }) => replica.value(key));
const rootsOf = (all: readonly SimServer[]): number =>
  new Set(all.map(({ replica }) => JSON.stringify(replica.contents()))).size;

describe('servers find each other', () => {
  test('when each is told of one of them', async () => {
    const all = await new SimCluster().startAll(5);
    expect(peersOf(all)).toEqual(everybodyElse(all));
  });

  test('in a chain in which each is told of the next', async () => {
    const sim = new SimCluster();
    const all = Array.from({ length: 6 }, () => sim.start());
    for (const [index, server] of all.slice(1).entries())
      server.cluster.addConfiguredPeer(at(all, index).address);
    await sim.pass(30_000);
    expect(peersOf(all)).toEqual(everybodyElse(all));
  });

  test('by their beacons within two seconds', async () => {
    const sim = new SimCluster();
    const all = Array.from({ length: 5 }, () => sim.start({ beacons: true }));
    await sim.pass(2000);
    expect(peersOf(all)).toEqual(everybodyElse(all));
    expect([...at(all, 0).cluster.heard].map(({ id }) => id).toSorted()).toEqual([
      'node-2',
      'node-3',
      'node-4',
      'node-5',
    ]);
  });

  test('when a tenth of all messages is lost and the rest is slow', async () => {
    const sim = new SimCluster(7);
    Object.assign(sim, { loss: 0.1, delayMs: 200 });
    const all = Array.from({ length: 4 }, () => sim.start({ beacons: true }));
    await sim.pass(120_000);
    Object.assign(sim, { loss: 0 });
    await sim.pass(60_000);
    expect(peersOf(all)).toEqual(everybodyElse(all));
  });

  test('again after a restart, by what they remember alone', async () => {
    const sim = new SimCluster();
    const [a, b] = await sim.startAll(2);
    if (a === undefined || b === undefined) throw new Error('there are two');
    expect(a.remembered.peers).toEqual([b.address]);
    b.die();
    const later = a.restart();
    const again = b.restart();
    await sim.pass(10_000);
    expect(peersOf([later, again])).toEqual([[b.address], [a.address]]);
  });
});

describe('strangers', () => {
  test.each([
    ['of another cluster', { cluster: 'village' }],
    ['with another key', { keys: ['another key of 16'] }],
    ['without a key', { keys: [] }],
  ])('%s are left alone', async (_what, setup) => {
    const sim = new SimCluster();
    const [a, b] = [sim.start({ beacons: true }), sim.start({ beacons: true, ...setup })];
    a.cluster.addConfiguredPeer(b.address);
    b.cluster.addConfiguredPeer(a.address);
    a.replica.add('likes', 3);
    await sim.pass(120_000);
    expect([a.peers, b.peers, valuesOf([a, b])]).toEqual([[], [], [3, 0]]);
  });

  test('only identify each other, and seldom', async () => {
    const sim = new SimCluster();
    const [a, b] = [sim.start(), sim.start({ cluster: 'village' })];
    a.cluster.addConfiguredPeer(b.address);
    await sim.pass(300_000);
    expect(a.stateOf(b)).toBe('stranger');
    expect(sim.requests.length).toBeLessThan(30);
  });

  test('whose key becomes ours are taken in', async () => {
    const sim = new SimCluster();
    const a = sim.start({ keys: [KEY] });
    const b = sim.start({ keys: ['another key of 16'] });
    a.cluster.addConfiguredPeer(b.address);
    await sim.pass(10_000);
    const c = b.restart({ keys: ['another key of 16', KEY] });
    await sim.pass(60_000);
    expect([a.peers, c.peers]).toEqual([[], []]);
    const d = a.restart({ keys: [KEY, 'another key of 16'] });
    d.cluster.addConfiguredPeer(c.address);
    await sim.pass(60_000);
    expect([d.peers, c.peers]).toEqual([[c.address], [d.address]]);
  });

  test('a server that finds itself is not its own peer', async () => {
    const sim = new SimCluster();
    const a = sim.start({ beacons: true });
    a.cluster.addConfiguredPeer(a.address);
    await sim.pass(60_000);
    expect([a.peers, a.stateOf(a), a.duplicates]).toEqual([[], 'self', []]);
  });
});

describe('what is counted anywhere', () => {
  test('is known everywhere at once', async () => {
    const sim = new SimCluster();
    const all = await sim.startAll(4);
    for (const [index, { replica }] of all.entries()) replica.add('likes', index + 1);
    await sim.pass(100);
    expect(valuesOf(all)).toEqual([10, 10, 10, 10]);
    expect(all.every(({ replica }) => /~[a-z]/.test(replica.name))).toBe(true);
  });

  test('before the others joined is known to them when they join', async () => {
    const sim = new SimCluster();
    const all = [sim.start(), sim.start()];
    for (const { replica } of all) for (let key = 0; key < 500; key++) replica.add(`key-${key}`, 2);
    at(all, 1).cluster.addConfiguredPeer(at(all, 0).address);
    await sim.pass(5000);
    expect(valuesOf(all, 'key-7')).toEqual([4, 4]);
    expect(rootsOf(all)).toBe(1);
  });

  test('on either side of a cut is known everywhere when it heals', async () => {
    const sim = new SimCluster();
    const all = await sim.startAll(4);
    for (const a of all.slice(0, 2)) {
      for (const b of all.slice(2)) {
        sim.cut(a, b);
        sim.cut(b, a);
      }
    }
    for (const { replica } of all) replica.add('likes');
    await sim.pass(60_000);
    for (const { replica } of all) replica.add('likes');
    await sim.pass(1000);
    expect(valuesOf(all)).toEqual([4, 4, 4, 4]);
    sim.heal();
    await sim.pass(40_000);
    expect(valuesOf(all)).toEqual([8, 8, 8, 8]);
  });

  test('is known everywhere in the end, whatever gets lost meanwhile', async () => {
    const sim = new SimCluster(3);
    const all = await sim.startAll(3);
    Object.assign(sim, { loss: 0.3, delayMs: 50 });
    for (let step = 0; step < 100; step++) {
      at(all, step % 3).replica.add(`key-${step % 7}`);
      await sim.pass(500);
    }
    Object.assign(sim, { loss: 0 });
    await sim.pass(60_000);
    expect(rootsOf(all)).toBe(1);
    expect([0, 1, 2, 3, 4, 5, 6].reduce((sum, key) => sum + at(all, 0).replica.value(`key-${key}`), 0)).toBe(
      100,
    );
  });

  test('at an unreachable server arrives by way of the others', async () => {
    const sim = new SimCluster();
    const all = await sim.startAll(3);
    for (const [from, to] of [
      [0, 2],
      [2, 0],
    ] as const) {
      sim.cut(at(all, from), at(all, to));
    }
    at(all, 2).replica.add('likes', 5);
    await sim.pass(15_000);
    expect(valuesOf(all)).toEqual([5, 5, 5]);
  });

  test('before both restarted, and not pushed then, is known to both', async () => {
    const sim = new SimCluster();
    const [a, b] = [sim.start(), sim.start()];
    a.replica.add('likes', 3);
    b.replica.add('likes', 4);
    const [later, again] = [a.restart(), b.restart()];
    later.cluster.addConfiguredPeer(again.address);
    await sim.pass(60_000);
    expect(valuesOf([later, again])).toEqual([7, 7]);
  });

  test('past what one message holds is known everywhere', async () => {
    const sim = new SimCluster();
    const all = await sim.startAll(2);
    for (let key = 0; key < 20_000; key++) at(all, 0).replica.add(`key-${key}`);
    expect(at(all, 0).cluster.lagMs(at<Member>([...at(all, 0).cluster.members], 0))).toBe(0);
    await sim.pass(2000);
    expect(at(all, 1).replica.counters.size).toBe(20_000);
  });
});

test('a peer that was behind for too long lacks nothing after anti-entropy', async () => {
  const sim = new SimCluster();
  const all = await sim.startAll(2);
  const { cluster, replica } = at(all, 0);
  for (let change = 0; change <= 65_536; change++) replica.add(`key-${change % 10}`);
  await sim.pass(60_000);
  expect(rootsOf(all)).toBe(1);
  expect([...cluster.members].map((member) => cluster.lagMs(member))).toEqual([0]);
});

describe('the peers that are remembered', () => {
  test('are not forgotten while they do not answer', async () => {
    const sim = new SimCluster();
    const all = await sim.startAll(2);
    at(all, 1).die();
    await sim.pass(60_000);
    expect(at(all, 0).remembered.peers).toEqual([at(all, 1).address]);
  });

  test('are remembered over a restart during which they do not answer', async () => {
    const sim = new SimCluster();
    const all = await sim.startAll(3);
    at(all, 0).cluster.remove(at(all, 2).address);
    await sim.pass(1000);
    const { remembered } = at(all, 0);
    expect(remembered).toMatchObject({ peers: [at(all, 1).address] });
    at(all, 1).die();
    const again = at(all, 0).restart({ remembered });
    expect(again.remembered.peers).toEqual(remembered.peers);
  });
});

describe('a beacon', () => {
  const beaconsOf = async (): Promise<{ sim: SimCluster; a: SimServer; b: SimServer; heard: string[] }> => {
    const sim = new SimCluster();
    const [a, b] = [sim.start(), sim.start({ beacons: true })];
    await sim.pass(10_000);
    return { sim, a, b, heard: sim.beacons.map(({ text }) => text) };
  };
  const requestsOf = (sim: SimCluster, { host }: SimServer): number =>
    sim.requests.filter(({ from }) => from === host).length;

  test('that was heard before is ignored', async () => {
    const { sim, a, b, heard } = await beaconsOf();
    const lastMs = [...a.cluster.heard].map((each) => each.lastMs);
    await sim.pass(1000);
    for (const text of heard.slice(0, -1)) a.cluster.hear(text, b.host);
    a.cluster.hear(at(heard, heard.length - 1), b.host);
    expect([...a.cluster.heard].map((each) => each.lastMs)).toEqual(lastMs);
  });

  test('of an earlier boot id, replayed, makes no server ask', async () => {
    const { sim, a, b, heard } = await beaconsOf();
    const c = b.restart();
    await sim.pass(10_000);
    expect(a.peers).toEqual([c.address]);
    const asked = requestsOf(sim, a);
    for (let time = 0; time < 100; time++) {
      a.cluster.hear(at(heard, time % 2), b.host);
      a.cluster.hear(at(sim.beacons, sim.beacons.length - 1 - (time % 2)).text, b.host);
      await sim.pass(10);
    }
    expect(requestsOf(sim, a) - asked).toBeLessThan(10);
  });

  test('only makes a server identify the address', async () => {
    const { sim, a, heard } = await beaconsOf();
    a.cluster.hear(at(heard, 0), '10.9.9.9');
    await sim.pass(200_000);
    expect(a.peers).toEqual(['10.0.0.2:7000']);
    expect(sim.requests.filter(({ to }) => to === '10.9.9.9:7000').length).toBeLessThanOrEqual(5);
    expect(a.stateOf({ address: '10.9.9.9:7000' })).toBeUndefined();
  });

  test('of its own is not heard', async () => {
    const { a, b, heard } = await beaconsOf();
    b.cluster.hear(at(heard, 0), b.host);
    expect([...b.cluster.heard].filter(({ id }) => id === 'node-2')).toEqual([]);
    expect(a.stateOf(b)).toBe('alive');
  });
});

test('a server that has stopped sends nothing more', async () => {
  const sim = new SimCluster();
  const all = await sim.startAll(3);
  at(all, 0).cluster.stop();
  await sim.pass(10_000);
  const said = sim.requests.filter(({ from }) => from === at(all, 0).host).length;
  await sim.pass(100_000);
  expect(sim.requests.filter(({ from }) => from === at(all, 0).host)).toHaveLength(said);
});

test('servers that are equal say little to each other', async () => {
  const sim = new SimCluster();
  await sim.startAll(3);
  const before = sim.requests.length;
  await sim.pass(300_000);
  // Each asks each of the others about every three seconds, and a server known by several addresses now and then.
  expect(sim.requests.length - before).toBeLessThan(800);
});
