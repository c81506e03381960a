/**
 * Which messages the diagram shows, and at what height. Both are bounded: of too many messages it shows those that
 * concern the first problem, and an idle stretch takes no more than a few lines, however long it is.
 */
import type { Message } from '../../maelstrom/message.ts';
import type { Operation } from '../nodes/history.ts';
import { type Delivery, isClient } from '../sim/network.ts';
import { evidenceOf, returnedValue } from './evidence.ts';
import type { View } from './view.ts';

/** More messages would take long to look at. The window of the diagram aims at fewer. */
const MAX_MESSAGES = 220;
/** How many messages after the reply of the first problem are shown. */
const MESSAGES_AFTER = 12;

export interface Choice {
  /** In the order in which they were sent. */
  readonly shown: readonly Delivery[];
  /** The request and the reply of the first problem. */
  readonly marked: ReadonlySet<Delivery>;
  /** Those that show a mistake. */
  readonly telling: ReadonlySet<Delivery>;
  /** The nodes whose messages are shown, if there were too many to show all. */
  readonly only: readonly string[];
}

/** All messages of the window; of too many, the last ones of the nodes that the first problem concerns. */
export function chooseMessages({ deliveries, evidence, problems, operations }: View): Choice {
  const inOrder = deliveries.toSorted((a, b) => a.sentMs - b.sentMs || a.id - b.id);
  const [problem] = problems;
  const named = new Set(evidence.map(({ id }) => id));
  // Of a message that was duplicated, the first copy.
  const telling = new Set(inOrder.filter(({ id }) => named.delete(id)));
  if (problem === undefined) {
    const shown = inOrder.filter((delivery, i) => i < MAX_MESSAGES || telling.has(delivery));
    return { shown, marked: new Set(), telling, only: [] };
  }
  const { operation, suspects } = evidenceOf(problem, operations);
  const marked = messagesOf(operation, inOrder);
  const concerned = new Set([operation.node, ...[...suspects].map((add) => add.node)]);
  const isMany = inOrder.length > MAX_MESSAGES;
  const candidates = isMany
    ? inOrder.filter(({ message: { src, dest } }) => concerned.has(src) || concerned.has(dest))
    : inOrder;
  const last = candidates.findLastIndex((delivery) => marked.has(delivery));
  const end = last === -1 ? candidates.length : last + MESSAGES_AFTER;
  const near = new Set(candidates.slice(Math.max(0, end - MAX_MESSAGES), end));
  const shown = inOrder.filter(
    (delivery) => near.has(delivery) || marked.has(delivery) || telling.has(delivery),
  );
  return { shown, marked, telling, only: isMany ? [...concerned] : [] };
}

/** The ids of the messages that show a mistake and are in the diagram. */
export const shownEvidence = (view: View): ReadonlySet<number> =>
  new Set([...chooseMessages(view).telling].map(({ id }) => id));

/** Where in the page the arrow of a message is that shows a mistake. */
export const messageAnchor = (id: number): string => `message-${id}`;

/** How far the clock may move between an event of an operation and its message. */
const TOLERANCE_MS = 5;

/** The request and the reply of an operation, found by time and node: a history does not record messages. */
function messagesOf(operation: Operation, deliveries: readonly Delivery[]): Set<Delivery> {
  const { f, node, invoked, completed } = operation;
  const value = returnedValue(operation);
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= TOLERANCE_MS;
  const requests = deliveries.filter(
    ({ sentMs, message: { src, dest, body } }) =>
      isClient(src) && dest === node && body['type'] === f && near(sentMs, invoked.timeMs),
  );
  const [best] = requests
    .map((request) => ({ request, reply: replyTo(request.message, deliveries) }))
    .filter(({ reply }) => {
      if (value === undefined || reply === undefined) return value === undefined;
      const { sentMs, receivedMs = sentMs, message } = reply;
      return message.body['value'] === value && near(receivedMs, completed.timeMs);
    })
    .toSorted(
      (a, b) => Math.abs(a.request.sentMs - invoked.timeMs) - Math.abs(b.request.sentMs - invoked.timeMs),
    );
  if (best === undefined) return new Set();
  return new Set(best.reply === undefined ? [best.request] : [best.request, best.reply]);
}

const replyTo = ({ src, dest, body }: Message, deliveries: readonly Delivery[]): Delivery | undefined =>
  deliveries.find(
    ({ message }) =>
      message.src === dest && message.dest === src && message.body['in_reply_to'] === body['msg_id'],
  );

