/**
 * The messages of a run, as diagnoses look at them: each once, in the order in which they were sent, with when it first
 * arrived; and requests together with their replies.
 */
import type { Body } from '../../maelstrom/message.ts';
import type { Operation } from '../nodes/history.ts';
import { type Delivery, isClient } from '../sim/network.ts';

/** A message as it was sent. */
export interface Sent {
  /** Ascends in the order of sending. */
  readonly id: number;
  readonly src: string;
  readonly dest: string;
  readonly body: Body;
  readonly sentMs: number;
  /** When its first copy arrived, undefined if none did. */
  readonly receivedMs: number | undefined;
}

export interface Exchange {
  readonly request: Sent;
  /** Several if the request arrived more than once. */
  readonly replies: readonly Sent[];
}

/** How far the clock may move between an event of an operation and its message. */
const TOLERANCE_MS = 5;

export class Messages {
  readonly all: readonly Sent[];
  /** When the last of them arrived. */
  readonly endMs: number;
  readonly #exchanges: readonly Exchange[];
  readonly #bySender = new Map<string, Exchange[]>();
  readonly #byReceiver = new Map<string, Exchange[]>();

  constructor(deliveries: readonly Delivery[]) {
    this.all = merged(deliveries);
    this.endMs = deliveries.reduce((end, { receivedMs, sentMs }) => Math.max(end, receivedMs ?? sentMs), 0);
    this.#exchanges = exchangesAmong(this.all);
    for (const exchange of this.#exchanges) {
      const { src, dest } = exchange.request;
      listIn(this.#bySender, src).push(exchange);
      listIn(this.#byReceiver, dest).push(exchange);
    }
  }

  /** What `name` asked of others, in order. */
  requestsOf(name: string): readonly Exchange[] {
    return this.#bySender.get(name) ?? [];
  }

  /** What others asked of `name`, in order. */
  requestsTo(name: string): readonly Exchange[] {
    return this.#byReceiver.get(name) ?? [];
  }

  /** The request and the reply of an operation, found by time and node: a history does not record messages. */
  exchangeOf({ f, node, invoked, completed, ...operation }: Operation): Exchange | undefined {
    const value = 'value' in operation ? operation.value : undefined;
    const distanceMs = ({ request }: Exchange): number => Math.abs(request.sentMs - invoked.timeMs);
    const fits = (exchange: Exchange): boolean => {
      const { request, replies } = exchange;
      const [reply] = replies;
      if (!isClient(request.src) || request.body['type'] !== f || distanceMs(exchange) > TOLERANCE_MS)
        return false;
      return (
        reply !== undefined &&
        Math.abs(reply.sentMs - completed.timeMs) <= TOLERANCE_MS &&
        (value === undefined || reply.body['value'] === value)
      );
    };
    return this.requestsTo(node)
      .filter(fits)
      .toSorted((a, b) => distanceMs(a) - distanceMs(b))[0];
  }

  /** The adds that clients asked of `node`, in order, without those of 0, which change nothing. */
  addsOf(node: string): readonly Add[] {
    return this.requestsTo(node).flatMap(({ request, replies: [reply] }) => {
      const { type, delta } = request.body;
      if (!isClient(request.src) || type !== 'add' || typeof delta !== 'number' || delta === 0) return [];
      return [{ request, delta, reply, acknowledged: reply?.body['type'] === 'add_ok' }];
    });
  }
}

/** An add, as a node sees it. */
export interface Add {
  readonly request: Sent;
  readonly delta: number;
  readonly reply: Sent | undefined;
  readonly acknowledged: boolean;
}

/** Each message once: a copy that was duplicated arrives under the same id. */
function merged(deliveries: readonly Delivery[]): Sent[] {
  const byId = new Map<number, Sent>();
  for (const { id, message, sentMs, receivedMs } of deliveries) {
    const { src, dest, body } = message;
    const known = byId.get(id);
    // They come in the order of arrival, so the first that arrived stays.
    if (known?.receivedMs === undefined) byId.set(id, { id, src, dest, body, sentMs, receivedMs });
  }
  return [...byId.values()].toSorted((a, b) => a.id - b.id);
}

function exchangesAmong(messages: readonly Sent[]): Exchange[] {
  const exchanges: { readonly request: Sent; readonly replies: Sent[] }[] = [];
  const open = new Map<string, (typeof exchanges)[number]>();
  for (const message of messages) {
    const { src, dest, body } = message;
    const { msg_id: id, in_reply_to: inReplyTo } = body;
    if (typeof inReplyTo === 'number') open.get(`${dest} ${src} ${inReplyTo}`)?.replies.push(message);
    else {
      const exchange = { request: message, replies: [] };
      exchanges.push(exchange);
      // A node that starts again may number its requests from the beginning: the latest of a number is meant.
      if (typeof id === 'number') open.set(`${src} ${dest} ${id}`, exchange);
    }
  }
  return exchanges;
}

/** The list under a name, which is made if it is not there. */
export function listIn<Name, T>(lists: Map<Name, T[]>, name: Name): T[] {
  const list = lists.get(name) ?? [];
  lists.set(name, list);
  return list;
}
