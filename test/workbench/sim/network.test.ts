import { describe, expect, test } from 'vitest';
import type { Message } from '../../../src/maelstrom/message.ts';
import { type Delivery, Network } from '../../../src/workbench/sim/network.ts';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';

const message = (src: string, dest: string, note = ''): Message => ({
  src,
  dest,
  body: { type: 'note', note },
});

/** A network of two nodes, a service and two clients. Its messages take `latenciesMs`, in this order. */
function connect(...latenciesMs: number[]) {
  const clock = new VirtualClock();
  const blocked = new Set<string>();
  const sent: Message[] = [];
  const deliveries: Delivery[] = [];
  const received: [atMs: number, message: Message][] = [];
  const network = new Network({
    clock,
    copiesMs: () => {
      const next = latenciesMs.shift();
      if (next === undefined) throw new Error('no latency was to be drawn');
      return [next];
    },
    isBlocked: (src, dest) => blocked.has(`${src} ${dest}`),
    onSend: (next) => sent.push(next),
    onDelivery: (delivery) => deliveries.push(delivery),
  });
  for (const name of ['n1', 'n2', 'seq-kv', 'c0', 'c1']) {
    network.attach(name, (next) => received.push([clock.nowMs(), next]));
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

  test('is still known, unlike a node that never existed', () => {
    const { network } = connect();
    network.detach('c0');
    const known = ['n1', 'seq-kv', 'c0', 'c99', 'n3', 'c', 'cat', 'c1x', ''].filter((name) =>
      network.knows(name),
    );
    expect(known).toEqual(['n1', 'seq-kv', 'c0', 'c99']);
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
