import type { Operation } from '../nodes/history.ts';
import { isClient } from '../sim/network.ts';
import { type Choice, chooseMessages } from './message-choice.ts';
import type { Message } from '../../maelstrom/message.ts';
import type { Delivery } from '../sim/network.ts';
import { arrow } from './arrow.ts';
import { cut, duration, grouped, listed, seconds } from './format.ts';
import { type LegendEntry, legend, legendHeight } from './legend.ts';
import { messageKind } from './message-label.ts';
import { type Rows, messageRows } from './message-rows.ts';
import { HUES } from './palette.ts';
import { type Picture, WIDTH } from './picture.ts';
import { box, element, label, px, tooltip } from './svg.ts';
import type { View } from './view.ts';

const LEFT = 96;
/** Beyond this many lanes, those that nobody speaks to are left out. */
const LANES = 8;

const CLIENTS = 'clients';

/** Who said what to whom: a lane for each, time runs downwards. */
export function messagesPicture(view: View): Picture {
  const focus = view.problems[0]?.operation;
  const choice = chooseMessages(view);
  const { marked, shown } = choice;
  const rows = messageRows(shown);
  const lanes = lanesOf(view, shown);
  const top = 44;
  const bottom = top + rows.height;
  const entries = legendOf(shown);
  const legendTop = bottom + 44;
  const drawing = [
    shades(view, rows, top),
    ...[...lanes].flatMap(([name, x]) => [
      label(x, top - 18, cut(name, 16), { class: 'strong middle' }),
      element('path', { class: 'line', d: `M${px(x)} ${top - 10}V${px(bottom)}` }),
      label(x, bottom + 16, cut(name, 16), { class: 'muted middle' }),
    ]),
    ...rows.moments.map(({ timeMs, y }) =>
      label(LEFT - 50, top + y + 4, (timeMs / 1000).toFixed(4), { class: 'muted end small' }),
    ),
    ...rows.gaps.map(({ y, idleMs }) =>
      label(LEFT - 44, top + y + 4, `⋮ ${duration(idleMs)}`, { class: 'muted small' }),
    ),
    focus === undefined ? '' : highlight(marked, rows, lanes, focus, top),
    ...rows.messages.map((placed) =>
      arrow(placed, {
        top,
        laneOf: (name) => lanes.get(isClient(name) ? CLIENTS : name) ?? LEFT,
        colour: colourOf(placed.delivery.message),
        speaker: isClient(placed.delivery.message.src) ? cut(placed.delivery.message.src, 6) : undefined,
        isLoud: marked.has(placed.delivery),
      }),
    ),
    label(LEFT - 50, top - 18, 'seconds', { class: 'muted end small' }),
    legend(LEFT, legendTop, WIDTH - 18, entries),
  ];
  return {
    name: 'messages',
    title: 'Messages',
    note: noteOf(view, choice, focus),
    height: legendTop + legendHeight(LEFT, WIDTH - 18, entries),
    drawing: shown.length === 0 ? label(LEFT, top, 'No messages in this part of the run.') : drawing.join(''),
  };
}

function noteOf({ deliveries, window }: View, { shown, only }: Choice, focus: Operation | undefined): string {
  const part = focus === undefined ? 'The first moments of the run' : 'Around what went wrong first (red)';
  const span = `${seconds(window.fromMs)} to ${seconds(window.toMs)}`;
  const whose = only.length === 0 ? '' : ` from and to ${listed(only)}`;
  const some =
    shown.length < deliveries.length
      ? `, ${shown.length} of ${grouped(deliveries.length)} messages${whose}`
      : '';
  return (
    `${part}, ${span}${some}. Time runs downwards, in order but not to scale: idle stretches are shortened (⋮). ` +
    `Arrows are messages, dashed ones answers; a lost one ends in a cross.`
  );
}

/** Clients at the left, then the nodes in their order, then services and whoever else spoke. */
function lanesOf({ nodeIds }: View, deliveries: readonly Delivery[]): Map<string, number> {
  const names = new Set(deliveries.flatMap(({ message: { src, dest } }) => [src, dest]));
  const nodes = nodeIds.length + 2 > LANES ? nodeIds.filter((node) => names.has(node)) : nodeIds;
  const others = [...names].filter((name) => !isClient(name) && !nodeIds.includes(name)).toSorted();
  const lanes = [CLIENTS, ...nodes, ...others];
  const width = Math.min(260, (WIDTH - LEFT - 120) / Math.max(1, lanes.length - 1));
  return new Map(lanes.map((name, i) => [name, LEFT + 40 + i * width]));
}

/** From question to answer, on the lane of the node that was asked. */
function highlight(
  marked: ReadonlySet<Delivery>,
  rows: Rows,
  lanes: ReadonlyMap<string, number>,
  { node }: Operation,
  top: number,
): string {
  const own = rows.messages.filter(({ delivery }) => marked.has(delivery));
  const x = lanes.get(node);
  const [first, last] = [own[0], own.at(-1)];
  if (x === undefined || first === undefined || last === undefined) return '';
  return box([x - 4, top + (first.receivedY ?? first.sentY)], [x + 4, top + last.sentY], {
    class: 'fill bad faint',
  });
}

function shades({ faults }: View, rows: Rows, top: number): string {
  return faults
    .map(({ fault, description, fromMs, toMs }) => {
      const [y1, y2] = [rows.at(fromMs), rows.at(toMs)];
      if (y2 - y1 < 1) return '';
      return [
        box(
          [LEFT - 44, top + y1],
          [WIDTH - 18, top + y2],
          { class: 'shade' },
          tooltip(`${fault}: ${description}`),
        ),
        sideways(
          WIDTH - 30,
          top + y1 + 6,
          cut(`${fault}: ${description}`, Math.max(fault.length + 1, Math.floor((y2 - y1) / 6))),
        ),
      ].join('');
    })
    .join('');
}

/** Text that reads downwards, beside lanes of which it is to hide nothing. */
const sideways = (x: number, y: number, text: string): string =>
  label(x, y, text, { class: 'muted small', transform: `rotate(90 ${px(x)} ${px(y)})` });

const kindColours = new Map([
  ['add', 'c0'],
  ['read', 'c1'],
  ['cas', 'c2'],
  ['write', 'c3'],
  ['error', 'fail'],
  ['init', 'muted'],
]);

/** Types of other protocols get one of the colours that are left, always the same. */
function colourOf({ body }: Message): string {
  const kind = messageKind(body);
  let sum = 0;
  for (const character of kind) sum += character.codePointAt(0) ?? 0;
  return kindColours.get(kind) ?? `c${4 + (sum % (HUES - 4))}`;
}

function legendOf(deliveries: readonly Delivery[]): LegendEntry[] {
  const kinds = new Map(deliveries.map(({ message }) => [messageKind(message.body), colourOf(message)]));
  return [...kinds].map(([text, colour]) => ({
    text: cut(text, 24),
    colour,
    look: 'line',
    className: 'thick',
  }));
}
