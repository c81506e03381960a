import type { Operation } from '../nodes/history.ts';
import { cut, duration, seconds, signed } from './format.ts';
import { type Frame, timeFrame, xOf } from './frame.ts';
import type { TimeWindow } from './input.ts';
import { drawMarks } from './marks.ts';
import { box, element, label, px, textWidth, tooltip } from './svg.ts';
import type { View } from './view.ts';

const LANE = 19;
const LANES = 40;

/** One client: it asks one thing at a time of always the same node. */
interface Lane {
  readonly node: string;
  readonly client: number;
  readonly operations: Operation[];
}

export interface CloseUp {
  readonly frame: Frame;
  readonly drawing: string;
  readonly hiddenClients: number;
}

/** A part of the run with a lane for each client, grouped by node. */
export function closeUp(view: View, window: TimeWindow, top: number): CloseUp {
  const all = lanesOf(view, window);
  const lanes = mostTelling(view, all);
  const frame = timeFrame(window, { top, height: LANE * Math.max(1, lanes.length) });
  const drawing = lanes.flatMap(({ node, client, operations }, i) => {
    const y = top + i * LANE;
    const startsGroup = lanes[i - 1]?.node !== node;
    return [
      startsGroup ? label(frame.left - 66, y + 13, cut(node, 4), { class: 'strong end' }) : '',
      label(frame.left - 8, y + 13, `client ${client}`, { class: 'muted end small' }),
      startsGroup && i > 0
        ? element('path', { class: 'line', d: `M${frame.left - 90} ${px(y)}H${frame.right}` })
        : '',
      ...operations.map((operation, at) => bar(view, frame, y, operation, operations[at + 1])),
    ];
  });
  return { frame, drawing: drawing.join(''), hiddenClients: all.length - lanes.length };
}

function lanesOf({ operations, nodeIds, results }: View, { fromMs, toMs }: TimeWindow): Lane[] {
  const lanes = new Map<string, Lane>();
  for (const operation of operations) {
    const { node, process, invoked, completed } = operation;
    if (completed.timeMs < fromMs || invoked.timeMs > toMs) continue;
    const client = process % Math.max(1, results.options.concurrency);
    // Where there are fewer clients than nodes, one more asks each of the others at the end.
    const key = `${client} ${node}`;
    const lane = lanes.get(key) ?? { node, client, operations: [] };
    lane.operations.push(operation);
    lanes.set(key, lane);
  }
  for (const { operations: own } of lanes.values()) own.sort((a, b) => a.invoked.index - b.invoked.index);
  return [...lanes.values()].toSorted(
    (a, b) => nodeIds.indexOf(a.node) - nodeIds.indexOf(b.node) || a.client - b.client,
  );
}

/** No more lanes than can be looked at: those with wrong answers, then those with failures, then any. */
function mostTelling({ offenders }: View, lanes: readonly Lane[]): Lane[] {
  const weight = ({ operations }: Lane): number => {
    if (operations.some((operation) => offenders.has(operation))) return 2;
    return operations.some((operation) => operation.outcome !== 'ok') ? 1 : 0;
  };
  const kept = new Set(lanes.toSorted((a, b) => weight(b) - weight(a)).slice(0, LANES));
  return lanes.filter((lane) => kept.has(lane));
}

function bar(
  { offenders }: View,
  frame: Frame,
  top: number,
  operation: Operation,
  next: Operation | undefined,
): string {
  const { f, outcome, invoked, completed } = operation;
  const wrong = offenders.has(operation);
  const x1 = xOf(frame, invoked.timeMs);
  const x2 = Math.max(x1 + 2, xOf(frame, completed.timeMs));
  const colour = wrong ? 'bad' : outcome === 'ok' ? (f === 'add' ? 'ok' : 'ok-soft') : outcome;
  const text = f === 'add' ? signed(operation.delta) : outcome === 'ok' ? String(operation.value) : '';
  const free = next === undefined ? frame.right : xOf(frame, next.invoked.timeMs);
  const isFinal = operation.final;
  const room = isFinal ? 8 : 0;
  const textX = x2 + 3 + room;
  return [
    box([x1, top + 4], [x2, top + LANE - 4], { class: `fill ${colour}` }, tooltip(describe(operation))),
    isFinal ? drawMarks([{ x: x2 + 6, y: top + LANE / 2 }], 'diamond', 'text') : '',
    textX + textWidth(text, 10.5) <= free
      ? label(textX, top + 13.5, text, { class: wrong ? 'bad' : 'muted small' })
      : wrong && x2 - x1 > textWidth(text, 12) + 8
        ? label(x2 - 4, top + 13.5, text, { class: 'inside end' })
        : '',
  ].join('');
}

function describe(operation: Operation): string {
  const { f, node, process, invoked, completed, outcome, error } = operation;
  const what = f === 'add' ? `add ${operation.delta}` : `read ${operation.value ?? ''}`;
  const took = duration(completed.timeMs - invoked.timeMs);
  return `${what} on ${node}, process ${process}, from ${seconds(invoked.timeMs)}, ${outcome} after ${took}${error === undefined ? '' : `: ${error}`}`;
}
