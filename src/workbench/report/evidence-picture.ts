/**
 * The picture of the first problem: the read beside the adds that explain it. The dashed line is where it was invoked;
 * whatever was acknowledged left of this line, it must include.
 */
import type { AddOperation, Operation, ReadOperation } from '../nodes/history.ts';
import type { Ranges } from '../sim/ranges.ts';
import { type Frame, TIME_AXIS_HEIGHT, timeAxis, timeFrame, xOf } from './axes.ts';
import { type Evidence, greatest, lowest } from './evidence.ts';
import { counted, cut, grouped, seconds, signed } from './format.ts';
import { type Picture, box, element, label, px, textWidth, tooltip } from './svg.ts';

const EVIDENCE_WIDTH = 834;
const LEFT = 104;
const RIGHT = 716;
const LANE = 24;
const MAX_LANES = 7;
/** How many adds are candidates. Older ones would only squeeze the recent ones together. */
const MAX_RECENT = 12;

export function evidencePicture(evidence: Evidence): Picture {
  const { operation, value, acknowledged, allowed, suspects } = evidence;
  const chosen = tellingOf(evidence);
  const lanes = lanesOf(chosen);
  const fromMs = Math.min(...chosen.map(({ invoked }) => invoked.timeMs));
  const room = Math.max(0.2, (operation.completed.timeMs - fromMs) * 0.04);
  const frame = timeFrame(
    { fromMs: Math.max(0, fromMs - room), toMs: operation.completed.timeMs + room },
    { top: 32, height: LANE * lanes.size, left: LEFT, right: RIGHT },
  );
  const line = xOf(frame, operation.invoked.timeMs);
  const topOf = (process: number): number => frame.top + [...lanes.keys()].indexOf(process) * LANE;
  const readTop = topOf(operation.process);
  const due = `${grouped(acknowledged)} acknowledged before it asked`;
  const dueAtLeft = line - frame.left > textWidth(due, 12) + 10;
  const answered = value === undefined ? 'no answer' : `answered ${grouped(value)}`;
  const drawing = [
    box([frame.left, frame.top], [line, frame.bottom], { class: 'counted' }),
    timeAxis(frame),
    ...[...lanes].flatMap(([process, node]) => [
      label(frame.left - 72, topOf(process) + 16, cut(node, 5), { class: 'strong end' }),
      label(frame.left - 8, topOf(process) + 16, `process ${process}`, { class: 'muted end small' }),
      element('path', { class: 'grid', d: `M${frame.left} ${px(topOf(process) + LANE)}H${frame.right}` }),
    ]),
    element('path', { class: 'stroke text dashed', d: `M${px(line)} ${frame.top - 8}V${px(frame.bottom)}` }),
    label(line + (dueAtLeft ? -8 : 8), frame.top - 12, due, { class: dueAtLeft ? 'strong end' : 'strong' }),
    ...chosen.map((other) => {
      const top = topOf(other.process);
      if (other === operation) return offenderBar(frame, operation, top);
      return other.f === 'add'
        ? addBar(frame, other, top, lookOf(other, evidence))
        : readBar(frame, other, top);
    }),
    label(frame.right + 8, readTop + 11, answered, { class: 'bad' }),
    value === undefined
      ? ''
      : label(frame.right + 8, readTop + 24, rightAnswer(allowed, evidence), { class: 'small muted' }),
  ];
  return {
    name: 'evidence',
    title: `What went wrong first: ${operation.node}, ${answered}, at ${seconds(operation.invoked.timeMs)}`,
    note: noteOf(evidence, chosen, suspects.size > 0),
    width: EVIDENCE_WIDTH,
    height: frame.bottom + TIME_AXIS_HEIGHT,
    drawing: drawing.join(''),
  };
}

