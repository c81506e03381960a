/**
 * Every operation as a bar from request to reply: above the whole run with a row for each node, below a part of it with
 * a lane for each client.
 */
import type { Operation } from '../nodes/history.ts';
import { type Frame, TIME_AXIS_HEIGHT, faultStrips, stripsHeight, timeAxis, timeFrame, xOf } from './axes.ts';
import { counted, cut, duration, seconds, signed } from './format.ts';
import {
  type LegendEntry,
  type Picture,
  box,
  drawMarks,
  element,
  label,
  legend,
  px,
  textWidth,
  thinned,
  tooltip,
} from './svg.ts';
import { type TimeWindow, type View, windowAround } from './view.ts';

const LANE = 19;
const MAX_LANES = 40;
/** As many operations as can be told apart in the close-up. */
const OPERATIONS_PER_CLIENT = 14;
const MAX_OPERATIONS = 160;

export function timelinePicture(view: View): Picture {
  const { faults, whole } = view;
  const stripsTop = 12;
  const rows = overview(view, timeFrame(whole, { top: stripsTop + stripsHeight(faults), height: 0 }));
  const { frame } = rows;
  const window = closeUpWindow(view);
  const near = faults.filter(({ fromMs, toMs }) => toMs >= window.fromMs && fromMs <= window.toMs);
  const detail = closeUp(view, window, frame.bottom + TIME_AXIS_HEIGHT + 22 + stripsHeight(near));
  const [x1, x2] = [xOf(frame, window.fromMs), xOf(frame, window.toMs)];
  const { left, right, top } = detail.frame;
  const funnelEnd = px(top - stripsHeight(near) - 6);
  const funnel = `M${px(x1)} ${px(frame.bottom)}L${px(left)} ${funnelEnd}M${px(x2)} ${px(frame.bottom)}L${px(right)} ${funnelEnd}`;
  const shown =
    window.toMs - window.fromMs >= whole.toMs * 0.98
      ? 'below, client by client'
      : `below, client by client, only from ${seconds(window.fromMs)} to ${seconds(window.toMs)}, ` +
        (view.problems.length > 0 ? 'around what went wrong first' : 'as an example');
  const legendTop = detail.frame.bottom + TIME_AXIS_HEIGHT + 16;
  const key = legend(left, legendTop, right, legendOf(view));
  const omitted = detail.hiddenClients > 0 ? ` (${counted(detail.hiddenClients, 'client')} left out)` : '';
  return {
    name: 'timeline',
    title: 'Operations',
    note: `Bars from question to answer. Above, the whole run node by node; ${shown}${omitted}.`,
    height: legendTop + key.height,
    drawing: [
      faultStrips(frame, faults, stripsTop, frame.bottom),
      timeAxis(frame, ''),
      box([x1, frame.top - 2], [Math.max(x1 + 2, x2), frame.bottom + 2], { class: 'stroke text thin' }),
      rows.drawing,
      element('path', { class: 'stroke line thin', d: funnel }),
      faultStrips(detail.frame, near, top - stripsHeight(near), detail.frame.bottom),
      timeAxis(detail.frame),
      detail.drawing,
      key.drawing,
    ].join(''),
  };
}

/** As much as can be told apart, around the first problem or else the first operation without success. */
function closeUpWindow({ operations, problems, whole, results }: View): TimeWindow {
  const most = Math.min(MAX_OPERATIONS, Math.max(30, results.options.concurrency * OPERATIONS_PER_CLIENT));
  if (operations.length <= most) return whole;
  const focus = problems[0]?.operation ?? operations.find((operation) => operation.outcome !== 'ok');
  return windowAround(focus, operations, { before: 0.7 * most, after: 0.3 * most });
}

