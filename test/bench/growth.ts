import { Host } from '../../src/workbench/peers/host.ts';
import { nodeAtAddress, shippedPeer } from '../../src/workbench/peers/peer.ts';
import { Network } from '../../src/workbench/sim/network.ts';
import { streams } from '../../src/workbench/sim/random.ts';
import { nodeNames } from '../../src/workbench/sim/node-names.ts';
import { VirtualClock } from '../../src/workbench/sim/virtual-clock.ts';
import { print } from './server-process.ts';

const LATENCY_MS = 1;
const IDLE_MS = 60_000;

/** What a simulated cluster costs as it grows: a millisecond from server to server, no message lost. */
export async function growth(): Promise<void> {
  for (const count of [3, 10, 30, 100]) {
    const { meetMs, showMs, idleMessages, idleBytes } = await measure(count);
    print(
      `simulated, ${count} servers`,
      [
        `all know all after ${meetMs} ms`,
        `all show an increment after ${showMs} ms`,
        `idle ${idleMessages.toFixed(1)} messages and ${idleBytes.toFixed(0)} bytes/s each`,
      ].join('; '),
    );
  }
}

interface Growth {
  readonly meetMs: number;
  readonly showMs: number;
  /** Per server and second, sent and received. */
  readonly idleMessages: number;
  readonly idleBytes: number;
}

function measure(count: number): Promise<Growth> {
  const clock = new VirtualClock();
  const nodeIds = nodeNames(count);
  let [messages, bytes] = [0, 0];
  const network = new Network({
    model: 'ideal',
    clock,
    latencyMs: () => LATENCY_MS,
    copiesMs: (latencyMs) => [latencyMs],
    isBlocked: () => false,
    onSend: ({ body }) => {
      messages++;
      bytes += String(body['text']).length;
    },
    onDelivery: () => {},
  });
  const hosts = nodeIds.map(
    (nodeId) =>
      new Host({
        nodeId,
        nodeIds,
        createPeer: shippedPeer,
        network,
        clock,
        streams: streams(1),
        clockRate: 1,
        joining: 'beacons',
        onFailure: (problem) => {
          throw new Error(problem);
        },
      }),
  );
  const pass = (durationMs: number): Promise<void> =>
    new Promise((resolve) => void clock.after(durationMs, resolve));
  /** How long it takes until a condition holds, to the millisecond. */
  const until = async (holds: () => boolean): Promise<number> => {
    const startMs = clock.nowMs();
    while (!holds()) await pass(1);
    return Math.round(clock.nowMs() - startMs);
  };
  const run = async (): Promise<Growth> => {
    for (const host of hosts) host.start();
    const meetMs = await until(() =>
      hosts.every(({ peer }) => new Set(peer?.cluster.peers.map(nodeAtAddress)).size === count - 1),
    );
    await pass(30_000);
    void hosts[0]?.peer?.store.increment([{ key: 'default', amount: 1 }]);
    const showMs = await until(() =>
      hosts.every(({ peer }) => peer?.store.counters.get('default')?.value === 1),
    );
    await pass(10_000);
    [messages, bytes] = [0, 0];
    await pass(IDLE_MS);
    const each = 2 / count / (IDLE_MS / 1000);
    const figures = { meetMs, showMs, idleMessages: messages * each, idleBytes: bytes * each };
    for (const host of hosts) host.kill();
    return figures;
  };
  return clock.run(run());
}
