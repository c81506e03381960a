import { formatRanges } from '../sim/ranges.ts';
import type { FunctionStats } from '../nodes/stats.ts';
import { cut, duration, grouped, percent } from './format.ts';
import { escape } from './svg.ts';
import type { View } from './view.ts';

/** The figures beside the verdict. */
export function figuresHtml(view: View): string {
  const { results } = view;
  const { stats, messages, availability } = results;
  return `<table class="stats"><thead><tr><th></th><th>count</th><th>ok</th><th>failed</th><th>unknown</th></tr></thead>
<tbody>${(['add', 'read', 'all'] as const).map((f) => countRow(f, stats[f])).join('')}</tbody></table>
<table class="stats"><thead><tr><th>latency, ms</th><th>p50</th><th>p95</th><th>p99</th><th>max</th></tr></thead>
<tbody>${(['add', 'read', 'all'] as const).map((f) => latencyRow(f, stats[f])).join('')}</tbody></table>
<dl>
${pair('messages', `${messages.perOperation.toFixed(2)} per operation, ${messages.serversPerOperation.toFixed(2)} of them between servers`)}
${pair('availability', `${percent(availability.okFraction)} of operations ok${availability.valid ? '' : ', less than demanded'}`)}
${pair('acceptable', cut(formatRanges(results.acceptable), 60))}
${pair('final reads', finalReads(view))}
${pair('faults', faultCounts(view))}
${optionPairs(results.options)
  .map(([name, value]) => pair(name, value))
  .join('\n')}
</dl>`;
}

const pair = (name: string, value: string): string => `<dt>${escape(name)}</dt><dd>${escape(value)}</dd>`;

const cells = (values: readonly string[]): string => values.map((value) => `<td>${value}</td>`).join('');

const countRow = (name: string, { count, ok, fail, info }: FunctionStats): string =>
  `<tr><th>${name}</th>${cells([count, ok, fail, info].map(grouped))}</tr>`;

function latencyRow(name: string, { latencyMs }: FunctionStats): string {
  const values = latencyMs && [latencyMs.p50, latencyMs.p95, latencyMs.p99, latencyMs.max];
  return `<tr><th>${name}</th>${cells(values?.map((ms) => ms.toFixed(1)) ?? ['–', '–', '–', '–'])}</tr>`;
}

/** `n0 383, n1 383`; where many nodes agree, they are named together. */
function finalReads({ results }: View): string {
  const nodes = new Map<string, Set<string>>();
  for (const { node, value } of results.finalReads) {
    const text = value === null ? 'no answer' : grouped(value);
    nodes.set(text, (nodes.get(text) ?? new Set()).add(node));
  }
  if (nodes.size === 0) return 'none';
  return [...nodes].map(([value, names]) => `${named([...names])}: ${value}`).join('; ');
}

const named = (names: readonly string[]): string =>
  names.length <= 5 ? names.join(' ') : `${names.slice(0, 3).join(' ')} and ${names.length - 3} more`;

function faultCounts({ faults, results }: View): string {
  const counts = new Map<string, number>();
  for (const fault of results.options.faults) counts.set(fault, 0);
  for (const { fault } of faults) counts.set(fault, (counts.get(fault) ?? 0) + 1);
  if (counts.size === 0) return 'none';
  return [...counts].map(([fault, count]) => `${fault} × ${count}`).join(', ');
}

/** The options of a run. Those that are not known here are shown as they are. */
export function optionPairs(options: object): [name: string, value: string][] {
  const entries: [string, unknown][] = Object.entries(options);
  return entries
    .filter(([name]) => name !== 'faults')
    .map(([name, value]) =>
      name.endsWith('Ms') ? [spaced(name.slice(0, -2)), time(value)] : [spaced(name), plain(value)],
    );
}

const time = (value: unknown): string => (typeof value === 'number' ? duration(value) : plain(value));

function plain(value: unknown): string {
  if (Array.isArray(value) && value.length > 5) return `${value.length}: ${value[0]} to ${value.at(-1)}`;
  if (Array.isArray(value)) return value.join(' ');
  return typeof value === 'string' ? value : cut(JSON.stringify(value) ?? '', 80);
}

/** nodeIds → node ids */
const spaced = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
