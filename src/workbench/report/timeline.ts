import { closeUp } from './close-up.ts';
import { counted, seconds } from './format.ts';
import { TIME_AXIS_HEIGHT, faultStrips, stripsHeight, timeAxis, timeFrame, xOf } from './frame.ts';
import { type LegendEntry, legend, legendHeight } from './legend.ts';
import { overview } from './overview.ts';
import type { Picture } from './picture.ts';
import { box, element, px } from './svg.ts';
import type { View } from './view.ts';
import { windowOf } from './window.ts';

/** Every operation as a bar from question to answer: the whole run node by node, and a part of it client by client. */
export function timelinePicture(view: View): Picture {
  const { faults, whole } = view;
  const stripsTop = 12;
  const rows = overview(view, timeFrame(whole, { top: stripsTop + stripsHeight(faults), height: 0 }));
  const { frame } = rows;
  const window = closeUpWindow(view);
  const near = faults.filter(({ fromMs, toMs }) => toMs >= window.fromMs && fromMs <= window.toMs);
  const detail = closeUp(view, window, frame.bottom + TIME_AXIS_HEIGHT + 22 + stripsHeight(near));
  const entries = legendOf(view);
  const legendTop = detail.frame.bottom + TIME_AXIS_HEIGHT + 16;
  const [x1, x2] = [xOf(frame, window.fromMs), xOf(frame, window.toMs)];
  const { left, right, top } = detail.frame;
  const funnel = `M${px(x1)} ${px(frame.bottom)}L${px(left)} ${px(top - stripsHeight(near) - 6)}M${px(x2)} ${px(frame.bottom)}L${px(right)} ${px(top - stripsHeight(near) - 6)}`;
  const shown =
    window.toMs - window.fromMs >= whole.toMs * 0.98
      ? 'below, client by client'
      : `below, client by client, only from ${seconds(window.fromMs)} to ${seconds(window.toMs)}, ` +
        (view.problems.length > 0 ? 'around what went wrong first' : 'as an example');
  const left_out = detail.hiddenClients > 0 ? ` (${counted(detail.hiddenClients, 'client')} left out)` : '';
  return {
    name: 'timeline',
    title: 'Operations',
    note: `Bars from question to answer. Above, the whole run node by node; ${shown}${left_out}.`,
    height: legendTop + legendHeight(left, right, entries),
    drawing: [
      faultStrips(frame, faults, stripsTop, frame.bottom),
      timeAxis(frame, ''),
      box([x1, frame.top - 2], [Math.max(x1 + 2, x2), frame.bottom + 2], { class: 'stroke text thin' }),
      rows.drawing,
      element('path', { class: 'stroke line thin', d: funnel }),
      faultStrips(detail.frame, near, top - stripsHeight(near), detail.frame.bottom),
      timeAxis(detail.frame),
      detail.drawing,
      legend(left, legendTop, right, entries),
    ].join(''),
  };
}

const PER_CLIENT = 14;
const MOST = 160;

/** As much as can be told apart, around what is most worth a look. */
function closeUpWindow({ operations, problems, whole, results }: View): View['whole'] {
  const most = Math.min(MOST, Math.max(30, results.options.concurrency * PER_CLIENT));
  if (operations.length <= most) return whole;
  const focus = problems[0]?.operation ?? operations.find((operation) => operation.outcome !== 'ok');
  return windowOf(operations, focus, { before: 0.7 * most, after: 0.3 * most });
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
