/**
 * Carries messages between clients, nodes and services; those to and from clients at once, all others after a latency of
 * their own. There are two networks. Maelstrom's has whole milliseconds, and an inbox for each receiver, which takes one
 * message at a time (inbox.ts). On the ideal one, messages do not wait for each other. What may happen to a message on
 * its way is the nemesis' choice; unlike Maelstrom's, both networks can also lose and duplicate messages.
 */
import type { Message } from '../../maelstrom/message.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Due } from './due-heap.ts';
import { Inbox } from './inbox.ts';

export const networkModels = ['maelstrom', 'ideal'] as const;
export type NetworkModel = (typeof networkModels)[number];

/** What became of one copy of a message. Times are in ms on the run's clock. */
export interface Delivery {
  readonly id: number;
  readonly message: Message;
  readonly sentMs: number;
  /** When it arrived, or undefined if it was lost. */
  readonly receivedMs: number | undefined;
}

export interface NetworkOptions {
  readonly model: NetworkModel;
  readonly clock: Clock;
  /** Draws the latency of the next message between nodes and services, in ms. */
  readonly latencyMs: () => number;
  /** Returns how long each copy of a message takes that would otherwise take `latencyMs`. No copies: it is lost. */
  readonly copiesMs: (latencyMs: number, message: Message) => readonly number[];
  /** Called when a message arrives, or on Maelstrom's network is taken from the inbox: whether it is lost instead. */
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

/** A copy of a message in an inbox. */
interface Copy extends Due {
  readonly message: Numbered;
  readonly sentMs: number;
}

/** As in Maelstrom, each message has an id of its own beside what its sender wrote. */
interface Numbered extends Message {
  readonly id: number;
}

/** One that messages can be sent to. */
interface Endpoint {
  readonly receive: (message: Message) => void;
  /** On Maelstrom's network only. */
  readonly inbox: Inbox<Copy> | undefined;
}

export class Network {
  readonly counts: MessageCounts = { all: 0, clients: 0, servers: 0 };
  readonly #options: NetworkOptions;
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #leftMs = new Map<string, number>();
  #nextId = 0;
  #order = 0;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** From now on, passes messages to `name` to `receive`. */
  attach(name: string, receive: (message: Message) => void): void {
    const { model, clock, isBlocked } = this.#options;
    const inbox =
      model === 'ideal'
        ? undefined
        : new Inbox<Copy>({
            clock,
            isLost: ({ message }) => isBlocked(message.src, message.dest),
            deliver: ({ message, sentMs }) => {
              this.#report(message, sentMs, clock.nowMs());
              receive(message);
            },
            lose: ({ message, sentMs }) => this.#report(message, sentMs, undefined),
          });
    this.#endpoints.set(name, { receive, inbox });
  }

  /** From now on, messages to `name` are lost, and so are those in its inbox. */
  detach(name: string): void {
    this.#endpoints.get(name)?.inbox?.close();
    this.#endpoints.delete(name);
    this.#leftMs.set(name, this.#options.clock.nowMs());
  }

  /** Whether `name` is there now. */
  has(name: string): boolean {
    return this.#endpoints.has(name);
  }

  /** When `name` was last detached, in ms on the run's clock; undefined if it never was. */
  leftMs(name: string): number | undefined {
    return this.#leftMs.get(name);
  }

  send({ src, dest, body }: Message): void {
    const { model, clock, latencyMs, copiesMs, onSend } = this.#options;
    const message = { id: this.#nextId++, src, dest, body };
    const sentMs = clock.nowMs();
    const involvesClient = isClient(src) || isClient(dest);
    this.counts.all++;
    this.counts[involvesClient ? 'clients' : 'servers']++;
    onSend(message);
    if (involvesClient) {
      this.#arrive(message, sentMs, 0);
      return;
    }
    const drawnMs = latencyMs();
    // On Maelstrom's network, what a fault adds passes before the message is in the inbox, where it would hold up others.
    const [inInboxMs, underWayMs] = model === 'maelstrom' ? [Math.trunc(drawnMs), 0] : [0, drawnMs];
    const copies = copiesMs(underWayMs, message);
    for (const delayMs of copies) {
      if (delayMs <= 0) this.#arrive(message, sentMs, inInboxMs);
      else clock.after(delayMs, () => this.#arrive(message, sentMs, inInboxMs));
    }
    if (copies.length === 0) this.#report(message, sentMs, undefined);
  }

  #arrive(message: Numbered, sentMs: number, inInboxMs: number): void {
    const { clock, isBlocked } = this.#options;
    const nowMs = clock.nowMs();
    const endpoint = this.#endpoints.get(message.dest);
    if (endpoint?.inbox !== undefined) {
      endpoint.inbox.put({ message, sentMs, atMs: nowMs + inInboxMs, order: this.#order++ });
      return;
    }
    const receive = isBlocked(message.src, message.dest) ? undefined : endpoint?.receive;
    this.#report(message, sentMs, receive && nowMs);
    receive?.(message);
  }

  #report(message: Numbered, sentMs: number, receivedMs: number | undefined): void {
    this.#options.onDelivery({ id: message.id, message, sentMs, receivedMs });
  }
}

/** Clients are named c0, c1, … as in Maelstrom. */
export const isClient = (name: string): boolean => name.startsWith('c') && /^c\d+$/.test(name);
