import { describe, expect, test } from 'vitest';
import { MAX_VERSION } from '../../src/cluster/removals.ts';
import { encodeRequest } from '../../src/cluster/codec.ts';
import { Keyring } from '../../src/cluster/hmac.ts';
import { KEY, type Resident, Town, everybodyElse, peersOf } from '../support/sim-cluster.ts';

const requestsTo = (town: Town, { address }: Resident): number =>
  town.requests.filter(({ to }) => to === address).length;

describe('the members', () => {
  test('are bounded, and those that answer are kept', async () => {
    const town = new Town();
    const [a, b] = [town.settle({ maxPeers: 5 }), town.settle()];
    b.cluster.addConfiguredPeer(a.address);
    await town.pass(5000);
    for (let number = 0; number < 500; number++) {
      a.cluster.hear(
        new Keyring([KEY]).sign('beacon', '', beaconOf(number)),
        `10.1.${number >> 8}.${number & 255}`,
      );
      if (number % 10 === 0) await town.pass(1000);
      expect([...a.cluster.members].length).toBeLessThanOrEqual(20);
    }
    await town.pass(60_000);
    expect(a.peers).toEqual([b.address]);
    expect([...a.cluster.heard].length).toBeLessThanOrEqual(1000);
  });

  test('that were only hinted at and never answer are forgotten', async () => {
    const town = new Town();
    const a = town.settle();
    a.cluster.hear(new Keyring([KEY]).sign('beacon', '', beaconOf(1)), '10.1.1.1');
    await town.pass(1);
    expect([...a.cluster.members]).toHaveLength(1);
    await town.pass(120_000);
    expect([...a.cluster.members]).toEqual([]);
  });

  test('that an operator has named are never forgotten', async () => {
    const town = new Town();
    const a = town.settle();
    a.cluster.addConfiguredPeer('10.1.1.1:7000');
    await town.pass(3_600_000);
    expect([...a.cluster.members]).toMatchObject([{ address: '10.1.1.1:7000', state: 'unreachable' }]);
  });

  test('have no more peers among them than there can be', async () => {
    const town = new Town();
    const a = town.settle({ maxPeers: 3 });
    for (let count = 0; count < 6; count++) town.settle().cluster.addConfiguredPeer(a.address);
    await town.pass(60_000);
    expect(a.peers).toHaveLength(3);
  });

  test('that make room while they are being asked do not become peers that nobody sees', async () => {
    const town = new Town();
    const [a, b] = [town.settle({ maxPeers: 1 }), town.settle()];
    const hear = (number: number, host: string): void =>
      a.cluster.hear(new Keyring([KEY]).sign('beacon', '', beaconOf(number)), host);
    a.cluster.addConfiguredPeer('10.0.0.9:7000');
    hear(1, b.host);
    await town.pass(5000);
    expect(a.peers).toEqual([b.address]);
    town.cutOff(b);
    await town.pass(100_000);
    Object.assign(town, { delayMs: 400 });
    town.heal();
    hear(2, b.host);
    await town.pass(100);
    for (let number = 20; number < 24; number++) hear(number, `10.2.0.${number}`);
    await town.pass(5000);
    const isKnown = [...a.cluster.members].some(({ address }) => address === b.address);
    const before = requestsTo(town, b);
    a.replica.add('likes');
    await town.pass(2000);
    expect(isKnown || requestsTo(town, b) === before).toBe(true);
  });
});

const beaconOf = (number: number): string =>
  JSON.stringify({
    'g-counter': 1,
    cluster: 'town',
    id: `ghost-${number}`,
    life: `boot${number}`,
    at: 7000,
    seq: 0,
  });

describe('a peer that says what it should not', () => {
  /** What somebody with the key says in the name of a resident. */
  const saidBy = (
    who: Resident,
    to: Resident,
    seq: number,
    body: Parameters<typeof encodeRequest>[0]['body'],
  ): string =>
    new Keyring([KEY]).sign(
      'request',
      '',
      encodeRequest({
        from: { cluster: 'town', id: who.replica.identity.nodeId, bootId: who.bootId, at: 7000, upMs: 1 },
        to: to.bootId,
        seq,
        body,
      }),
    );

  test('of the largest number there is does not have the others ask without end', async () => {
    const town = new Town();
    const [a, b] = await town.settleAll(2);
    if (a === undefined || b === undefined) throw new Error('there are two');
    const forged = saidBy(b, a, Number.MAX_SAFE_INTEGER, { type: 'indirect-ping', address: '10.0.0.9:1' });
    await town.run(a.cluster.receive(forged, b.host));
    const before = requestsTo(town, a);
    await town.pass(10_000);
    expect(requestsTo(town, a) - before).toBeLessThan(100);
  });

  test('of the last removal there is keeps nobody from deciding', async () => {
    const town = new Town();
    const all = await town.settleAll(3);
    const [a, b, c] = all;
    if (a === undefined || b === undefined || c === undefined) throw new Error('there are three');
    const removals = new Map([['ghost', { version: MAX_VERSION - 1, removed: true }]]);
    const forged = saidBy(b, a, 10_000, { type: 'gossip', peers: [], removals });
    await town.run(a.cluster.receive(forged, b.host));
    await town.pass(5000);
    a.cluster.remove(c.address);
    await town.pass(30_000);
    const rest = all.slice(0, 2);
    expect(peersOf(rest)).toEqual(everybodyElse(rest));
    expect(rest.map((resident) => resident.stateOf(c))).toEqual(['removed', 'removed']);
  });
});