/** Where a message begins and ends in the diagram. */
export interface Placed {
  readonly delivery: Delivery;
  readonly sentY: number;
  /** Undefined if it was lost. */
  readonly receivedY: number | undefined;
}

export interface Rows {
  readonly messages: readonly Placed[];
  readonly height: number;
  /** The height of any moment. */
  readonly at: (timeMs: number) => number;
  /** Where idle time was shortened. */
  readonly gaps: readonly { readonly y: number; readonly idleMs: number }[];
  /** Moments to write beside the rows, far enough from each other. */
  readonly moments: readonly { readonly y: number; readonly timeMs: number }[];
}

/** The height of a line of text. */
const SEND_ROW = 13;
const RECEIVE_ROW = 4;
const IDLE_ROW = 40;
const MOMENT_EVERY = 30;
/** Messages of clients take no time, except for that between two readings of the clock. */
const INSTANT_MS = 0.05;

interface MessageEvent {
  readonly timeMs: number;
  readonly delivery: Delivery;
  readonly receives: boolean;
}

/**
 * Time runs downwards, but not evenly: what happens in one moment is drawn apart in its order, and idle time is
 * shortened. Otherwise a run without latency would be a pile of lines, and one with latency mostly empty.
 */
export function messageRows(deliveries: readonly Delivery[]): Rows {
  const events = eventsOf(deliveries);
  const firstMs = events[0]?.timeMs ?? 0;
  const spanMs = Math.max(1e-9, (events.at(-1)?.timeMs ?? 0) - firstMs);
  const perMs = (events.length * SEND_ROW) / spanMs;
  const sent = new Map<Delivery, number>();
  const received = new Map<Delivery, number>();
  const points: { timeMs: number; y: number }[] = [];
  const gaps: { y: number; idleMs: number }[] = [];
  const moments: { timeMs: number; y: number }[] = [];
  let y = 0;
  let beforeMs = firstMs;
  for (const { timeMs, delivery, receives } of events) {
    const idleMs = timeMs - beforeMs;
    const least = receives ? RECEIVE_ROW : SEND_ROW;
    const gap = Math.max(least, Math.min(IDLE_ROW, idleMs * perMs));
    if (idleMs * perMs > 2 * IDLE_ROW) gaps.push({ y: y + gap / 2, idleMs });
    y += gap;
    if (receives) received.set(delivery, y);
    else {
      sent.set(delivery, y);
      if (isInstant(delivery)) received.set(delivery, y);
    }
    points.push({ timeMs, y });
    if (y - (moments.at(-1)?.y ?? -Infinity) >= MOMENT_EVERY) moments.push({ timeMs, y });
    beforeMs = timeMs;
  }
  return {
    messages: deliveries.map((delivery) => ({
      delivery,
      sentY: sent.get(delivery) ?? 0,
      receivedY: received.get(delivery),
    })),
    height: y + SEND_ROW,
    at: (timeMs) => heightAt(points, timeMs),
    gaps,
    moments,
  };
}

const isInstant = ({ sentMs, receivedMs }: Delivery): boolean =>
  receivedMs !== undefined && receivedMs - sentMs < INSTANT_MS;

/** Sends and receptions in order. Within a moment the earlier message comes first, so a reply follows its request. */
function eventsOf(deliveries: readonly Delivery[]): MessageEvent[] {
  return deliveries
    .flatMap((delivery): MessageEvent[] => [
      { timeMs: delivery.sentMs, delivery, receives: false },
      ...(delivery.receivedMs === undefined || isInstant(delivery)
        ? []
        : [{ timeMs: delivery.receivedMs, delivery, receives: true }]),
    ])
    .toSorted(
      (a, b) =>
        a.timeMs - b.timeMs || a.delivery.id - b.delivery.id || Number(a.receives) - Number(b.receives),
    );
}

/** The height of a moment, interpolated between the rows around it. */
function heightAt(
  points: readonly { readonly timeMs: number; readonly y: number }[],
  timeMs: number,
): number {
  const after = points.findIndex((point) => point.timeMs >= timeMs);
  const [p, q] = [points[after - 1], points[after]];
  if (q === undefined) return (points.at(-1)?.y ?? 0) + SEND_ROW;
  if (p === undefined || q.timeMs === p.timeMs) return Math.max(0, q.y - SEND_ROW);
  return p.y + ((timeMs - p.timeMs) / (q.timeMs - p.timeMs)) * (q.y - p.y);
}
