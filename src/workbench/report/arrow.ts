import { seconds } from './format.ts';
import { isAnswer, messageLabel } from './message-label.ts';
import type { Placed } from './message-rows.ts';
import { element, label, px, textWidth, tooltip } from './svg.ts';

export interface ArrowPlace {
  readonly top: number;
  readonly laneOf: (name: string) => number;
  readonly colour: string;
  /** Who speaks, where several share a lane. */
  readonly speaker: string | undefined;
  /** One of the messages that the diagram is about. */
  readonly isLoud: boolean;
}

/** How far a lost message gets. */
const LOST_AFTER = 0.62;
const LOST_DROP = 8;

/** One message, from its sender to its receiver, or to a cross on the way. */
export function arrow(
  { delivery, sentY, receivedY }: Placed,
  { top, laneOf, colour, speaker, isLoud }: ArrowPlace,
): string {
  const { message, sentMs, receivedMs } = delivery;
  const { src, dest, body } = message;
  const [x1, y1] = [laneOf(src), top + sentY];
  const end = laneOf(dest);
  const isLost = receivedY === undefined;
  const x2 = isLost ? x1 + (end - x1) * LOST_AFTER : end;
  const y2 = isLost ? y1 + LOST_DROP : top + receivedY;
  const fate = receivedMs === undefined ? 'lost' : `received ${seconds(receivedMs)}`;
  const text = messageLabel(body);
  const room = Math.abs(end - x1) - 16;
  const side = end >= x1 ? 1 : -1;
  return element(
    'g',
    { class: isLoud ? 'bad' : colour },
    tooltip(`${src} → ${dest}, sent ${seconds(sentMs)}, ${fate}\n${JSON.stringify(body)}`),
    element('path', {
      class: `stroke ${isLoud ? 'thick' : ''} ${isAnswer(body) ? 'dashed' : ''}`,
      d: `M${px(x1)} ${px(y1)}L${px(x2)} ${px(y2)}`,
    }),
    isLost ? cross(x2, y2) : head(x1, y1, x2, y2),
    speaker === undefined ? '' : label(x1 - 7, y1 + 3.5, speaker, { class: 'fill small end' }),
    textWidth(text, 10.5) <= room
      ? label(x1 + 7 * side, y1 - 3, text, {
          class: `halo ${isLoud ? 'bad' : 'fill small'} ${side < 0 ? 'end' : ''}`,
        })
      : '',
  );
}

const cross = (x: number, y: number): string =>
  element('path', { class: 'stroke thick bad lost', d: `M${px(x - 5)} ${px(y - 5)}l10 10m0 -10l-10 10` });

/** A small triangle at the end of a line, pointing along it. */
function head(x1: number, y1: number, x2: number, y2: number): string {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const corner = (turn: number): string =>
    `${px(x2 - 8 * Math.cos(angle + turn))} ${px(y2 - 8 * Math.sin(angle + turn))}`;
  return element('path', { class: 'fill', d: `M${px(x2)} ${px(y2)}L${corner(0.38)}L${corner(-0.38)}z` });
}
