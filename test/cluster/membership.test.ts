import { describe, expect, test } from 'vitest';
import { type Resident, Town, everybodyElse, peersOf } from '../support/sim-cluster.ts';

/** As many residents as that, by position. */
async function townOf(count: number, seed = 1): Promise<{ town: Town; all: Resident[]; one: One }> {
  const town = new Town(seed);
  const all = await town.settleAll(count);
  return {
    town,
    all,
    one: (index) => {
      const resident = all[index];
      if (resident === undefined) throw new Error(`there is no resident ${index}`);
      return resident;
    },
  };
}
type One = (index: number) => Resident;

const requestsTo = (town: Town, { address }: Resident): number =>
  town.requests.filter(({ to }) => to === address).length;

describe('a peer that falls silent', () => {
  test('is suspect, then unreachable, and leaves the peers within ten seconds', async () => {
    const { town, all, one } = await townOf(3);
    one(2).die();
    const seen = new Set<string | undefined>();
    for (let ms = 0; ms < 10_000; ms += 50) {
      await town.pass(50);
      seen.add(one(0).stateOf(one(2)));
    }
    expect([...seen]).toEqual(['alive', 'unreachable']);
    expect(peersOf(all.slice(0, 2))).toEqual(everybodyElse(all.slice(0, 2)));
    expect(one(0).logs.join()).toContain('does not answer');
  });

  test('is suspect while others are asked', async () => {
    const { town, one } = await townOf(3);
    town.cutOff(one(2));
    const seen = new Set<string | undefined>();
    for (let ms = 0; ms < 15_000; ms += 50) {
      await town.pass(50);
      seen.add(one(0).stateOf(one(2)));
    }
    expect([...seen]).toEqual(['alive', 'suspect', 'unreachable']);
    expect(one(0).peers).toEqual([one(1).address]);
    expect(one(2).peers).toEqual([]);
  });

  test('stays where others reach it, even for long', async () => {
    const { town, all, one } = await townOf(4);
    town.cut(one(0), one(3));
    for (let seconds = 0; seconds < 120; seconds++) {
      await town.pass(1000);
      expect(peersOf(all)).toEqual(everybodyElse(all));
    }
  });

  test('stays where others reach it, whichever way the cut goes', async () => {
    const { town, all, one } = await townOf(4);
    town.cut(one(3), one(0));
    await town.pass(120_000);
    expect(peersOf(all)).toEqual(everybodyElse(all));
  });

  test('is tried now and then, not all the time', async () => {
    const { town, one } = await townOf(2);
    one(1).die();
    await town.pass(60_000);
    const before = requestsTo(town, one(1));
    await town.pass(600_000);
    expect(requestsTo(town, one(1)) - before).toBeGreaterThan(15);
    expect(requestsTo(town, one(1)) - before).toBeLessThan(50);
  });

  test('comes back by itself when it is heard again', async () => {
    const { town, all, one } = await townOf(3);
    town.cutOff(one(2));
    await town.pass(300_000);
    town.heal();
    await town.pass(40_000);
    expect(peersOf(all)).toEqual(everybodyElse(all));
  });
});

describe('a server that begins another boot id', () => {
  test('at the same address is a peer again within seconds, and what it counts arrives', async () => {
    const { town, one } = await townOf(3);
    const again = one(2).restart();
    await town.pass(8000);
    again.replica.add('likes', 5);
    await town.pass(1000);
    expect(peersOf([one(0), one(1), again])).toEqual(everybodyElse([one(0), one(1), again]));
    expect([one(0).replica.value('likes'), one(1).replica.value('likes')]).toEqual([5, 5]);
    expect([one(0), one(1), again].flatMap(({ duplicates }) => duplicates)).toEqual([]);
  });

  test('at another address takes the place of the one before', async () => {
    const { town, one } = await townOf(3);
    const moved = one(2).restart({ host: '10.0.0.77' });
    await town.pass(30_000);
    expect(peersOf([one(0), one(1), moved])).toEqual(everybodyElse([one(0), one(1), moved]));
    expect(moved.duplicates).toEqual([]);
  });

  test('with another node id at the same address is a peer by that', async () => {
    const { town, one } = await townOf(2);
    const other = one(1).restart({ nodeId: 'node-7' });
    await town.pass(30_000);
    expect(one(0).peers).toEqual([other.address]);
  });
});

