/**
 * Carries messages as Maelstrom's network does: those to and from clients at once, all others after a latency of their own,
 * so that they overtake each other. What may happen to a message on its way is the nemesis' choice; unlike Maelstrom's
 * network, this one can also lose and duplicate messages.
 */
import type { Message } from '../../maelstrom/message.ts';
import type { Clock } from '../../runtime/clock.ts';

/** What became of one copy of a message. Times are in ms on the run's clock. */
export interface Delivery {
  readonly id: number;
  readonly message: Message;
  readonly sentMs: number;
  /** When it arrived, or undefined if it was lost. */
  readonly receivedMs: number | undefined;
}

export interface NetworkOptions {
  readonly clock: Clock;
  /** Draws how long each copy of the next message between nodes and services takes, in ms. No copies: it is lost. */
  readonly copiesMs: () => readonly number[];
  /** Called when a message arrives: whether it is lost instead. */
  readonly isBlocked: (src: string, dest: string) => boolean;
  readonly onSend: (message: Message) => void;
  readonly onDelivery: (delivery: Delivery) => void;
}

export interface MessageCounts {
  all: number;
  /** Between a client and a node. */
  clients: number;
  /** Between nodes and services. */
  servers: number;
}

export class Network {
  readonly counts: MessageCounts = { all: 0, clients: 0, servers: 0 };
  readonly #options: NetworkOptions;
  readonly #endpoints = new Map<string, (message: Message) => void>();
  #nextId = 0;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** From now on, passes messages to `name` to `receive`. */
  attach(name: string, receive: (message: Message) => void): void {
    this.#endpoints.set(name, receive);
  }

  /** From now on, messages to `name` are lost. */
  detach(name: string): void {
    this.#endpoints.delete(name);
  }

  /** Whether `name` is attached, or could have been: clients come and go. */
  knows(name: string): boolean {
    return this.#endpoints.has(name) || isClient(name);
  }

  send(message: Message): void {
    const { clock, copiesMs, onSend, onDelivery } = this.#options;
    const id = this.#nextId++;
    const sentMs = clock.nowMs();
    const involvesClient = isClient(message.src) || isClient(message.dest);
    this.counts.all++;
    this.counts[involvesClient ? 'clients' : 'servers']++;
    onSend(message);
    if (involvesClient) {
      this.#deliver(id, message, sentMs);
      return;
    }
    const delaysMs = copiesMs();
    for (const delayMs of delaysMs) {
      if (delayMs <= 0) this.#deliver(id, message, sentMs);
      else clock.after(delayMs, () => this.#deliver(id, message, sentMs));
    }
    if (delaysMs.length === 0) onDelivery({ id, message, sentMs, receivedMs: undefined });
  }

  #deliver(id: number, message: Message, sentMs: number): void {
    const { clock, isBlocked, onDelivery } = this.#options;
    const receive = isBlocked(message.src, message.dest) ? undefined : this.#endpoints.get(message.dest);
    onDelivery({ id, message, sentMs, receivedMs: receive && clock.nowMs() });
    receive?.(message);
  }
}

/** Clients are named c0, c1, … as in Maelstrom. */
export const isClient = (name: string): boolean => /^c\d+$/.test(name);
