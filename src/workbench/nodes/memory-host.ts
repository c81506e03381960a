import type { Message } from '../../maelstrom/message.ts';
import type { MaelstromNode } from '../../maelstrom/node.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import { Gate } from '../sim/gate.ts';
import type { StartHost } from './host.ts';
import { ProcessClock } from '../sim/process-clock.ts';
import { streams } from '../sim/random.ts';

/** Builds a node from the ports it needs. */
export type CreateNode = (ports: {
  readonly clock: Clock;
  readonly random: Random;
  readonly send: (message: Message) => void;
}) => MaelstromNode;

/** Hosts nodes in this process: the same code as behind stdin and stdout, on the clock of the run. */
export function memoryHosts(clock: Clock, seed: number, createNode: CreateNode): StartHost {
  let lives = 0;
  return (nodeId, events) => {
    const lifetime = new ProcessClock(clock);
    const gate = new Gate();
    let alive = true;
    const node = createNode({
      clock: gate.behind(lifetime),
      random: streams(seed)(`node ${nodeId}, life ${lives++}`),
      send: (message) => {
        if (alive) events.onMessage(message);
      },
    });
    return {
      deliver: (message) =>
        gate.pass(() => {
          if (alive) node.deliver(message);
        }),
      async kill() {
        alive = false;
        lifetime.end();
      },
      pause: () => gate.close(),
      resume: () => gate.open(),
    };
  };
}
