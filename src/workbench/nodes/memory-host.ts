/**
 * Hosts nodes as objects in this process, on the clock of the run: the same code as behind stdin and stdout, in virtual
 * time. A killed incarnation hears and sends nothing more, and its timers never fire.
 */
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

/** Returns the way to start nodes on `clock`. Each incarnation draws from a stream of its own. */
export function memoryHosts(clock: Clock, seed: number, createNode: CreateNode): StartHost {
  let incarnations = 0;
  return (nodeId, events) => {
    const processClock = new ProcessClock(clock);
    const gate = new Gate();
    let alive = true;
    const node = createNode({
      clock: gate.behind(processClock),
      // The stream's name decides what it draws: renaming it would make every seed another run.
      random: streams(seed)(`node ${nodeId}, life ${incarnations++}`),
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
        processClock.end();
      },
      pause: () => gate.close(),
      resume: () => gate.open(),
    };
  };
}