describe('a node id that two have', () => {
  test('is that of the older one: the younger is told, the older never is', async () => {
    const { town, all, one } = await townOf(3);
    const younger = town.settle({ nodeId: 'node-2', host: '10.0.0.9' });
    younger.cluster.addConfiguredPeer(one(0).address);
    await town.pass(60_000);
    expect(younger.duplicates.length).toBeGreaterThan(0);
    expect(all.flatMap(({ duplicates }) => duplicates)).toEqual([]);
    expect(peersOf(all)).toEqual(everybodyElse(all));
  });

  test('is that of the older one, also where the younger came first', async () => {
    const { town, all, one } = await townOf(3);
    for (const other of [one(0), one(2)]) {
      town.cut(one(1), other);
      town.cut(other, one(1));
    }
    await town.pass(30_000);
    const younger = town.settle({ nodeId: 'node-2', host: '10.0.0.9' });
    younger.cluster.addConfiguredPeer(one(0).address);
    await town.pass(30_000);
    expect(one(0).peers).toContain(younger.address);
    town.heal();
    await town.pass(90_000);
    expect(younger.duplicates.length).toBeGreaterThan(0);
    expect(one(1).duplicates).toEqual([]);
    expect(peersOf(all)).toEqual(everybodyElse(all));
  });

  test('is told to one of two that began at the same time', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const town = new Town(seed);
      const [a, b] = [town.settle({ nodeId: 'node-1' }), town.settle({ nodeId: 'node-1' })];
      a.cluster.addConfiguredPeer(b.address);
      b.cluster.addConfiguredPeer(a.address);
      await town.pass(10_000);
      const told = [a, b].filter(({ duplicates }) => duplicates.length > 0);
      expect(told).toHaveLength(1);
    }
  });

  test('of the younger is told soon', async () => {
    const { town, one } = await townOf(3);
    const younger = town.settle({ nodeId: 'node-2', host: '10.0.0.9' });
    younger.cluster.addConfiguredPeer(one(1).address);
    await town.pass(1000);
    expect(younger.duplicates).toEqual([one(1).address]);
  });
});

