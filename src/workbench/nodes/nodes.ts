/**
 * The nodes of a run: starts them, sends them init, does to them what the nemesis wants, and watches that they keep to the
 * protocol. Each start of a node under its id is an incarnation of its own. As in Maelstrom, an incarnation that breaks
 * the protocol is silenced: nothing that it writes from then on is read.
 */
import type { Message } from '../../maelstrom/message.ts';
import type { Clock } from '../../runtime/clock.ts';
import { CLIENT_TIMEOUT_MS, Client } from './client.ts';
import type { NodeControl } from '../sim/faults/fault.ts';
import type { Host, StartHost, Unfinished } from './host.ts';
import { type Network, isClient } from '../sim/network.ts';

const INIT_TIMEOUT_MS = 10_000;

export interface NodesOptions {
  readonly nodeIds: readonly string[];
  readonly network: Network;
  readonly clock: Clock;
  readonly startHost: StartHost;
  readonly nextClientName: () => string;
  /** Whether a late reply, to a client that has gone, silences a node; otherwise it is lost. */
  readonly lateRepliesSilence: boolean;
  /** A node broke the protocol in a way that Maelstrom does not end the run for. */
  readonly onOffence: (offence: Offence) => void;
  /** A node ended or did not start, or goes on in a way that no run can. `text` says which and how. */
  readonly onFailure: (text: string) => void;
}

/** How a node broke the protocol. */
export interface Offence {
  readonly node: string;
  readonly timeMs: number;
  /** What was wrong: a line that is no message, a message from or to somebody else, a reply that came too late. */
  readonly kind: 'line' | 'source' | 'destination' | 'late';
  /** The rest of a sentence that begins with the node. */
  readonly text: string;
  /** Whether the node was silenced for it. */
  readonly silenced: boolean;
}

/** What had come from a node when the run ended. Those that had been killed, silenced or paused are left out. */
export interface Output {
  readonly node: string;
  /** Messages that it sent since it was started. */
  readonly sent: number;
  /** When it sent the last one, or was started. */
  readonly lastSentMs: number;
  /** Messages of clients that it has received since. */
  readonly unanswered: number;
  /** The beginning of a line that had not ended. */
  readonly unfinished: Unfinished | undefined;
  readonly endedMs: number;
}

/** More than a correct node sends unprompted, or because of one message. */
const UNPROMPTED_MESSAGES = 10_000;
const MESSAGES_PER_MESSAGE = 1000;

/** One start of a node under its id, until it is killed. */
interface Incarnation {
  readonly host: Host;
  paused: boolean;
  /** When it was last resumed, or was ready after its start, in ms on the run's clock. */
  resumedMs: number;
  silenced: boolean;
  /** Messages that it sent, and messages from others that were delivered to it. */
  sent: number;
  received: number;
  lastSentMs: number;
  /** Messages of clients since. */
  unanswered: number;
}

