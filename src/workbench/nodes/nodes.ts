import type { Clock } from '../../runtime/clock.ts';
import { Client } from './client.ts';
import type { NodeControl } from '../sim/faults/fault.ts';
import type { Host, StartHost } from './host.ts';
import type { Network } from '../sim/network.ts';

const INIT_TIMEOUT_MS = 10_000;

export interface NodesOptions {
  readonly nodeIds: readonly string[];
  readonly network: Network;
  readonly clock: Clock;
  readonly startHost: StartHost;
  readonly nextClientName: () => string;
  /** A node broke the rules of the protocol. The sentence names it. */
  readonly onFailure: (text: string) => void;
}

/** More than an honest node says unprompted, or in answer to one message. */
const UNPROMPTED_MESSAGES = 10_000;
const MESSAGES_PER_MESSAGE = 1000;

/** One life of a node, from its start to its death. */
interface Life {
  readonly host: Host;
  paused: boolean;
  /** Whether it has been paused since it was last sent init, and so has an excuse for not answering. */
  excused: boolean;
  /** Messages it sent, and messages from others that it was sent. */
  sent: number;
  received: number;
}

/** The nodes of a run: starts them, sends them init, and does to them what the nemesis wants. */
export class Nodes implements NodeControl {
  readonly #options: NodesOptions;
  readonly #lives = new Map<string, Life>();
  readonly #ending: Promise<void>[] = [];
  readonly #initialising: Promise<void>[] = [];

  constructor(options: NodesOptions) {
    this.#options = options;
  }

  start(): void {
    for (const nodeId of this.#options.nodeIds) this.restart(nodeId);
  }

  /** Resolves when every node that is alive has answered init. */
  async ready(): Promise<void> {
    await Promise.all(this.#initialising.splice(0));
  }

  kill(nodeId: string): void {
    this.#options.network.detach(nodeId);
    const life = this.#lives.get(nodeId);
    this.#lives.delete(nodeId);
    if (life !== undefined) this.#ending.push(life.host.kill());
  }

  restart(nodeId: string): void {
    if (this.#lives.has(nodeId)) return;
    const { network, startHost, onFailure } = this.#options;
    const fail = (text: string): void => onFailure(`${nodeId} ${text}`);
    const host = startHost(nodeId, {
      onMessage: (message) => {
        const { src, dest } = message;
        life.sent++;
        if (life.sent > UNPROMPTED_MESSAGES + MESSAGES_PER_MESSAGE * life.received) {
          fail(`floods the network: it sent ${life.sent} messages and was sent ${life.received}`);
          return;
        }
        if (src !== nodeId) fail(`sent a message as ${src}: ${JSON.stringify(message)}`);
        else if (network.knows(dest)) network.send(message);
        else fail(`sent a message to ${dest}, which does not exist: ${JSON.stringify(message)}`);
      },
      onFailure: fail,
    });
    const life: Life = { host, paused: false, excused: false, sent: 0, received: 0 };
    this.#lives.set(nodeId, life);
    network.attach(nodeId, (message) => {
      if (message.src !== nodeId) life.received++;
      host.deliver(message);
    });
    this.#initialising.push(this.#init(nodeId, life));
  }

  pause(nodeId: string): void {
    const life = this.#lives.get(nodeId);
    if (life === undefined) return;
    life.paused = true;
    life.excused = true;
    life.host.pause();
  }

  resume(nodeId: string): void {
    const life = this.#lives.get(nodeId);
    if (life === undefined) return;
    life.paused = false;
    life.host.resume();
  }

  async killAll(): Promise<void> {
    for (const nodeId of this.#lives.keys()) this.kill(nodeId);
    await Promise.all(this.#ending);
  }

  async #init(nodeId: string, life: Life): Promise<void> {
    const { nodeIds, network, clock, nextClientName, onFailure } = this.#options;
    const body = { type: 'init', node_id: nodeId, node_ids: nodeIds };
    while (this.#lives.get(nodeId) === life) {
      life.excused = life.paused;
      const client = new Client(nextClientName(), network, clock, INIT_TIMEOUT_MS);
      const reply = await client.call(nodeId, body).catch(() => undefined);
      client.close();
      if (reply?.['type'] === 'init_ok') return;
      if (reply === undefined && life.excused) continue;
      const answer =
        reply === undefined ? `within ${INIT_TIMEOUT_MS / 1000} s` : `but with ${JSON.stringify(reply)}`;
      if (this.#lives.get(nodeId) === life) onFailure(`${nodeId} did not answer init ${answer}`);
      return;
    }
  }
}
