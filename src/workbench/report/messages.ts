/**
 * The message diagram: who sent what to whom, with a lane for each participant and time running downwards. Its middle
 * is the request and the reply of the first problem.
 */
import type { Body, Message } from '../../maelstrom/message.ts';
import type { Operation } from '../nodes/history.ts';
import { type Delivery, isClient } from '../sim/network.ts';
import { cut, duration, grouped, listed, seconds } from './format.ts';
import {
  type Choice,
  type Placed,
  type Rows,
  chooseMessages,
  messageAnchor,
  messageRows,
} from './message-layout.ts';
import {
  HUES,
  type LegendEntry,
  type Picture,
  WIDTH,
  box,
  element,
  label,
  legend,
  px,
  textWidth,
  tooltip,
} from './svg.ts';
import type { View } from './view.ts';

const LEFT = 96;
/** Beyond this number of lanes, those of nodes without messages are left out. */
const MAX_LANES = 8;
const TOP = 44;

const CLIENTS = 'clients';

export function messagesPicture(view: View): Picture {
  const focus = view.problems[0]?.operation;
  const choice = chooseMessages(view);
  const { marked, telling, shown } = choice;
  const rows = messageRows(shown);
  const lanes = lanesOf(view, shown);
  const bottom = TOP + rows.height;
  const legendTop = bottom + 44;
  const key = legend(LEFT, legendTop, WIDTH - 18, legendOf(shown));
  const drawing = [
    shades(view, rows),
    ...[...lanes].flatMap(([name, x]) => [
      label(x, TOP - 18, cut(name, 16), { class: 'strong middle' }),
      element('path', { class: 'line', d: `M${px(x)} ${TOP - 10}V${px(bottom)}` }),
      label(x, bottom + 16, cut(name, 16), { class: 'muted middle' }),
    ]),
    ...rows.moments.map(({ timeMs, y }) =>
      label(LEFT - 50, TOP + y + 4, (timeMs / 1000).toFixed(4), { class: 'muted end small' }),
    ),
    ...rows.gaps.map(({ y, idleMs }) =>
      label(LEFT - 44, TOP + y + 4, `⋮ ${duration(idleMs)}`, { class: 'muted small' }),
    ),
    focus === undefined ? '' : highlight(marked, rows, lanes, focus),
    ...rows.messages.map((placed) =>
      arrow(placed, {
        laneOf: (name) => lanes.get(isClient(name) ? CLIENTS : name) ?? LEFT,
        colour: colourOf(placed.delivery.message),
        sender: isClient(placed.delivery.message.src) ? cut(placed.delivery.message.src, 6) : undefined,
        isLoud: marked.has(placed.delivery) || telling.has(placed.delivery),
        anchor: telling.has(placed.delivery) ? messageAnchor(placed.delivery.id) : undefined,
      }),
    ),
    label(LEFT - 50, TOP - 18, 'seconds', { class: 'muted end small' }),
    key.drawing,
  ];
  return {
    name: 'messages',
    title: 'Messages',
    note: noteOf(view, choice, focus),
    height: legendTop + key.height,
    drawing: shown.length === 0 ? label(LEFT, TOP, 'No messages in this part of the run.') : drawing.join(''),
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

/** The x of each lane: clients at the left, then the nodes in their order, then services and others. */
function lanesOf({ nodeIds }: View, deliveries: readonly Delivery[]): Map<string, number> {
  const names = new Set(deliveries.flatMap(({ message: { src, dest } }) => [src, dest]));
  const nodes = nodeIds.length + 2 > MAX_LANES ? nodeIds.filter((node) => names.has(node)) : nodeIds;
  const others = [...names].filter((name) => !isClient(name) && !nodeIds.includes(name)).toSorted();
  const lanes = [CLIENTS, ...nodes, ...others];
  const width = Math.min(260, (WIDTH - LEFT - 120) / Math.max(1, lanes.length - 1));
  return new Map(lanes.map((name, i) => [name, LEFT + 40 + i * width]));
}

/** From request to reply, on the lane of the node that served it. */
function highlight(
  marked: ReadonlySet<Delivery>,
  rows: Rows,
  lanes: ReadonlyMap<string, number>,
  { node }: Operation,
): string {
  const own = rows.messages.filter(({ delivery }) => marked.has(delivery));
  const x = lanes.get(node);
  const [first, last] = [own[0], own.at(-1)];
  if (x === undefined || first === undefined || last === undefined) return '';
  return box([x - 4, TOP + (first.receivedY ?? first.sentY)], [x + 4, TOP + last.sentY], {
    class: 'fill bad faint',
  });
}

function shades({ faults }: View, rows: Rows): string {
  return faults
    .map(({ fault, description, fromMs, toMs }) => {
      const [y1, y2] = [rows.at(fromMs), rows.at(toMs)];
      if (y2 - y1 < 1) return '';
      return [
        box(
          [LEFT - 44, TOP + y1],
          [WIDTH - 18, TOP + y2],
          { class: 'shade' },
          tooltip(`${fault}: ${description}`),
        ),
        sideways(
          WIDTH - 30,
          TOP + y1 + 6,
          cut(`${fault}: ${description}`, Math.max(fault.length + 1, Math.floor((y2 - y1) / 6))),
        ),
      ].join('');
    })
    .join('');
}

/** Text that runs downwards, so that it covers no lane. */
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

/** Other types get one of the remaining hues, always the same. */
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

interface ArrowStyle {
  readonly laneOf: (name: string) => number;
  readonly colour: string;
  /** The sender, where several share a lane. */
  readonly sender: string | undefined;
  /** Whether it belongs to the first problem, or shows a mistake. */
  readonly isLoud: boolean;
  /** What a link to it names. */
  readonly anchor: string | undefined;
}

/** How far an arrow of a lost message gets, as a part of its way, and how many pixels it falls. */
const LOST_AFTER = 0.62;
const LOST_DROP = 8;

/** One message, from its sender to its receiver, or to a cross on the way. */
function arrow(
  { delivery, sentY, receivedY }: Placed,
  { laneOf, colour, sender, isLoud, anchor }: ArrowStyle,
): string {
  const { message, sentMs, receivedMs } = delivery;
  const { src, dest, body } = message;
  const [x1, y1] = [laneOf(src), TOP + sentY];
  const end = laneOf(dest);
  const isLost = receivedY === undefined;
  const x2 = isLost ? x1 + (end - x1) * LOST_AFTER : end;
  const y2 = isLost ? y1 + LOST_DROP : TOP + receivedY;
  const fate = receivedMs === undefined ? 'lost' : `received ${seconds(receivedMs)}`;
  const text = messageLabel(body);
  const room = Math.abs(end - x1) - 16;
  const side = end >= x1 ? 1 : -1;
  return element(
    'g',
    { id: anchor, class: isLoud ? 'bad' : colour },
    tooltip(`${src} → ${dest}, sent ${seconds(sentMs)}, ${fate}\n${JSON.stringify(body)}`),
    element('path', {
      class: `stroke ${isLoud ? 'thick' : ''} ${isReply(body) ? 'dashed' : ''}`,
      d: `M${px(x1)} ${px(y1)}L${px(x2)} ${px(y2)}`,
    }),
    isLost ? cross(x2, y2) : head(x1, y1, x2, y2),
    sender === undefined ? '' : label(x1 - 7, y1 + 3.5, sender, { class: 'fill small end' }),
    textWidth(text, 10.5) <= room
      ? label(x1 + 7 * side, y1 - 3, text, {
          class: `halo ${isLoud ? 'bad' : 'fill small'} ${side < 0 ? 'end' : ''}`,
        })
      : '',
  );
}

const cross = (x: number, y: number): string =>
  element('path', { class: 'stroke thick bad lost', d: `M${px(x - 5)} ${px(y - 5)}l10 10m0 -10l-10 10` });

/** The triangle at the end of an arrow. */
function head(x1: number, y1: number, x2: number, y2: number): string {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const corner = (turn: number): string =>
    `${px(x2 - 8 * Math.cos(angle + turn))} ${px(y2 - 8 * Math.sin(angle + turn))}`;
  return element('path', { class: 'fill', d: `M${px(x2)} ${px(y2)}L${corner(0.38)}L${corner(-0.38)}z` });
}

/** A message in a few characters: `add 3`, `read_ok 17`, `cas 4→7`. */
function messageLabel(body: Body): string {
  const type = typeof body['type'] === 'string' ? body['type'] : '?';
  return cut([type, ...detailsOf(type, body)].join(' '), 30);
}

function detailsOf(type: string, body: Body): string[] {
  switch (type) {
    case 'add':
      return [short(body['delta'])];
    case 'cas':
      return [keyLabel(body), `${short(body['from'])}→${short(body['to'])}`];
    case 'write':
      return [keyLabel(body), short(body['value'])];
    case 'read':
      return 'key' in body ? [keyLabel(body)] : [];
    case 'read_ok':
      return [short(body['value'])];
    case 'error':
      return [short(body['code'])];
    default:
      return [];
  }
}

/** The end of a key, which tells keys apart better than the beginning. */
function keyLabel(body: Body): string {
  const { key: name } = body;
  const text = typeof name === 'string' ? name : short(name);
  return text.length <= 12 ? text : `…${text.slice(-10)}`;
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return cut(text, 10);
}

/** The type without what makes it a reply, so that request and reply are drawn alike. */
function messageKind({ type }: Body): string {
  return typeof type === 'string' ? type.replace(/_ok$/, '') : '?';
}

const isReply = (body: Body): boolean => 'in_reply_to' in body;