describe('a node that somebody removes', () => {
  test('is removed everywhere at once', async () => {
    const { town, all, one } = await townOf(4);
    expect(one(0).cluster.remove(one(3).address)).toBe('node-4');
    await town.pass(100);
    const rest = all.slice(0, 3);
    expect(peersOf(rest)).toEqual(everybodyElse(rest));
    await town.pass(20_000);
    expect(one(3).peers).toEqual([]);
  });

  test('stays removed, whatever it calls out and whoever tells of it', async () => {
    const { town, all, one } = await townOf(3);
    one(0).cluster.remove(one(2).address);
    await town.pass(1000);
    const again = one(2).restart({ beacons: true });
    again.cluster.addConfiguredPeer(one(0).address);
    const newcomer = town.settle({ nodeId: 'node-8', host: '10.0.0.8' });
    newcomer.cluster.addConfiguredPeer(one(1).address);
    newcomer.cluster.addConfiguredPeer(again.address);
    again.replica.add('likes', 5);
    await town.pass(300_000);
    const rest = [...all.slice(0, 2), newcomer];
    expect(peersOf(rest)).toEqual(everybodyElse(rest));
    expect(rest.map(({ replica }) => replica.value('likes'))).toEqual([0, 0, 0]);
    expect(again.duplicates).toEqual([]);
  });

  test('stays removed where a server was away when it was decided', async () => {
    const { town, one } = await townOf(4);
    town.cutOff(one(1));
    await town.pass(30_000);
    one(0).cluster.remove(one(3).address);
    await town.pass(30_000);
    town.heal();
    await town.pass(60_000);
    const rest = [one(0), one(1), one(2)];
    expect(peersOf(rest)).toEqual(everybodyElse(rest));
  });

  test('stays removed over a restart of all', async () => {
    const { town, one } = await townOf(3);
    one(0).cluster.remove(one(2).address);
    await town.pass(1000);
    const rest = [one(0), one(1)].map((resident) => resident.restart());
    one(2).cluster.addConfiguredPeer('10.0.0.1:7000');
    await town.pass(60_000);
    expect(peersOf(rest)).toEqual(everybodyElse(rest));
  });

  test('stays removed where the clock is set back by a year', async () => {
    const { town, one } = await townOf(3);
    one(0).cluster.remove(one(2).address);
    await town.pass(1000);
    const back = one(0).restart({ aheadMs: -365 * 24 * 3_600_000 });
    await town.pass(60_000);
    expect(back.peers).toEqual([one(1).address]);
  });

  test('is back everywhere when somebody registers it', async () => {
    const { town, all, one } = await townOf(4);
    one(0).cluster.remove(one(3).address);
    await town.pass(60_000);
    const member = await town.run(one(1).cluster.register(one(3).address));
    expect(member?.state).toBe('alive');
    await town.pass(40_000);
    expect(peersOf(all)).toEqual(everybodyElse(all));
  });

  test('is taken in again with what it has counted meanwhile', async () => {
    const { town, all, one } = await townOf(3);
    one(0).cluster.remove(one(2).address);
    await town.pass(20_000);
    one(2).replica.add('likes', 5);
    one(0).replica.add('likes', 2);
    await town.run(one(1).cluster.register(one(2).address));
    await town.pass(60_000);
    expect(all.map(({ replica }) => replica.value('likes'))).toEqual([7, 7, 7]);
  });

  test('and is registered while it is away is back when it comes', async () => {
    const { town, one } = await townOf(3);
    one(0).cluster.remove(one(2).address);
    await town.pass(1000);
    one(2).die();
    await town.run(one(0).cluster.register(one(2).address));
    await town.pass(1000);
    const again = one(2).restart();
    await town.pass(90_000);
    expect(one(0).peers).toContain(again.address);
  });

  test('knows that it is none any more, and goes on counting alone', async () => {
    const { town, one } = await townOf(3);
    one(0).cluster.remove(one(2).address);
    await town.pass(20_000);
    expect(one(2).stateOf(one(0))).toBe('excluded');
    one(2).replica.add('likes');
    await town.pass(60_000);
    expect([0, 1, 2].map((index) => one(index).replica.value('likes'))).toEqual([0, 0, 1]);
  });

  test('is nobody where nobody is known by the address', async () => {
    const { one } = await townOf(2);
    expect(one(0).cluster.remove('10.0.0.99:7000')).toBeUndefined();
  });
});

describe('to register', () => {
  test('a server makes it a peer', async () => {
    const town = new Town();
    const [a, b] = [town.settle(), town.settle()];
    expect(await town.run(a.cluster.register(b.address))).toMatchObject({ state: 'alive' });
    await town.pass(1000);
    expect(peersOf([a, b])).toEqual(everybodyElse([a, b]));
  });

  test('one that is not there yet makes it a peer when it is', async () => {
    const town = new Town();
    const a = town.settle();
    expect(await town.run(a.cluster.register('10.0.0.2:7000'))).toMatchObject({ state: 'unreachable' });
    await town.pass(600_000);
    const b = town.settle({ host: '10.0.0.2' });
    await town.pass(31_000);
    expect(peersOf([a, b])).toEqual(everybodyElse([a, b]));
  });

  test('itself, or a stranger, says so', async () => {
    const town = new Town();
    const [a, b] = [town.settle(), town.settle({ cluster: 'village' })];
    expect(await town.run(a.cluster.register(a.address))).toMatchObject({ state: 'self' });
    expect(await town.run(a.cluster.register(b.address))).toMatchObject({ state: 'stranger' });
  });
});
