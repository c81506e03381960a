/**
 * Which nodes a counter was incremented by: a stacked bar in the colours of the nodes, and below it their totals in
 * figures, the names in order.
 */
import { compareNames, formatCount } from './format.ts';
import { shadeOf, splitReplicaId } from './hues.ts';
import type { Counter, Part } from './replies.ts';

/** How many parts are written out, which is more than there is room for. */
const MAX_WRITTEN = 20;

const SEPARATOR = ' · ';

export function paintParts(
  bar: HTMLElement,
  names: HTMLElement,
  { parts, value, lowerBound }: Counter,
): void {
  const sorted = parts.toSorted(([a], [b]) => compareNames(a, b));
  bar.style.background = stackedBar(sorted, value);
  const sum = sorted.reduce((total, [, count]) => total + count, 0);
  const written = sorted.slice(0, MAX_WRITTEN).map(describePart);
  const all = sum < lowerBound ? [`at least ${formatCount(lowerBound)}`, ...written] : written;
  names.replaceChildren(...all.flatMap((each, i) => (i === 0 ? [each] : [SEPARATOR, each])));
  names.title = names.textContent ?? '';
}

function describePart([replicaId, total]: Part): HTMLElement {
  const [nodeId, suffix] = splitReplicaId(replicaId);
  const small = document.createElement('small');
  small.textContent = suffix;
  const part = document.createElement('span');
  part.append(nodeId, small, ` ${formatCount(total)}`);
  return part;
}

/** As a CSS background. What the lower bound adds to the parts is grey. */
function stackedBar(parts: readonly Part[], value: number): string {
  const stops: string[] = [];
  let from = 0;
  for (const [replicaId, total] of parts) {
    const to = from + (100 * total) / value;
    // A gap of a pixel tells neighbours apart. A stop at 0 begins where the one before it ends.
    stops.push(`${shadeOf(replicaId)} ${from}% calc(${to}% - 1px)`, `transparent 0 ${to}%`);
    from = to;
  }
  if (from < 99.99) stops.push(`var(--line) ${from}% 100%`);
  return `linear-gradient(to right, ${stops.join(',')})`;
}
