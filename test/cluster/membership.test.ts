import { describe, expect, test } from 'vitest';
import { type SimServer, SimCluster, everybodyElse, peersOf } from '../support/sim-cluster.ts';

/** As many servers as that, by position. */
async function clusterOf(count: number, seed = 1): Promise<{ sim: SimCluster; all: SimServer[]; one: One }> {
  const sim = new SimCluster(seed);
  const all = await sim.startAll(count);
  return {
    sim,
    all,
    one: (index) => {
      const server = all[index];
      if (server === undefined) throw new Error(`there is no server ${index}`);
      return server;
    },
  };
}
type One = (index: number) => SimServer;

const requestsTo = (sim: SimCluster, { address }: SimServer): number =>
  sim.requests.filter(({ to }) => to === address).length;

describe('a peer that falls silent', () => {
  test('is suspect, then unreachable, and leaves the peers within ten seconds', async () => {
    const { sim, all, one } = await clusterOf(3);
    one(2).die();
    const seen = new Set<string | undefined>();
    for (let ms = 0; ms < 10_000; ms += 50) {
      await sim.pass(50);
      seen.add(one(0).stateOf(one(2)));
    }
    expect([...seen]).toEqual(['alive', 'unreachable']);
    expect(peersOf(all.slice(0, 2))).toEqual(everybodyElse(all.slice(0, 2)));
    expect(one(0).logs.join()).toContain('does not answer');
  });

  test('is suspect while others are asked', async () => {
    const { sim, one } = await clusterOf(3);
    sim.cutOff(one(2));
    const seen = new Set<string | undefined>();
    for (let ms = 0; ms < 15_000; ms += 50) {
      await sim.pass(50);
      seen.add(one(0).stateOf(one(2)));
    }
    expect([...seen]).toEqual(['alive', 'suspect', 'unreachable']);
    expect(one(0).peers).toEqual([one(1).address]);
    expect(one(2).peers).toEqual([]);
  });

  test('stays a peer while others reach it, even for long', async () => {
    const { sim, all, one } = await clusterOf(4);
    sim.cut(one(0), one(3));
    for (let seconds = 0; seconds < 120; seconds++) {
      await sim.pass(1000);
      expect(peersOf(all)).toEqual(everybodyElse(all));
    }
  });

  test('stays a peer while others reach it, whichever direction is cut', async () => {
    const { sim, all, one } = await clusterOf(4);
    sim.cut(one(3), one(0));
    await sim.pass(120_000);
    expect(peersOf(all)).toEqual(everybodyElse(all));
  });

  test('is tried now and then, not all the time', async () => {
    const { sim, one } = await clusterOf(2);
    one(1).die();
    await sim.pass(60_000);
    const before = requestsTo(sim, one(1));
    await sim.pass(600_000);
    expect(requestsTo(sim, one(1)) - before).toBeGreaterThan(15);
    expect(requestsTo(sim, one(1)) - before).toBeLessThan(50);
  });

  test('comes back by itself when it is heard again', async () => {
    const { sim, all, one } = await clusterOf(3);
    sim.cutOff(one(2));
    await sim.pass(300_000);
    sim.heal();
    await sim.pass(40_000);
    expect(peersOf(all)).toEqual(everybodyElse(all));
  });
});

describe('a server that restarts', () => {
  test('at the same address is a peer again within seconds, and what it counts arrives', async () => {
    const { sim, one } = await clusterOf(3);
    const again = one(2).restart();
    await sim.pass(8000);
    again.replica.add('likes', 5);
    await sim.pass(1000);
    expect(peersOf([one(0), one(1), again])).toEqual(everybodyElse([one(0), one(1), again]));
    expect([one(0).replica.value('likes'), one(1).replica.value('likes')]).toEqual([5, 5]);
    expect([one(0), one(1), again].flatMap(({ duplicates }) => duplicates)).toEqual([]);
  });

  test('at another address replaces the earlier one', async () => {
    const { sim, one } = await clusterOf(3);
    const moved = one(2).restart({ host: '10.0.0.77' });
    await sim.pass(30_000);
    expect(peersOf([one(0), one(1), moved])).toEqual(everybodyElse([one(0), one(1), moved]));
    expect(moved.duplicates).toEqual([]);
  });

  test('with another node id at the same address is a peer by that', async () => {
    const { sim, one } = await clusterOf(2);
    const other = one(1).restart({ nodeId: 'node-7' });
    await sim.pass(30_000);
    expect(one(0).peers).toEqual([other.address]);
  });
});

