import { describe, expect, test } from 'vitest';
import type { Message } from '../../../src/maelstrom/message.ts';
import { type Delivery, Network, type NetworkModel } from '../../../src/workbench/sim/network.ts';
import { streams } from '../../../src/workbench/sim/random.ts';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';

const message = (src: string, dest: string, note = ''): Message => ({
  src,
  dest,
  body: { type: 'note', note },
});

const withoutId = ({ src, dest, body }: Message): Message => ({ src, dest, body });

/** A network of two nodes, a service and two clients. Its messages take `latenciesMs`, in this order. */
const connect = (...latenciesMs: number[]) => connectOn('ideal', 0, ...latenciesMs);

/** A fault makes each message take `extraMs` more. */
function connectOn(model: NetworkModel, extraMs: number, ...latenciesMs: number[]) {
  const clock = new VirtualClock();
  const blocked = new Set<string>();
  const sent: Message[] = [];
  const deliveries: Delivery[] = [];
  const received: [atMs: number, message: Message][] = [];
  const network = new Network({
    model,
    clock,
    latencyMs: () => {
      const next = latenciesMs.shift();
      if (next === undefined) throw new Error('no latency was to be drawn');
      return next;
    },
    copiesMs: (latencyMs) => [latencyMs + extraMs],
    isBlocked: (src, dest) => blocked.has(`${src} ${dest}`),
    onSend: (next) => sent.push(withoutId(next)),
    onDelivery: (delivery) => deliveries.push({ ...delivery, message: withoutId(delivery.message) }),
  });
  for (const name of ['n1', 'n2', 'seq-kv', 'c0', 'c1']) {
    network.attach(name, (next) => received.push([clock.nowMs(), withoutId(next)]));
  }
  const advance = (durationMs: number): Promise<void> =>
    clock.run(new Promise<void>((resolve) => clock.after(durationMs, resolve)));
  return { clock, network, blocked, sent, deliveries, received, advance };
}

describe('a message', () => {
  test.each([
    ['c0', 'n1'],
    ['n1', 'c0'],
    ['c0', 'seq-kv'],
    ['c0', 'c1'],
  ])('from %s to %s takes no time', (src, dest) => {
    const { network, received } = connect();
    network.send(message(src, dest));
    expect(received).toEqual([[0, message(src, dest)]]);
  });

  test.each([
    ['n1', 'n2'],
    ['n1', 'seq-kv'],
    ['seq-kv', 'n1'],
    ['n1', 'n1'],
  ])('from %s to %s takes the latency that is drawn', async (src, dest) => {
    const { network, received, advance } = connect(12.5);
    network.send(message(src, dest));
    expect(received).toEqual([]);
    await advance(100);
    expect(received).toEqual([[12.5, message(src, dest)]]);
  });

  test('takes no time between nodes if the latency is 0', () => {
    const { network, received } = connect(0);
    network.send(message('n1', 'n2'));
    expect(received).toEqual([[0, message('n1', 'n2')]]);
  });

  test('overtakes one that has drawn a longer latency', async () => {
    const { network, received, advance } = connect(30, 10, 20);
    for (const note of ['first', 'second', 'third']) network.send(message('n1', 'n2', note));
    await advance(100);
    expect(received).toEqual([
      [10, message('n1', 'n2', 'second')],
      [20, message('n1', 'n2', 'third')],
      [30, message('n1', 'n2', 'first')],
    ]);
  });

  test('comes after one sent before it that has drawn the same latency', async () => {
    const { network, received, advance } = connect(10, 10);
    for (const note of ['first', 'second']) network.send(message('n1', 'n2', note));
    await advance(100);
    expect(received.map(([, { body }]) => body['note'])).toEqual(['first', 'second']);
  });
});

describe('a partition', () => {
  test('blocks one direction of one pair, and no other', async () => {
    const { network, blocked, received, advance } = connect(1, 2, 3);
    blocked.add('n1 n2');
    network.send(message('n1', 'n2'));
    network.send(message('n2', 'n1'));
    network.send(message('n1', 'seq-kv'));
    await advance(100);
    expect(received).toEqual([
      [2, message('n2', 'n1')],
      [3, message('n1', 'seq-kv')],
    ]);
  });

  test('blocks what was sent before it began and arrives during it', async () => {
    const { network, blocked, received, advance } = connect(10);
    network.send(message('n1', 'n2'));
    await advance(5);
    blocked.add('n1 n2');
    await advance(100);
    expect(received).toEqual([]);
  });

  test('lets through what was sent while it lasted and arrives after', async () => {
    const { network, blocked, received, advance } = connect(10);
    blocked.add('n1 n2');
    network.send(message('n1', 'n2'));
    await advance(5);
    blocked.clear();
    await advance(100);
    expect(received).toEqual([[10, message('n1', 'n2')]]);
  });
});

