/**
 * A server whose address fails while it is, or turns up, at another. Peers find out with the probe that fails, and with
 * the next one they have it back: a probe comes after 3.75 s at most, and what refuses a connection does so at once.
 */
import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/cluster/address.ts';
import { type SimServer, SimCluster } from '../support/sim-cluster.ts';

const SEEDS = [1, 2, 3, 4, 5];
const WITHIN_MS = 5000;
const NOTHING = { peers: [], removals: new Map() };

async function three(seed: number, beacons: boolean) {
  const sim = new SimCluster(seed);
  const [a, b, c] = await sim.startAll(3, { beacons });
  if (a === undefined || b === undefined || c === undefined) throw new Error('there are three');
  return { sim, a, b, c };
}

/** Whether one has another process for a peer at an address. */
const hasAt = (one: SimServer, address: Address, { bootId }: SimServer): boolean =>
  [...one.cluster.members].some(
    (member) => member.address === address && member.who?.bootId === bootId && member.state === 'alive',
  );

/** How long it takes until something is true, in virtual milliseconds. */
async function msUntil(sim: SimCluster, isTrue: () => boolean): Promise<number> {
  let ms = 0;
  for (; !isTrue() && ms < 60_000; ms += 10) await sim.pass(10);
  return ms;
}

describe.each(SEEDS)('with seed %i', (seed) => {
  test('a server that answers at a second address is a peer there soon after the first fails', async () => {
    const { sim, a, c } = await three(seed, true);
    const second = '10.0.0.33:7000';
    sim.servers.set(second, c);
    const beacon = sim.beacons.findLast(({ host }) => host === c.host);
    a.cluster.hear(beacon?.text ?? '', '10.0.0.33');
    await sim.pass(seed * 3000);
    expect(a.stateOf({ address: second })).toBe('alias');
    sim.servers.delete(c.address);
    expect(await msUntil(sim, () => hasAt(a, second, c))).toBeLessThan(WITHIN_MS);
  });

  test('a server whose address another has taken is a peer at its second address soon after', async () => {
    const { sim, a, c } = await three(seed, true);
    const second = '10.0.0.33:7000';
    sim.servers.set(second, c);
    a.cluster.hear(sim.beacons.findLast(({ host }) => host === c.host)?.text ?? '', '10.0.0.33');
    await sim.pass(seed * 3000);
    const other = sim.start({ beacons: true, nodeId: 'node-4', host: '10.0.0.44' });
    sim.servers.set(c.address, other);
    expect(await msUntil(sim, () => hasAt(a, second, c))).toBeLessThan(WITHIN_MS);
  });

  test.each([10, 500, 3000])(
    'one that starts elsewhere %i ms before its earlier process ends is a peer there soon after',
    async (overlapMs) => {
      const { sim, a, c } = await three(seed, true);
      const { replica, remembered } = c;
      const moved = sim.start({ beacons: true, nodeId: 'node-3', host: '10.0.0.77', replica, remembered });
      await sim.pass(overlapMs);
      expect(a.stateOf(moved)).toBe('duplicate');
      c.die();
      expect(await msUntil(sim, () => hasAt(a, moved.address, moved))).toBeLessThan(WITHIN_MS);
    },
  );

  test.each([true, false])('two that change places are peers there soon (beacons: %s)', async (beacons) => {
    const { sim, a, b, c } = await three(seed, beacons);
    b.die();
    c.die();
    sim.servers.delete(b.address);
    sim.servers.delete(c.address);
    const setup = { nodeId: 'node-2', beacons, remembered: NOTHING };
    const atC = sim.start({ ...setup, host: c.host, replica: b.replica });
    const atB = sim.start({ ...setup, nodeId: 'node-3', host: b.host, replica: c.replica });
    const areBack = (): boolean => hasAt(a, atC.address, atC) && hasAt(a, atB.address, atB);
    expect(await msUntil(sim, areBack)).toBeLessThan(WITHIN_MS);
  });

  test('one whose earlier address swallows what is sent there is a peer at the new one', async () => {
    const { sim, a, c } = await three(seed, true);
    sim.cutOff(c);
    await sim.pass(seed * 500);
    const { replica, remembered } = c;
    const moved = sim.start({ beacons: true, nodeId: 'node-3', host: '10.0.0.77', replica, remembered });
    expect(await msUntil(sim, () => hasAt(a, moved.address, moved))).toBeLessThan(WITHIN_MS);
  });
});

test('an address behind which two servers with one node id take turns is not asked without a pause', async () => {
  const { sim, a, b, c } = await three(1, false);
  const address = '10.0.0.50:7000';
  const twin = sim.start({ nodeId: 'node-3', host: '10.0.0.60', replica: c.replica });
  a.cluster.addConfiguredPeer(address);
  for (let turn = 0; turn < 600; turn++) {
    sim.servers.set(address, turn % 2 === 0 ? twin : c);
    sim.servers.set(c.address, turn % 2 === 0 ? c : twin);
    await sim.pass(97);
  }
  const asked = sim.requests.filter(({ from, to }) => from === a.host && to !== b.address);
  expect(asked.length).toBeLessThan(600);
});
