import { describe, expect, test } from 'vitest';
import type { Member } from '../../src/cluster/member.ts';
import { KEY, type Resident, Town, everybodyElse, peersOf } from '../support/sim-cluster.ts';

/** Somebody of a list that is long enough. */
function at<T>(list: readonly T[], index: number): T {
  const element = list[index];
  if (element === undefined) throw new Error(`there is no element ${index}`);
  return element;
}

const valuesOf = (all: readonly Resident[], key = 'likes'): number[] =>
  all.map(({ replica }) => replica.value(key));
const rootsOf = (all: readonly Resident[]): number =>
  new Set(all.map(({ replica }) => JSON.stringify(replica.contents()))).size;

describe('servers find each other', () => {
  test('when each is told of one of them', async () => {
    const all = await new Town().settleAll(5);
    expect(peersOf(all)).toEqual(everybodyElse(all));
  });

  test('in a chain in which each is told of the next', async () => {
    const town = new Town();
    const all = Array.from({ length: 6 }, () => town.settle());
    for (const [index, resident] of all.slice(1).entries())
      resident.cluster.addConfiguredPeer(at(all, index).address);
    await town.pass(30_000);
    expect(peersOf(all)).toEqual(everybodyElse(all));
  });

  test('by their beacons within two seconds', async () => {
    const town = new Town();
    const all = Array.from({ length: 5 }, () => town.settle({ beacons: true }));
    await town.pass(2000);
    expect(peersOf(all)).toEqual(everybodyElse(all));
    expect([...at(all, 0).cluster.heard].map(({ id }) => id).toSorted()).toEqual([
      'node-2',
      'node-3',
      'node-4',
      'node-5',
    ]);
  });

  test('when a tenth of all that is sent gets lost and the rest takes its time', async () => {
    const town = new Town(7);
    Object.assign(town, { loss: 0.1, delayMs: 200 });
    const all = Array.from({ length: 4 }, () => town.settle({ beacons: true }));
    await town.pass(120_000);
    Object.assign(town, { loss: 0 });
    await town.pass(60_000);
    expect(peersOf(all)).toEqual(everybodyElse(all));
  });

  test('again after a restart, by what they remember alone', async () => {
    const town = new Town();
    const [a, b] = await town.settleAll(2);
    if (a === undefined || b === undefined) throw new Error('there are two');
    expect(a.remembered.peers).toEqual([b.address]);
    b.die();
    const later = a.restart();
    const again = b.restart();
    await town.pass(10_000);
    expect(peersOf([later, again])).toEqual([[b.address], [a.address]]);
  });
});

describe('strangers', () => {
  test.each([
    ['of another cluster', { cluster: 'village' }],
    ['with another key', { keys: ['another key of 16'] }],
    ['without a key', { keys: [] }],
  ])('%s are left alone', async (_what, house) => {
    const town = new Town();
    const [a, b] = [town.settle({ beacons: true }), town.settle({ beacons: true, ...house })];
    a.cluster.addConfiguredPeer(b.address);
    b.cluster.addConfiguredPeer(a.address);
    a.replica.add('likes', 3);
    await town.pass(120_000);
    expect([a.peers, b.peers, valuesOf([a, b])]).toEqual([[], [], [3, 0]]);
  });

  test('do no more than ask who is there, and seldom', async () => {
    const town = new Town();
    const [a, b] = [town.settle(), town.settle({ cluster: 'village' })];
    a.cluster.addConfiguredPeer(b.address);
    await town.pass(300_000);
    expect(a.stateOf(b)).toBe('stranger');
    expect(town.requests.length).toBeLessThan(30);
  });

  test('whose key becomes ours are taken in', async () => {
    const town = new Town();
    const a = town.settle({ keys: [KEY] });
    const b = town.settle({ keys: ['another key of 16'] });
    a.cluster.addConfiguredPeer(b.address);
    await town.pass(10_000);
    const c = b.restart({ keys: ['another key of 16', KEY] });
    await town.pass(60_000);
    expect([a.peers, c.peers]).toEqual([[], []]);
    const d = a.restart({ keys: [KEY, 'another key of 16'] });
    d.cluster.addConfiguredPeer(c.address);
    await town.pass(60_000);
    expect([d.peers, c.peers]).toEqual([[c.address], [d.address]]);
  });

  test('a server that finds itself is no peer of itself', async () => {
    const town = new Town();
    const a = town.settle({ beacons: true });
    a.cluster.addConfiguredPeer(a.address);
    await town.pass(60_000);
    expect([a.peers, a.stateOf(a), a.duplicates]).toEqual([[], 'self', []]);
  });
});

