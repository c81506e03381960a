/** What happens to a node that breaks the protocol: it is silenced, as in Maelstrom, and the run goes on. */
import { expect, test } from 'vitest';
import type { Body, Message } from '../../../src/maelstrom/message.ts';
import { CLIENT_TIMEOUT_MS } from '../../../src/workbench/nodes/client.ts';
import type { HostEvents } from '../../../src/workbench/nodes/host.ts';
import { Nodes, type Offence } from '../../../src/workbench/nodes/nodes.ts';
import { Network } from '../../../src/workbench/sim/network.ts';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';

/** Two nodes that do nothing by themselves but answer init, `initMs` after it arrives, and a client. */
async function start({ lateRepliesSilence = true, initMs = 0 } = {}) {
  const clock = new VirtualClock();
  const network = new Network({
    model: 'maelstrom',
    clock,
    latencyMs: () => 0,
    copiesMs: (latencyMs) => [latencyMs],
    isBlocked: () => false,
    onSend: () => {},
    onDelivery: () => {},
  });
  const offences: Offence[] = [];
  const failures: string[] = [];
  const events: Record<string, HostEvents> = {};
  const say = (src: string, dest: string, body: Body = { type: 'note' }, as = src): void =>
    events[src]?.onMessage({ src: as, dest, body });
  let clients = 100;
  const nodes = new Nodes({
    nodeIds: ['n0', 'n1'],
    network,
    clock,
    startHost: (nodeId, hostEvents) => {
      events[nodeId] = hostEvents;
      return {
        deliver: ({ src, body }) => {
          const reply: Body = { type: 'init_ok', in_reply_to: body['msg_id'] };
          if (body['type'] === 'init') clock.after(initMs, () => say(nodeId, src, reply));
        },
        kill: () => Promise.resolve(),
        pause: () => {},
        resume: () => {},
      };
    },
    nextClientName: () => `c${clients++}`,
    lateRepliesSilence,
    onOffence: (offence) => offences.push(offence),
    onFailure: (text) => failures.push(text),
  });
  nodes.start();
  await clock.run(nodes.ready());
  const received: Message[] = [];
  network.attach('c0', (message) => received.push(message));
  const advance = (durationMs: number): Promise<void> =>
    clock.run(new Promise<void>((resolve) => clock.after(durationMs, resolve)));
  /** Whether a client gets what `node` sends. */
  const isHeard = (node: string): boolean => {
    let isReceived = false;
    network.attach('c1', () => (isReceived = true));
    say(node, 'c1');
    return isReceived;
  };
  return { network, nodes, offences, failures, received, events, say, advance, isHeard };
}

test('a reply to a client that has gone silences the node, and is named with how late it was', async () => {
  const { network, offences, failures, say, advance, isHeard } = await start();
  await advance(CLIENT_TIMEOUT_MS);
  network.detach('c0');
  await advance(412);
  say('n0', 'c0', { type: 'add_ok', in_reply_to: 7 });
  const reply = '{"src":"n0","dest":"c0","body":{"type":"add_ok","in_reply_to":7}}';
  expect(offences).toEqual([
    {
      node: 'n0',
      timeMs: 5412,
      kind: 'late',
      text: `replied 412 ms after c0 had gone: ${reply}`,
      silenced: true,
    },
  ]);
  expect([isHeard('n0'), isHeard('n1')]).toEqual([false, true]);
  expect(failures).toEqual([]);
});

test('on the ideal network such a reply is lost, and nothing else', async () => {
  const { network, offences, say, isHeard } = await start({ lateRepliesSilence: false });
  network.detach('c0');
  say('n0', 'c0');
  expect(offences).toEqual([]);
  expect(isHeard('n0')).toBe(true);
});

test('a node that was paused while the client waited cannot know, and is excused', async () => {
  const { network, nodes, offences, say, advance, isHeard } = await start();
  nodes.pause('n0');
  await advance(CLIENT_TIMEOUT_MS);
  network.detach('c0');
  nodes.resume('n0');
  say('n0', 'c0');
  expect(offences).toEqual([]);
  expect(isHeard('n0')).toBe(true);
});

test('so is a node that was starting while the client waited, but not from then on', async () => {
  const { network, nodes, offences, say, advance, isHeard } = await start({ initMs: 800 });
  nodes.kill('n0');
  nodes.restart('n0');
  await advance(800 + CLIENT_TIMEOUT_MS - 1);
  network.detach('c0');
  say('n0', 'c0');
  expect(offences).toEqual([]);
  expect(isHeard('n0')).toBe(true);
  network.attach('c2', () => {});
  await advance(1);
  network.detach('c2');
  say('n0', 'c2');
  expect(offences.map(({ kind }) => kind)).toEqual(['late']);
});

test('a line that is not a message, or is to an unknown destination, silences a node until it is restarted', async () => {
  const { nodes, offences, events, say, isHeard } = await start();
  events['n0']?.onGarbage('wrote a line that is not a message: hello');
  say('n1', 'n9');
  expect(offences.map(({ node, text }) => `${node} ${text}`)).toEqual([
    'n0 wrote a line that is not a message: hello',
    'n1 sent a message to n9, which does not exist: {"src":"n1","dest":"n9","body":{"type":"note"}}',
  ]);
  expect([isHeard('n0'), isHeard('n1')]).toEqual([false, false]);
  nodes.kill('n0');
  nodes.restart('n0');
  expect(isHeard('n0')).toBe(true);
});

test('a message to a killed node is lost, and no offence', async () => {
  const { nodes, offences, failures, say, isHeard } = await start();
  nodes.kill('n1');
  say('n0', 'n1');
  expect([offences, failures]).toEqual([[], []]);
  expect(isHeard('n0')).toBe(true);
});

test('a message under the name of another node is an offence, and carried if there is one of that name', async () => {
  const { offences, received, say } = await start();
  say('n0', 'c0', { type: 'note' }, 'n1');
  expect(offences.map(({ text, silenced }) => [text, silenced])).toEqual([
    ['sent a message as n1: {"src":"n1","dest":"c0","body":{"type":"note"}}', false],
  ]);
  expect(received).toHaveLength(1);
  say('n0', 'c0', { type: 'note' }, 'n9');
  expect(offences.at(-1)?.silenced).toBe(true);
  expect(received).toHaveLength(1);
});
