import type { Operation } from '../nodes/history.ts';
import { type Frame, xOf } from './frame.ts';
import { drawMarks, thinned } from './marks.ts';
import { cut } from './format.ts';
import { element, label, px } from './svg.ts';
import type { View } from './view.ts';

/** The whole run with a row for each node. Where operations lie side by side they merge; what went wrong stays. */
export function overview(view: View, place: Frame): { readonly frame: Frame; readonly drawing: string } {
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

/** The pixels that are covered by any of the operations, as rectangles in one path. */
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
