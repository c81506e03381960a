/**
 * The nodes of a run: starts them, sends them init, does to them what the nemesis wants, and watches that they keep to the
 * protocol. Each start of a node under its id is an incarnation of its own.
 */
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
  /** A node broke the rules of the protocol; `text` says which and how. */
  readonly onFailure: (text: string) => void;
}

/** More than a correct node sends unprompted, or because of one message. */
const UNPROMPTED_MESSAGES = 10_000;
const MESSAGES_PER_MESSAGE = 1000;

/** One start of a node under its id, until it is killed. */
interface Incarnation {
  readonly host: Host;
  paused: boolean;
  /** Whether it has been paused since init was last sent to it, which excuses that it did not reply. */
  excused: boolean;
  /** Messages that it sent, and messages from others that were delivered to it. */
  sent: number;
  received: number;
}

export class Nodes implements NodeControl {
  readonly #options: NodesOptions;
  readonly #running = new Map<string, Incarnation>();
  readonly #ending: Promise<void>[] = [];
  readonly #initialising: Promise<void>[] = [];

  constructor(options: NodesOptions) {
    this.#options = options;
  }

  /** Starts all nodes. */
  start(): void {
    for (const nodeId of this.#options.nodeIds) this.restart(nodeId);
  }

  /** Resolves when every running node has replied to init. */
  async ready(): Promise<void> {
    await Promise.all(this.#initialising.splice(0));
  }

  kill(nodeId: string): void {
    this.#options.network.detach(nodeId);
    const incarnation = this.#running.get(nodeId);
    this.#running.delete(nodeId);
    if (incarnation !== undefined) this.#ending.push(incarnation.host.kill());
  }

  restart(nodeId: string): void {
    if (this.#running.has(nodeId)) return;
    const { network, startHost, onFailure } = this.#options;
    const fail = (text: string): void => onFailure(`${nodeId} ${text}`);
    const host = startHost(nodeId, {
      onMessage: (message) => {
        const { src, dest } = message;
        incarnation.sent++;
        if (incarnation.sent > UNPROMPTED_MESSAGES + MESSAGES_PER_MESSAGE * incarnation.received) {
          fail(
            `floods the network: it sent ${incarnation.sent} messages and received ${incarnation.received}`,
          );
          return;
        }
        if (src !== nodeId) fail(`sent a message as ${src}: ${JSON.stringify(message)}`);
        else if (network.knows(dest)) network.send(message);
        else fail(`sent a message to ${dest}, which does not exist: ${JSON.stringify(message)}`);
      },
      onFailure: fail,
    });
    const incarnation: Incarnation = { host, paused: false, excused: false, sent: 0, received: 0 };
    this.#running.set(nodeId, incarnation);
    network.attach(nodeId, (message) => {
      if (message.src !== nodeId) incarnation.received++;
      host.deliver(message);
    });
    this.#initialising.push(this.#init(nodeId, incarnation));
  }

  pause(nodeId: string): void {
    const incarnation = this.#running.get(nodeId);
    if (incarnation === undefined) return;
    incarnation.paused = true;
    incarnation.excused = true;
    incarnation.host.pause();
  }

  resume(nodeId: string): void {
    const incarnation = this.#running.get(nodeId);
    if (incarnation === undefined) return;
    incarnation.paused = false;
    incarnation.host.resume();
  }

  /** Resolves when no node is running any more. */
  async killAll(): Promise<void> {
    for (const nodeId of this.#running.keys()) this.kill(nodeId);
    await Promise.all(this.#ending);
  }

  async #init(nodeId: string, incarnation: Incarnation): Promise<void> {
    const { nodeIds, network, clock, nextClientName, onFailure } = this.#options;
    const body = { type: 'init', node_id: nodeId, node_ids: nodeIds };
    while (this.#running.get(nodeId) === incarnation) {
      incarnation.excused = incarnation.paused;
      const client = new Client(nextClientName(), network, clock, INIT_TIMEOUT_MS);
      const reply = await client.call(nodeId, body).catch(() => undefined);
      client.close();
      if (reply?.['type'] === 'init_ok') return;
      if (reply === undefined && incarnation.excused) continue;
      const answer =
        reply === undefined ? `within ${INIT_TIMEOUT_MS / 1000} s` : `but with ${JSON.stringify(reply)}`;
      if (this.#running.get(nodeId) === incarnation) onFailure(`${nodeId} did not answer init ${answer}`);
      return;
    }
  }
}