describe('a node id that two have', () => {
  test('is that of the older one: the younger is told, the older never is', async () => {
    const { sim, all, one } = await clusterOf(3);
    const younger = sim.start({ nodeId: 'node-2', host: '10.0.0.9' });
    younger.cluster.addConfiguredPeer(one(0).address);
    await sim.pass(60_000);
    expect(younger.duplicates.length).toBeGreaterThan(0);
    expect(all.flatMap(({ duplicates }) => duplicates)).toEqual([]);
    expect(peersOf(all)).toEqual(everybodyElse(all));
  });

  test('is that of the older one, also where the younger came first', async () => {
    const { sim, all, one } = await clusterOf(3);
    for (const other of [one(0), one(2)]) {
      sim.cut(one(1), other);
      sim.cut(other, one(1));
    }
    await sim.pass(30_000);
    const younger = sim.start({ nodeId: 'node-2', host: '10.0.0.9' });
    younger.cluster.addConfiguredPeer(one(0).address);
    await sim.pass(30_000);
    expect(one(0).peers).toContain(younger.address);
    sim.heal();
    await sim.pass(90_000);
    expect(younger.duplicates.length).toBeGreaterThan(0);
    expect(one(1).duplicates).toEqual([]);
    expect(peersOf(all)).toEqual(everybodyElse(all));
  });

  test('is told to one of two that began at the same time', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const sim = new SimCluster(seed);
      const [a, b] = [sim.start({ nodeId: 'node-1' }), sim.start({ nodeId: 'node-1' })];
      a.cluster.addConfiguredPeer(b.address);
      b.cluster.addConfiguredPeer(a.address);
      await sim.pass(10_000);
      const told = [a, b].filter(({ duplicates }) => duplicates.length > 0);
      expect(told).toHaveLength(1);
    }
  });

  test('of the younger is told soon', async () => {
    const { sim, one } = await clusterOf(3);
    const younger = sim.start({ nodeId: 'node-2', host: '10.0.0.9' });
    younger.cluster.addConfiguredPeer(one(1).address);
    await sim.pass(1000);
    expect(younger.duplicates).toEqual([one(1).address]);
  });
});