/** The read, what contradicts it, and as many other adds as there is room for, the most recent first. */
function tellingOf({ operation, offence, suspects, earlier, before, around }: Evidence): Operation[] {
  const candidates: Operation[] = [
    operation,
    ...(offence === 'goes back' && earlier !== undefined ? [earlier.read] : []),
    ...suspects,
    ...before
      .slice(-MAX_RECENT)
      .toReversed()
      .flatMap(({ add }) => (add.delta === 0 ? [] : [add])),
    ...around,
  ];
  const chosen = new Set<Operation>();
  // With few processes there is room for several operations of each.
  const most = Math.max(1, Math.floor(MAX_LANES / new Set(candidates.map(({ process }) => process)).size));
  const taken = new Map<number, number>();
  for (const candidate of candidates) {
    const { process } = candidate;
    const count = taken.get(process) ?? 0;
    if (count === 0 && taken.size === MAX_LANES) continue;
    if (count > most || (count === most && candidate.f === 'add' && !suspects.has(candidate))) continue;
    taken.set(process, count + 1);
    chosen.add(candidate);
  }
  return [...chosen];
}

/** The lanes: each process with its node, that of the read last. */
function lanesOf(operations: readonly Operation[]): Map<number, string> {
  const [read] = operations;
  const inOrder = operations
    .filter(({ process }) => process !== read?.process)
    .toSorted((a, b) => a.completed.index - b.completed.index);
  return new Map(
    [...inOrder, ...(read === undefined ? [] : [read])].map(({ process, node }) => [process, node]),
  );
}

function noteOf({ offence, around }: Evidence, chosen: readonly Operation[], hasSuspects: boolean): string {
  const hidden = around.filter((add) => !chosen.includes(add)).length;
  const underWay = around.length > hidden ? 'Grey outlines: adds still under way, which may be in it' : '';
  const omitted = hidden > 0 ? `${counted(hidden, 'more add')} under way not shown` : '';
  return [
    offence === 'misses' ? 'Adds acknowledged left of the dashed line must be in the answer.' : '',
    hasSuspects && offence === 'misses' ? 'Red outline: what is missing, by its size.' : '',
    hasSuspects && offence === 'exceeds' ? 'Red outline: would explain it if counted twice.' : '',
    [underWay, omitted].filter((part) => part !== '').join('; '),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function rightAnswer(allowed: Ranges, { offence, earlier }: Evidence): string {
  const low = offence === 'goes back' ? (earlier?.atLeast ?? 0) : lowest(allowed);
  const high = Math.max(low, greatest(allowed));
  return low === high ? `right: ${grouped(low)}` : `right: ${grouped(low)}–${grouped(high)}`;
}

function lookOf(add: AddOperation, { suspects, around }: Evidence): string {
  if (suspects.has(add)) return 'missing';
  return around.includes(add) ? 'stroke muted' : 'fill ok';
}

function addBar(frame: Frame, add: AddOperation, top: number, look: string): string {
  const { invoked, completed, outcome, node } = add;
  const x1 = xOf(frame, invoked.timeMs);
  const x2 = Math.max(x1 + 4, xOf(frame, outcome === 'ok' ? completed.timeMs : Infinity));
  const text = signed(add.delta);
  const title = `${text} on ${node}, asked ${seconds(invoked.timeMs)}, ${outcome} ${seconds(completed.timeMs)}`;
  const isInside = x2 - x1 > textWidth(text, 12) + 10;
  const colour = look === 'missing' ? 'bad' : isInside && look === 'fill ok' ? 'inside' : 'halo';
  return (
    box([x1, top + 5], [x2, top + LANE - 5], { class: look }, tooltip(title)) +
    (isInside
      ? label(x2 - 5, top + 16, text, { class: `end ${colour}` })
      : label(x2 + 4, top + 16, text, { class: `halo ${colour}` }))
  );
}

function readBar(frame: Frame, read: ReadOperation, top: number): string {
  const [x1, x2] = spanOf(frame, read);
  return (
    box([x1, top + 4], [x2, top + LANE - 4], { class: 'fill ok' }) +
    label(x2 + 4, top + 16, `read ${grouped(read.value ?? 0)}`, { class: 'halo strong' })
  );
}

function offenderBar(frame: Frame, operation: Operation, top: number): string {
  const [x1, x2] = spanOf(frame, operation);
  return box([x1, top + 4], [x2, top + LANE - 4], { class: 'fill bad' });
}

function spanOf(frame: Frame, { invoked, completed }: Operation): [number, number] {
  const x1 = xOf(frame, invoked.timeMs);
  return [x1, Math.max(x1 + 5, xOf(frame, completed.timeMs))];
}
