import type { Delivery } from '../sim/network.ts';

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
  /** Where many idle milliseconds were left out. */
  readonly gaps: readonly { readonly y: number; readonly idleMs: number }[];
  /** Moments to be written beside the rows, far enough from each other. */
  readonly moments: readonly { readonly y: number; readonly timeMs: number }[];
}

/** A line of text. */
const SEND_ROW = 13;
const RECEIVE_ROW = 4;
const IDLE_ROW = 40;
const MOMENT_EVERY = 30;
/** Client messages take no time, except for that between two looks at the clock. */
const INSTANT_MS = 0.05;

interface Event {
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

/** Sends and receptions in order. Within a moment the earlier message comes first: an answer follows its question. */
function eventsOf(deliveries: readonly Delivery[]): Event[] {
  return deliveries
    .flatMap((delivery): Event[] => [
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

/** Between the rows around it, in proportion. */
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