describe('a delivery', () => {
  test('is reported when the message arrives, with its times and a number of its own', async () => {
    const { network, deliveries, advance } = connect(10);
    await advance(5);
    network.send(message('n1', 'n2'));
    network.send(message('c0', 'n1'));
    expect(deliveries).toEqual([{ id: 1, message: message('c0', 'n1'), sentMs: 5, receivedMs: 5 }]);
    await advance(100);
    expect(deliveries).toHaveLength(2);
    expect(deliveries[1]).toEqual({ id: 0, message: message('n1', 'n2'), sentMs: 5, receivedMs: 15 });
  });

  test('is reported as lost if a partition blocked it', async () => {
    const { network, blocked, deliveries, advance } = connect(10);
    blocked.add('n1 n2');
    network.send(message('n1', 'n2'));
    await advance(100);
    expect(deliveries).toStrictEqual([
      { id: 0, message: message('n1', 'n2'), sentMs: 0, receivedMs: undefined },
    ]);
  });

  test('is reported before the receiver acts on it, so that causes come before effects', () => {
    const { network, deliveries } = connect();
    network.attach('n1', () => network.send(message('n1', 'c0', 'answer')));
    network.send(message('c0', 'n1', 'question'));
    expect(deliveries.map((delivery) => delivery.message.body['note'])).toEqual(['question', 'answer']);
  });
});

describe('a client that has left', () => {
  test('does not get what is sent to it, nor what was under way', async () => {
    const { network, received, deliveries, advance } = connect(10);
    network.send(message('n1', 'n2'));
    network.detach('n2');
    network.detach('c0');
    network.send(message('n1', 'c0'));
    await advance(100);
    expect(received).toEqual([]);
    expect(deliveries.map((delivery) => delivery.receivedMs)).toStrictEqual([undefined, undefined]);
  });

  test('is known to have left, and when, unlike one that never existed', async () => {
    const { network, advance } = connect();
    await advance(7);
    network.detach('c0');
    expect(['n1', 'c0', 'c99'].map((name) => network.has(name))).toEqual([true, false, false]);
    expect(['n1', 'c0', 'c99'].map((name) => network.leftMs(name))).toEqual([undefined, 7, undefined]);
  });
});

test('every message is counted when it is sent, lost or not, by whether a client is involved', () => {
  const { network, blocked, sent } = connect(1, 2, 3);
  blocked.add('n1 n2');
  const messages = [
    message('c0', 'n1'),
    message('n1', 'n2'),
    message('n1', 'seq-kv'),
    message('seq-kv', 'n1'),
    message('n1', 'c0'),
  ];
  for (const next of messages) network.send(next);
  expect(network.counts).toEqual({ all: 5, clients: 2, servers: 3 });
  expect(sent).toEqual(messages);
});

test('every message gets an id of its own, which its receiver sees', () => {
  const { network } = connect();
  const ids: unknown[] = [];
  network.attach('n3', (next) => ids.push('id' in next && next.id));
  for (const _ of [1, 2]) network.send(Object.assign(message('c0', 'n3'), { id: 99 }));
  expect(ids).toEqual([0, 1]);
});