export class Nodes implements NodeControl {
  /** Known when all nodes have been killed. */
  outputs: readonly Output[] = [];
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
    const { network, clock, startHost, onFailure } = this.#options;
    const host = startHost(nodeId, {
      onMessage: (message) => {
        if (!incarnation.silenced) this.#take(nodeId, incarnation, message);
      },
      onGarbage: (text) => this.#offend(nodeId, incarnation, { kind: 'line', text, silenced: true }),
      onEnd: (text) => {
        incarnation.silenced = true;
        onFailure(`${nodeId} ${text}`);
      },
    });
    const incarnation: Incarnation = {
      host,
      paused: false,
      resumedMs: -Infinity,
      silenced: false,
      sent: 0,
      received: 0,
      lastSentMs: clock.nowMs(),
      unanswered: 0,
    };
    this.#running.set(nodeId, incarnation);
    network.attach(nodeId, (message) => {
      if (message.src !== nodeId) incarnation.received++;
      if (isClient(message.src)) incarnation.unanswered++;
      host.deliver(message);
    });
    this.#initialising.push(this.#init(nodeId, incarnation));
  }

  pause(nodeId: string): void {
    const incarnation = this.#running.get(nodeId);
    if (incarnation === undefined) return;
    incarnation.paused = true;
    incarnation.host.pause();
  }

  resume(nodeId: string): void {
    const incarnation = this.#running.get(nodeId);
    if (incarnation === undefined) return;
    incarnation.paused = false;
    incarnation.resumedMs = this.#options.clock.nowMs();
    incarnation.host.resume();
  }

  /** Resolves when no node is running any more. */
  async killAll(): Promise<void> {
    this.outputs = [...this.#running].flatMap(([node, incarnation]) => this.#outputOf(node, incarnation));
    for (const nodeId of this.#running.keys()) this.kill(nodeId);
    await Promise.all(this.#ending);
  }

  /** Puts a message that a node has written on the network, if it may be there. */
  #take(nodeId: string, incarnation: Incarnation, message: Message): void {
    const { nodeIds, network, clock, lateRepliesSilence, onFailure } = this.#options;
    const { src, dest } = message;
    const { received } = incarnation;
    incarnation.sent++;
    incarnation.lastSentMs = clock.nowMs();
    incarnation.unanswered = 0;
    if (incarnation.sent > UNPROMPTED_MESSAGES + MESSAGES_PER_MESSAGE * received) {
      incarnation.silenced = true;
      onFailure(
        `${nodeId} floods the network: it sent ${incarnation.sent} messages and received ${received}`,
      );
      return;
    }
    // A killed node is still there for the others, who cannot know.
    const exists = (name: string): boolean => nodeIds.includes(name) || network.has(name);
    if (src !== nodeId) {
      const text = `sent a message as ${src}: ${JSON.stringify(message)}`;
      this.#offend(nodeId, incarnation, { kind: 'source', text, silenced: !exists(src) });
      if (incarnation.silenced) return;
    }
    if (exists(dest)) {
      network.send(message);
      return;
    }
    const leftMs = network.leftMs(dest);
    if (leftMs === undefined) {
      const text = `sent a message to ${dest}, which does not exist: ${JSON.stringify(message)}`;
      this.#offend(nodeId, incarnation, { kind: 'destination', text, silenced: true });
    } else if (lateRepliesSilence && incarnation.resumedMs <= leftMs - CLIENT_TIMEOUT_MS) {
      // No node can know how long it has been paused, nor how long a request waited for it to start.
      const lateMs = Math.ceil(clock.nowMs() - leftMs);
      const text = `replied ${lateMs} ms after ${dest} had gone: ${JSON.stringify(message)}`;
      this.#offend(nodeId, incarnation, { kind: 'late', text, silenced: true });
    }
  }

  #offend(node: string, incarnation: Incarnation, offence: Omit<Offence, 'node' | 'timeMs'>): void {
    if (incarnation.silenced) return;
    incarnation.silenced = offence.silenced;
    this.#options.onOffence({ node, timeMs: this.#options.clock.nowMs(), ...offence });
  }

  #outputOf(
    node: string,
    { host, sent, lastSentMs, unanswered, paused, silenced }: Incarnation,
  ): readonly Output[] {
    if (paused || silenced) return [];
    const endedMs = this.#options.clock.nowMs();
    return [{ node, sent, lastSentMs, unanswered, unfinished: host.unfinished?.(), endedMs }];
  }

  async #init(nodeId: string, incarnation: Incarnation): Promise<void> {
    const { nodeIds, network, clock, nextClientName, onFailure } = this.#options;
    const body = { type: 'init', node_id: nodeId, node_ids: nodeIds };
    while (this.#running.get(nodeId) === incarnation) {
      const sentMs = clock.nowMs();
      const client = new Client(nextClientName(), network, clock, INIT_TIMEOUT_MS);
      const reply = await client.call(nodeId, body).catch(() => undefined);
      client.close();
      if (reply?.['type'] === 'init_ok') {
        incarnation.resumedMs = clock.nowMs();
        return;
      }
      if (reply === undefined && (incarnation.paused || incarnation.resumedMs > sentMs)) continue;
      const answer =
        reply === undefined ? `within ${INIT_TIMEOUT_MS / 1000} s` : `but with ${JSON.stringify(reply)}`;
      if (this.#running.get(nodeId) === incarnation) onFailure(`${nodeId} did not answer init ${answer}`);
      return;
    }
  }
}