describe('a node that an operator removes', () => {
  test('is removed everywhere at once', async () => {
    const { sim, all, one } = await clusterOf(4);
    expect(one(0).cluster.remove(one(3).address)).toBe('node-4');
    await sim.pass(100);
    const rest = all.slice(0, 3);
    expect(peersOf(rest)).toEqual(everybodyElse(rest));
    await sim.pass(20_000);
    expect(one(3).peers).toEqual([]);
  });

  test('stays removed, whatever beacons it sends and whatever gossip names it', async () => {
    const { sim, all, one } = await clusterOf(3);
    one(0).cluster.remove(one(2).address);
    await sim.pass(1000);
    const again = one(2).restart({ beacons: true });
    again.cluster.addConfiguredPeer(one(0).address);
    const newcomer = sim.start({ nodeId: 'node-8', host: '10.0.0.8' });
    newcomer.cluster.addConfiguredPeer(one(1).address);
    newcomer.cluster.addConfiguredPeer(again.address);
    again.replica.add('likes', 5);
    await sim.pass(300_000);
    const rest = [...all.slice(0, 2), newcomer];
    expect(peersOf(rest)).toEqual(everybodyElse(rest));
    expect(rest.map(({ replica }) => replica.value('likes'))).toEqual([0, 0, 0]);
    expect(again.duplicates).toEqual([]);
  });

  test('stays removed where a server was away when it was decided', async () => {
    const { sim, one } = await clusterOf(4);
    sim.cutOff(one(1));
    await sim.pass(30_000);
    one(0).cluster.remove(one(3).address);
    await sim.pass(30_000);
    sim.heal();
    await sim.pass(60_000);
    const rest = [one(0), one(1), one(2)];
    expect(peersOf(rest)).toEqual(everybodyElse(rest));
  });

  test('stays removed over a restart of all', async () => {
    const { sim, one } = await clusterOf(3);
    one(0).cluster.remove(one(2).address);
    await sim.pass(1000);
    const rest = [one(0), one(1)].map((server) => server.restart());
    one(2).cluster.addConfiguredPeer('10.0.0.1:7000');
    await sim.pass(60_000);
    expect(peersOf(rest)).toEqual(everybodyElse(rest));
  });

  test('stays removed where the clock is set back by a year', async () => {
    const { sim, one } = await clusterOf(3);
    one(0).cluster.remove(one(2).address);
    await sim.pass(1000);
    const back = one(0).restart({ aheadMs: -365 * 24 * 3_600_000 });
    await sim.pass(60_000);
    expect(back.peers).toEqual([one(1).address]);
  });

  test('is back everywhere when an operator registers it', async () => {
    const { sim, all, one } = await clusterOf(4);
    one(0).cluster.remove(one(3).address);
    await sim.pass(60_000);
    const member = await sim.run(one(1).cluster.register(one(3).address));
    expect(member?.state).toBe('alive');
    await sim.pass(40_000);
    expect(peersOf(all)).toEqual(everybodyElse(all));
  });

  test('is taken in again with what it has counted meanwhile', async () => {
    const { sim, all, one } = await clusterOf(3);
    one(0).cluster.remove(one(2).address);
    await sim.pass(20_000);
    one(2).replica.add('likes', 5);
    one(0).replica.add('likes', 2);
    await sim.run(one(1).cluster.register(one(2).address));
    await sim.pass(60_000);
    expect(all.map(({ replica }) => replica.value('likes'))).toEqual([7, 7, 7]);
  });

  test('and is registered while it is away is back when it comes', async () => {
    const { sim, one } = await clusterOf(3);
    one(0).cluster.remove(one(2).address);
    await sim.pass(1000);
    one(2).die();
    await sim.run(one(0).cluster.register(one(2).address));
    await sim.pass(1000);
    const again = one(2).restart();
    await sim.pass(90_000);
    expect(one(0).peers).toContain(again.address);
  });

  test('learns that it has been removed, and goes on counting alone', async () => {
    const { sim, one } = await clusterOf(3);
    one(0).cluster.remove(one(2).address);
    await sim.pass(20_000);
    expect(one(2).stateOf(one(0))).toBe('excluded');
    one(2).replica.add('likes');
    await sim.pass(60_000);
    expect([0, 1, 2].map((index) => one(index).replica.value('likes'))).toEqual([0, 0, 1]);
  });

  test('is undefined if the address is unknown', async () => {
    const { one } = await clusterOf(2);
    expect(one(0).cluster.remove('10.0.0.99:7000')).toBeUndefined();
  });
});

describe('to register', () => {
  test('a server makes it a peer', async () => {
    const sim = new SimCluster();
    const [a, b] = [sim.start(), sim.start()];
    expect(await sim.run(a.cluster.register(b.address))).toMatchObject({ state: 'alive' });
    await sim.pass(1000);
    expect(peersOf([a, b])).toEqual(everybodyElse([a, b]));
  });

  test('one that is not there yet makes it a peer when it is', async () => {
    const sim = new SimCluster();
    const a = sim.start();
    expect(await sim.run(a.cluster.register('10.0.0.2:7000'))).toMatchObject({ state: 'unreachable' });
    await sim.pass(600_000);
    const b = sim.start({ host: '10.0.0.2' });
    await sim.pass(31_000);
    expect(peersOf([a, b])).toEqual(everybodyElse([a, b]));
  });

  test('itself, or a stranger, says so', async () => {
    const sim = new SimCluster();
    const [a, b] = [sim.start(), sim.start({ cluster: 'village' })];
    expect(await sim.run(a.cluster.register(a.address))).toMatchObject({ state: 'self' });
    expect(await sim.run(a.cluster.register(b.address))).toMatchObject({ state: 'stranger' });
  });
});
