import { describe, expect, test } from 'vitest';
import { encodeRequest } from '../../src/cluster/codec.ts';
import { Keyring } from '../../src/cluster/hmac.ts';
import { KEY, type SimServer, SimCluster, everybodyElse, peersOf } from '../support/sim-cluster.ts';

const requestsTo = (sim: SimCluster, { address }: SimServer): number =>
  sim.requests.filter(({ to }) => to === address).length;

describe('the members', () => {
  test('are bounded, and those that answer are kept', async () => {
    const sim = new SimCluster();
    const [a, b] = [sim.start({ maxPeers: 5 }), sim.start()];
    b.cluster.addConfiguredPeer(a.address);
    await sim.pass(5000);
    for (let number = 0; number < 500; number++) {
      a.cluster.hear(
        new Keyring([KEY]).sign('beacon', '', beaconOf(number)),
        `10.1.${number >> 8}.${number & 255}`,
      );
      if (number % 10 === 0) await sim.pass(1000);
      expect([...a.cluster.members].length).toBeLessThanOrEqual(20);
    }
    await sim.pass(60_000);
    expect(a.peers).toEqual([b.address]);
    expect([...a.cluster.heard].length).toBeLessThanOrEqual(1000);
  });

  test('that are candidates and never answer are dropped', async () => {
    const sim = new SimCluster();
    const a = sim.start();
    a.cluster.hear(new Keyring([KEY]).sign('beacon', '', beaconOf(1)), '10.1.1.1');
    await sim.pass(1);
    expect([...a.cluster.members]).toHaveLength(1);
    await sim.pass(120_000);
    expect([...a.cluster.members]).toEqual([]);
  });

  test('that are configured are never dropped', async () => {
    const sim = new SimCluster();
    const a = sim.start();
    a.cluster.addConfiguredPeer('10.1.1.1:7000');
    await sim.pass(3_600_000);
    expect([...a.cluster.members]).toMatchObject([{ address: '10.1.1.1:7000', state: 'unreachable' }]);
  });

  test('have no more peers among them than there can be', async () => {
    const sim = new SimCluster();
    const a = sim.start({ maxPeers: 3 });
    for (let count = 0; count < 6; count++) sim.start().cluster.addConfiguredPeer(a.address);
    await sim.pass(60_000);
    expect(a.peers).toHaveLength(3);
  });

  test('that are evicted while they are being asked do not become invisible peers', async () => {
    const sim = new SimCluster();
    const [a, b] = [sim.start({ maxPeers: 1 }), sim.start()];
    const hear = (number: number, host: string): void =>
      a.cluster.hear(new Keyring([KEY]).sign('beacon', '', beaconOf(number)), host);
    a.cluster.addConfiguredPeer('10.0.0.9:7000');
    hear(1, b.host);
    await sim.pass(5000);
    expect(a.peers).toEqual([b.address]);
    sim.cutOff(b);
    await sim.pass(100_000);
    Object.assign(sim, { delayMs: 400 });
    sim.heal();
    hear(2, b.host);
    await sim.pass(100);
    for (let number = 20; number < 24; number++) hear(number, `10.2.0.${number}`);
    await sim.pass(5000);
    const isKnown = [...a.cluster.members].some(({ address }) => address === b.address);
    const before = requestsTo(sim, b);
    a.replica.add('likes');
    await sim.pass(2000);
    expect(isKnown || requestsTo(sim, b) === before).toBe(true);
  });
});

const beaconOf = (number: number): string =>
  JSON.stringify({
    'g-counter': 1,
    cluster: 'test',
    id: `ghost-${number}`,
    life: `boot${number}`,
    at: 7000,
    seq: 0,
  });

describe('a hostile peer', () => {
  /** A request by a holder of the key in the name of a server. */
  const saidBy = (
    who: SimServer,
    to: SimServer,
    seq: number,
    body: Parameters<typeof encodeRequest>[0]['body'],
  ): string =>
    new Keyring([KEY]).sign(
      'request',
      '',
      encodeRequest({
        from: { cluster: 'test', id: who.replica.identity.nodeId, bootId: who.bootId, at: 7000, upMs: 1 },
        to: to.bootId,
        seq,
        body,
      }),
    );

  test('with the largest request number does not make the others ask without end', async () => {
    const sim = new SimCluster();
    const [a, b] = await sim.startAll(2);
    if (a === undefined || b === undefined) throw new Error('there are two');
    const forged = saidBy(b, a, Number.MAX_SAFE_INTEGER, { type: 'indirect-ping', address: '10.0.0.9:1' });
    await sim.run(a.cluster.receive(forged, b.host));
    const before = requestsTo(sim, a);
    await sim.pass(10_000);
    expect(requestsTo(sim, a) - before).toBeLessThan(100);
  });

  test('with the last version of a removal does not keep operators from removing', async () => {
    const sim = new SimCluster();
    const all = await sim.startAll(3);
    const [a, b, c] = all;
    if (a === undefined || b === undefined || c === undefined) throw new Error('there are three');
    const removals = new Map([['ghost', { version: 2 ** 47 - 1, removed: true }]]);
    const forged = saidBy(b, a, 10_000, { type: 'gossip', peers: [], removals });
    await sim.run(a.cluster.receive(forged, b.host));
    await sim.pass(5000);
    a.cluster.remove(c.address);
    await sim.pass(30_000);
    const rest = all.slice(0, 2);
    expect(peersOf(rest)).toEqual(everybodyElse(rest));
    expect(rest.map((server) => server.stateOf(c))).toEqual(['removed', 'removed']);
  });
});