function legendOf({ operations, offenders }: View): LegendEntry[] {
  const has = (outcome: string): boolean => operations.some((operation) => operation.outcome === outcome);
  return [
    { text: 'add, ok', colour: 'ok', look: 'area', className: 'fill' },
    { text: 'read, ok', colour: 'ok-soft', look: 'area', className: 'fill' },
    ...(has('info') ? [{ text: 'unknown', colour: 'info', look: 'area', className: 'fill' } as const] : []),
    ...(has('fail') ? [{ text: 'failed', colour: 'fail', look: 'area', className: 'fill' } as const] : []),
    { text: 'after healing', colour: 'text', look: 'diamond' },
    ...(offenders.size > 0
      ? [{ text: 'wrong or missing answer', colour: 'bad', look: 'area', className: 'fill' } as const]
      : []),
  ];
}

/** The whole run with a row for each node. Adjacent operations merge; what went wrong stays visible. */
function overview(view: View, place: Frame): { readonly frame: Frame; readonly drawing: string } {
  const { nodeIds, operations, offenders } = view;
  const row = nodeIds.length > 12 ? 12 : 18;
  const frame = { ...place, bottom: place.top + row * Math.max(1, nodeIds.length) };
  const drawing = nodeIds.flatMap((node, i) => {
    const top = frame.top + i * row + 2;
    const height = row - 4;
    const own = operations.filter((operation) => operation.node === node);
    const bars = (some: readonly Operation[], colour: string): string =>
      element('path', { class: `fill ${colour}`, d: merged(frame, some, top, height) || 'M0 0' });
    const is = (outcome: Operation['outcome']) => own.filter((operation) => operation.outcome === outcome);
    const finals = own.filter((operation) => operation.final);
    return [
      label(frame.left - 8, top + height / 2 + 4, cut(node, 14), { class: 'muted end' }),
      bars(is('ok'), 'ok-soft'),
      bars(is('info'), 'info'),
      bars(is('fail'), 'fail'),
      drawMarks(
        thinned(
          finals.map(({ invoked }) => ({ x: xOf(frame, invoked.timeMs), y: top + height / 2 })),
          3,
        ),
        'diamond',
        'text',
      ),
      bars(
        own.filter((operation) => offenders.has(operation)),
        'bad',
      ),
    ];
  });
  return { frame, drawing: drawing.join('') };
}

/** The pixels that any of the operations covers, as rectangles in one path. */
function merged(frame: Frame, operations: readonly Operation[], top: number, height: number): string {
  const covered = new Uint8Array(Math.ceil(frame.right) + 2);
  for (const { invoked, completed } of operations) {
    const from = Math.floor(xOf(frame, invoked.timeMs));
    covered.fill(1, from, Math.max(from + 1, Math.ceil(xOf(frame, completed.timeMs))));
  }
  const rectangles: string[] = [];
  for (let x = 0; x < covered.length; x++) {
    if (covered[x] === 0) continue;
    const end = covered.indexOf(0, x);
    rectangles.push(`M${x} ${px(top)}H${end}v${height}H${x}z`);
    x = end;
  }
  return rectangles.join('');
}

/** A client, which sends one request at a time and always to the same node. */
interface Lane {
  readonly node: string;
  readonly client: number;
  readonly operations: Operation[];
}

interface CloseUp {
  readonly frame: Frame;
  readonly drawing: string;
  readonly hiddenClients: number;
}

/** A part of the run with a lane for each client, grouped by node. */
function closeUp(view: View, window: TimeWindow, top: number): CloseUp {
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
    // With fewer clients than nodes, further clients read from the remaining nodes at the end.
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

/** As many lanes as can be looked at: those with offenders first, then those with failures, then any. */
function mostTelling({ offenders }: View, lanes: readonly Lane[]): Lane[] {
  const weight = ({ operations }: Lane): number => {
    if (operations.some((operation) => offenders.has(operation))) return 2;
    return operations.some((operation) => operation.outcome !== 'ok') ? 1 : 0;
  };
  const kept = new Set(lanes.toSorted((a, b) => weight(b) - weight(a)).slice(0, MAX_LANES));
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
