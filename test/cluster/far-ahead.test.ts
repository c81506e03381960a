/** Versions of removals that are ahead of the clock: a wrong clock, or somebody with the key who means harm. */
import { describe, expect, test } from 'vitest';
import { encodeRequest } from '../../src/cluster/codec.ts';
import { Keyring } from '../../src/cluster/hmac.ts';
import type { Removals } from '../../src/cluster/removals.ts';
import { EPOCH_MS, KEY, type SimServer, SimCluster, everybodyElse, peersOf } from '../support/sim-cluster.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

type Three = readonly [SimServer, SimServer, SimServer];

async function three(): Promise<{ sim: SimCluster; all: Three }> {
  const sim = new SimCluster();
  const [a, b, c] = await sim.startAll(3);
  if (a === undefined || b === undefined || c === undefined) throw new Error('there are three');
  return { sim, all: [a, b, c] };
}

/** Has somebody with the key tell all but the last of them, in the name of the second. */
async function forge(sim: SimCluster, [a, b, c]: Three, removals: Removals): Promise<void> {
  for (const [seq, to] of [a, b].entries()) {
    const request = {
      from: { cluster: 'test', id: 'node-2', bootId: b.bootId, at: 7000, upMs: 1 },
      to: to.bootId,
      seq: 10_000 + seq,
      body: { type: 'gossip', peers: [], removals } as const,
    };
    await sim.run(to.cluster.receive(new Keyring([KEY]).sign('request', '', encodeRequest(request)), c.host));
  }
}

const about = (nodeId: string, version: number, removed: boolean): Removals =>
  new Map([[nodeId, { version, removed }]]);

describe('a version far ahead of the clock', () => {
  const versions = [2 ** 47 - 1, Number.MAX_SAFE_INTEGER, EPOCH_MS + YEAR_MS, EPOCH_MS + 2 * HOUR_MS];

  test.each(versions)('%i removes nobody, and that is said once', async (version) => {
    const { sim, all } = await three();
    await forge(sim, all, about('node-3', version, true));
    await sim.pass(60_000);
    expect(peersOf(all)).toEqual(everybodyElse(all));
    const said = all[0].logs.filter((line) => line.includes("the removal of 'node-3'"));
    expect(said).toEqual([expect.stringMatching(/ is ignored: it is dated \d+ h ahead of the clock here/)]);
    await forge(sim, all, about('node-3', version, true));
    expect(all[0].logs.filter((line) => line.includes("the removal of 'node-3'"))).toEqual(said);
  });

  test.each(versions)('%i keeps no operator from removing a node for good', async (version) => {
    const { sim, all } = await three();
    await forge(sim, all, about('node-3', version, false));
    expect(all[0].logs.at(-1)).toContain("the registration of 'node-3'");
    all[0].cluster.remove(all[2].address);
    await sim.pass(60_000);
    expect(peersOf(all.slice(0, 2))).toEqual(everybodyElse(all.slice(0, 2)));
  });

  test('is not taken from the answer to a ping either', async () => {
    const { sim, all } = await three();
    const [a, b] = all;
    // Nothing is wrong with a server whose clock is a year ahead but its clock.
    const ahead = all[2].restart({ aheadMs: YEAR_MS });
    await sim.pass(30_000);
    ahead.cluster.remove(b.address);
    await sim.pass(60_000);
    expect(a.peers).toContain(b.address);
    expect(a.logs).toContainEqual(expect.stringContaining(`the removal of 'node-2' that ${ahead.address}`));
    expect(ahead.peers).toEqual([a.address]);
  });
});

test('a removal within the hour is taken, and an operator can register the node at once', async () => {
  const { sim, all } = await three();
  const [a, , c] = all;
  await forge(sim, all, about('node-3', EPOCH_MS + HOUR_MS - 1000, true));
  await sim.pass(100);
  expect(a.peers).not.toContain(c.address);
  expect(await sim.run(a.cluster.register(c.address))).toMatchObject({ state: 'alive' });
  await sim.pass(60_000);
  expect(peersOf(all)).toEqual(everybodyElse(all));
});

describe('what a server remembers from before its clock was put right', () => {
  const remembered = (removed: boolean) => ({
    peers: ['10.0.0.2:7000'],
    removals: about('node-2', 2 ** 47 - 1, removed),
  });

  test('holds, and can be overruled', async () => {
    const sim = new SimCluster();
    const [a, b] = [sim.start({ remembered: remembered(true) }), sim.start()];
    await sim.pass(30_000);
    expect(peersOf([a, b])).toEqual([[], []]);
    await sim.run(a.cluster.register(b.address));
    await sim.pass(30_000);
    expect(peersOf([a, b])).toEqual(everybodyElse([a, b]));
    expect(a.remembered.removals.get('node-2')?.version).toBeLessThan(EPOCH_MS + HOUR_MS);
  });

  test('can be overruled in the other direction', async () => {
    const sim = new SimCluster();
    const [a, b, c] = [sim.start({ remembered: remembered(false) }), sim.start(), sim.start()];
    c.cluster.addConfiguredPeer(a.address);
    await sim.pass(30_000);
    expect(peersOf([a, b, c])).toEqual(everybodyElse([a, b, c]));
    a.cluster.remove(b.address);
    await sim.pass(30_000);
    expect(peersOf([a, c])).toEqual(everybodyElse([a, c]));
  });
});
