/** What the log of a server says of others that come. */
import { expect, test } from 'vitest';
import { everybodyElse, peersOf, SimCluster, type SimServer } from '../support/sim-cluster.ts';

const about = (server: SimServer, nodeId: string): string[] =>
  server.logs.filter((line) => line.includes(nodeId) && !line.includes('does not answer'));

test('a server that joins, is gone and comes back is said to have joined, and to be back', async () => {
  const sim = new SimCluster();
  const [a, b] = await sim.startAll(2);
  if (a === undefined || b === undefined) throw new Error('there are two');
  expect(about(a, 'node-2')).toEqual([`node-2 at ${b.address} has joined`]);
  sim.cutOff(b);
  await sim.pass(60_000);
  expect(a.logs).toContainEqual(expect.stringContaining(`${b.address} does not answer`));
  sim.heal();
  await sim.pass(60_000);
  expect(about(a, 'node-2').at(-1)).toBe(`node-2 at ${b.address} is back`);
});

test('one that starts again under another address is said to have moved', async () => {
  const sim = new SimCluster();
  const [a, b] = await sim.startAll(2);
  if (a === undefined || b === undefined) throw new Error('there are two');
  const moved = b.restart({ host: '10.0.0.99' });
  moved.cluster.addConfiguredPeer(a.address);
  await sim.pass(60_000);
  expect(about(a, 'node-2').at(-1)).toBe(`node-2 has moved from ${b.address} to ${moved.address}`);
});

test('one that was removed is said to be registered again, on every server', async () => {
  const sim = new SimCluster();
  const all = await sim.startAll(3);
  const [a, b, c] = all;
  if (a === undefined || b === undefined || c === undefined) throw new Error('there are three');
  a.cluster.remove(b.address);
  await sim.pass(5000);
  await sim.run(a.cluster.register(b.address));
  await sim.pass(60_000);
  expect(peersOf(all)).toEqual(everybodyElse(all));
  for (const server of [a, c]) {
    expect(about(server, 'node-2')).toContain(`node-2 at ${b.address} has been registered again`);
    expect(about(server, 'node-2').at(-1)).toBe(`node-2 at ${b.address} is back`);
  }
});