describe('what is counted anywhere', () => {
  test('is known everywhere at once', async () => {
    const town = new Town();
    const all = await town.settleAll(4);
    for (const [index, { replica }] of all.entries()) replica.add('likes', index + 1);
    await town.pass(100);
    expect(valuesOf(all)).toEqual([10, 10, 10, 10]);
    expect(all.every(({ replica }) => /~[a-z]/.test(replica.name))).toBe(true);
  });

  test('before the others came is known to them when they come', async () => {
    const town = new Town();
    const all = [town.settle(), town.settle()];
    for (const { replica } of all) for (let key = 0; key < 500; key++) replica.add(`key-${key}`, 2);
    at(all, 1).cluster.addConfiguredPeer(at(all, 0).address);
    await town.pass(5000);
    expect(valuesOf(all, 'key-7')).toEqual([4, 4]);
    expect(rootsOf(all)).toBe(1);
  });

  test('on either side of a cut is known everywhere when it heals', async () => {
    const town = new Town();
    const all = await town.settleAll(4);
    for (const a of all.slice(0, 2)) {
      for (const b of all.slice(2)) {
        town.cut(a, b);
        town.cut(b, a);
      }
    }
    for (const { replica } of all) replica.add('likes');
    await town.pass(60_000);
    for (const { replica } of all) replica.add('likes');
    await town.pass(1000);
    expect(valuesOf(all)).toEqual([4, 4, 4, 4]);
    town.heal();
    await town.pass(40_000);
    expect(valuesOf(all)).toEqual([8, 8, 8, 8]);
  });

  test('is known everywhere in the end, whatever gets lost meanwhile', async () => {
    const town = new Town(3);
    const all = await town.settleAll(3);
    Object.assign(town, { loss: 0.3, delayMs: 50 });
    for (let step = 0; step < 100; step++) {
      at(all, step % 3).replica.add(`key-${step % 7}`);
      await town.pass(500);
    }
    Object.assign(town, { loss: 0 });
    await town.pass(60_000);
    expect(rootsOf(all)).toBe(1);
    expect([0, 1, 2, 3, 4, 5, 6].reduce((sum, key) => sum + at(all, 0).replica.value(`key-${key}`), 0)).toBe(
      100,
    );
  });

  test('where a server is not reached arrives by way of the others', async () => {
    const town = new Town();
    const all = await town.settleAll(3);
    for (const [from, to] of [
      [0, 2],
      [2, 0],
    ] as const) {
      town.cut(at(all, from), at(all, to));
    }
    at(all, 2).replica.add('likes', 5);
    await town.pass(15_000);
    expect(valuesOf(all)).toEqual([5, 5, 5]);
  });

  test('in an earlier life of both, and not told then, is known to both', async () => {
    const town = new Town();
    const [a, b] = [town.settle(), town.settle()];
    a.replica.add('likes', 3);
    b.replica.add('likes', 4);
    const [later, again] = [a.restart(), b.restart()];
    later.cluster.addConfiguredPeer(again.address);
    await town.pass(60_000);
    expect(valuesOf([later, again])).toEqual([7, 7]);
  });

  test('past what one message holds is known everywhere', async () => {
    const town = new Town();
    const all = await town.settleAll(2);
    for (let key = 0; key < 20_000; key++) at(all, 0).replica.add(`key-${key}`);
    expect(at(all, 0).cluster.lagMs(at<Member>([...at(all, 0).cluster.members], 0))).toBe(0);
    await town.pass(2000);
    expect(at(all, 1).replica.counters.size).toBe(20_000);
  });
});

