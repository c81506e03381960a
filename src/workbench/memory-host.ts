import type { Message } from '../maelstrom/message.ts';
import type { MaelstromNode } from '../maelstrom/node.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import type { StartHost } from './host.ts';
import { LifetimeClock } from './lifetime-clock.ts';
import { streams } from './random.ts';

/** Builds a node from the ports it needs. */
export type CreateNode = (ports: {
  readonly clock: Clock;
  readonly random: Random;
  readonly send: (message: Message) => void;
}) => MaelstromNode;

/** Hosts nodes in this process: the same code as behind stdin and stdout, on the clock of the run. */
export function memoryHosts(clock: Clock, seed: number, createNode: CreateNode): StartHost {
  return (nodeId, events) => {
    const lifetime = new LifetimeClock(clock);
    let alive = true;
    const node = createNode({
      clock: lifetime,
      random: streams(seed)(`node ${nodeId}`),
      send: (message) => {
        if (alive) events.onMessage(message);
      },
    });
    return {
      deliver: (message) => node.receive(JSON.stringify(message)),
      async kill() {
        alive = false;
        lifetime.end();
      },
    };
  };
}