describe("on Maelstrom's network", () => {
  const at = async (network: ReturnType<typeof connectOn>, ms: number, src: string, dest: string) => {
    await network.advance(ms - network.clock.nowMs());
    network.network.send(message(src, dest));
  };

  test('a message that is due earlier waits behind the one that its receiver has taken', async () => {
    const world = connectOn('maelstrom', 0, 100);
    await at(world, 0, 'seq-kv', 'n1');
    await at(world, 10, 'c0', 'n1');
    await world.advance(1000);
    expect(world.received).toEqual([
      [100, message('seq-kv', 'n1')],
      [100, message('c0', 'n1')],
    ]);
  });

  test('of those that wait, the one that is due first is taken next, and only the rest of its latency waited out', async () => {
    const world = connectOn('maelstrom', 0, 50, 120, 30, 70);
    await at(world, 0, 'seq-kv', 'n1');
    await at(world, 10, 'n2', 'n1');
    await at(world, 20, 'n1', 'n1');
    await at(world, 30, 'lin-kv', 'n1');
    await world.advance(1000);
    expect(world.received.map(([atMs, { src }]) => [atMs, src])).toEqual([
      [50, 'seq-kv'],
      [50, 'n1'],
      [100, 'lin-kv'],
      [130, 'n2'],
    ]);
  });

  test('the inboxes of different receivers do not wait for each other', async () => {
    const world = connectOn('maelstrom', 0, 100, 20);
    await at(world, 0, 'seq-kv', 'n1');
    await at(world, 0, 'n1', 'n2');
    await world.advance(1000);
    expect(world.received.map(([atMs]) => atMs)).toEqual([20, 100]);
  });

  test('latencies are whole milliseconds, rounded down', async () => {
    const world = connectOn('maelstrom', 0, 12.9, 0.9);
    await at(world, 0, 'n2', 'n1');
    await at(world, 0, 'n1', 'n2');
    await world.advance(1000);
    expect(world.received.map(([atMs]) => atMs)).toEqual([0, 12]);
  });

  test('a partition is judged when a message is taken: one that heals or begins later makes no difference', async () => {
    const world = connectOn('maelstrom', 0, 100, 30, 100);
    await at(world, 0, 'seq-kv', 'n1');
    // Waits behind the first until 100, and is then no longer cut off.
    await at(world, 10, 'n2', 'n1');
    world.blocked.add('n2 n1');
    await at(world, 20, 'n1', 'n2');
    world.blocked.add('n1 n2');
    await world.advance(40);
    world.blocked.delete('n2 n1');
    await world.advance(1000);
    expect(world.received.map(([atMs, { src }]) => [atMs, src])).toEqual([
      [100, 'seq-kv'],
      [100, 'n2'],
      [120, 'n1'],
    ]);
  });

  test('nothing is waited out for a message that a partition takes away', async () => {
    const world = connectOn('maelstrom', 0, 100);
    world.blocked.add('n2 n1');
    await at(world, 0, 'n2', 'n1');
    await at(world, 1, 'c0', 'n1');
    expect(world.received).toEqual([[1, message('c0', 'n1')]]);
    expect(world.deliveries.map(({ receivedMs }) => receivedMs)).toEqual([undefined, 1]);
  });

  test('what a fault adds passes before a message is in the inbox, and holds nobody up', async () => {
    const world = connectOn('maelstrom', 5000, 10);
    await at(world, 0, 'n2', 'n1');
    await at(world, 1, 'c0', 'n1');
    await world.advance(10_000);
    expect(world.received.map(([atMs, { src }]) => [atMs, src])).toEqual([
      [1, 'c0'],
      [5010, 'n2'],
    ]);
  });

  test('what is in the inbox of a receiver that leaves is lost, also when it comes back', async () => {
    const world = connectOn('maelstrom', 0, 50, 60, 10);
    await at(world, 0, 'n2', 'n1');
    await at(world, 0, 'seq-kv', 'n1');
    await at(world, 10, 'c0', 'n1');
    world.network.detach('n1');
    world.network.attach('n1', ({ src }) => world.received.push([world.clock.nowMs(), message(src, 'n1')]));
    await at(world, 20, 'n2', 'n1');
    await world.advance(1000);
    expect(world.received).toEqual([[30, message('n2', 'n1')]]);
    expect(world.deliveries.map(({ receivedMs }) => receivedMs)).toEqual([
      undefined,
      undefined,
      undefined,
      30,
    ]);
  });

  /** Sends one message a `gapMs` on average to one receiver, with exponential latency, and returns the mean time they took. */
  const meanMs = async (gapMs: number): Promise<number> => {
    const random = streams(1)('network test');
    const exponential = (mean: number): number => -Math.log(1 - random.next()) * mean;
    const world = connectOn('maelstrom', 0, ...Array.from({ length: 5000 }, () => exponential(100)));
    for (let sent = 0; sent < 5000; sent++) {
      world.network.send(message('n2', 'n1'));
      await world.advance(2 * random.next() * gapMs);
    }
    const took = world.deliveries.map(({ sentMs, receivedMs = 0 }) => receivedMs - sentMs);
    return took.reduce((sum, ms) => sum + ms, 0) / took.length;
  };

  // Measured on Maelstrom v0.2.4: 139 ms at 20 messages a second, 111 ms at 100.
  test.each([
    [20, 139],
    [100, 111],
  ])(
    'an exponential latency of 100 ms takes longer in effect, at %i messages a second %i ms',
    async (rate, ms) => {
      const mean = await meanMs(1000 / rate);
      expect(Math.abs(mean - ms)).toBeLessThan(0.15 * ms);
    },
  );
});