test('who was behind for too long, and then was compared with, lacks nothing', async () => {
  const town = new Town();
  const all = await town.settleAll(2);
  const { cluster, replica } = at(all, 0);
  for (let change = 0; change <= 65_536; change++) replica.add(`key-${change % 10}`);
  await town.pass(60_000);
  expect(rootsOf(all)).toBe(1);
  expect([...cluster.members].map((member) => cluster.lagMs(member))).toEqual([0]);
});

describe('the peers that are remembered', () => {
  test('are not forgotten while they do not answer', async () => {
    const town = new Town();
    const all = await town.settleAll(2);
    at(all, 1).die();
    await town.pass(60_000);
    expect(at(all, 0).remembered.peers).toEqual([at(all, 1).address]);
  });

  test('are not forgotten in a life that begins while they do not answer', async () => {
    const town = new Town();
    const all = await town.settleAll(3);
    at(all, 0).cluster.remove(at(all, 2).address);
    await town.pass(1000);
    const { remembered } = at(all, 0);
    expect(remembered).toMatchObject({ peers: [at(all, 1).address] });
    at(all, 1).die();
    const again = at(all, 0).restart({ remembered });
    expect(again.remembered.peers).toEqual(remembered.peers);
  });
});

describe('a beacon', () => {
  const beaconsOf = async (): Promise<{ town: Town; a: Resident; b: Resident; heard: string[] }> => {
    const town = new Town();
    const [a, b] = [town.settle(), town.settle({ beacons: true })];
    await town.pass(10_000);
    return { town, a, b, heard: town.beacons.map(({ text }) => text) };
  };
  const requestsOf = (town: Town, { host }: Resident): number =>
    town.requests.filter(({ from }) => from === host).length;

  test('that was heard before is no news', async () => {
    const { town, a, b, heard } = await beaconsOf();
    const lastMs = [...a.cluster.heard].map((each) => each.lastMs);
    await town.pass(1000);
    for (const text of heard.slice(0, -1)) a.cluster.hear(text, b.host);
    a.cluster.hear(at(heard, heard.length - 1), b.host);
    expect([...a.cluster.heard].map((each) => each.lastMs)).toEqual(lastMs);
  });

  test('of an earlier boot id, said again, makes nobody ask', async () => {
    const { town, a, b, heard } = await beaconsOf();
    const c = b.restart();
    await town.pass(10_000);
    expect(a.peers).toEqual([c.address]);
    const asked = requestsOf(town, a);
    for (let time = 0; time < 100; time++) {
      a.cluster.hear(at(heard, time % 2), b.host);
      a.cluster.hear(at(town.beacons, town.beacons.length - 1 - (time % 2)).text, b.host);
      await town.pass(10);
    }
    expect(requestsOf(town, a) - asked).toBeLessThan(10);
  });

  test('sets nothing off but a question to who is said to be there', async () => {
    const { town, a, heard } = await beaconsOf();
    a.cluster.hear(at(heard, 0), '10.9.9.9');
    await town.pass(200_000);
    expect(a.peers).toEqual(['10.0.0.2:7000']);
    expect(town.requests.filter(({ to }) => to === '10.9.9.9:7000').length).toBeLessThanOrEqual(5);
    expect(a.stateOf({ address: '10.9.9.9:7000' })).toBeUndefined();
  });

  test('of its own is not heard', async () => {
    const { a, b, heard } = await beaconsOf();
    b.cluster.hear(at(heard, 0), b.host);
    expect([...b.cluster.heard].filter(({ id }) => id === 'node-2')).toEqual([]);
    expect(a.stateOf(b)).toBe('alive');
  });
});

test('a server that has stopped says nothing more', async () => {
  const town = new Town();
  const all = await town.settleAll(3);
  at(all, 0).cluster.stop();
  await town.pass(10_000);
  const said = town.requests.filter(({ from }) => from === at(all, 0).host).length;
  await town.pass(100_000);
  expect(town.requests.filter(({ from }) => from === at(all, 0).host)).toHaveLength(said);
});

test('servers that are equal say little to each other', async () => {
  const town = new Town();
  await town.settleAll(3);
  const before = town.requests.length;
  await town.pass(300_000);
  // Each asks each of the others about every three seconds, and whoever is known by several addresses now and then.
  expect(town.requests.length - before).toBeLessThan(800);
});
