/**
 * The figures and options of a run, beside its problems. A run that never started has only options.
 */
import { formatRanges } from '../sim/ranges.ts';
import type { FunctionStats } from '../nodes/stats.ts';
import { cut, duration, grouped, percent } from './format.ts';
import { escape } from './svg.ts';
import type { View } from './view.ts';

const functions = ['add', 'read', 'all'] as const;

export function figuresHtml(view: View): string {
  const { options, stats } = view.results;
  const figures: [name: string, value: string][] = stats.all.count === 0 ? [] : figurePairs(view);
  const pairs = [...figures, ['faults', faultCounts(view)] as const, ...optionPairs(options)];
  return `${stats.all.count === 0 ? '' : tablesHtml(view)}<dl>
${pairs.map(([name, value]) => `<dt>${escape(name)}</dt><dd>${escape(value)}</dd>`).join('\n')}
</dl>`;
}

const tablesHtml = ({ results: { stats } }: View): string =>
  `<table class="stats"><thead><tr><th></th><th>count</th><th>ok</th><th>failed</th><th>unknown</th></tr></thead>
<tbody>${functions.map((f) => countRow(f, stats[f])).join('')}</tbody></table>
<table class="stats"><thead><tr><th>latency, ms</th><th>p50</th><th>p95</th><th>p99</th><th>max</th></tr></thead>
<tbody>${functions.map((f) => latencyRow(f, stats[f])).join('')}</tbody></table>
`;

const cells = (values: readonly string[]): string => values.map((value) => `<td>${value}</td>`).join('');

const countRow = (name: string, { count, ok, fail, info }: FunctionStats): string =>
  `<tr><th>${name}</th>${cells([count, ok, fail, info].map(grouped))}</tr>`;

function latencyRow(name: string, { latencyMs }: FunctionStats): string {
  const values = latencyMs && [latencyMs.p50, latencyMs.p95, latencyMs.p99, latencyMs.max];
  return `<tr><th>${name}</th>${cells(values?.map((ms) => ms.toFixed(1)) ?? ['–', '–', '–', '–'])}</tr>`;
}

function figurePairs(view: View): [name: string, value: string][] {
  const { messages, availability, acceptable } = view.results;
  const demanded = availability.valid ? '' : ', less than demanded';
  return [
    [
      'messages',
      `${messages.perOperation.toFixed(2)} per operation, ${messages.serversPerOperation.toFixed(2)} of them between servers`,
    ],
    ['availability', `${percent(availability.okFraction)} of operations ok${demanded}`],
    ['acceptable', cut(formatRanges(acceptable), 60)],
    ['final reads', finalReads(view)],
  ];
}

/** `n0 n1: 383; n2: 380`: nodes that agree are named together. */
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

/** The options of the run by name. Units are added where the name tells them. */
function optionPairs(options: View['results']['options']): [name: string, value: string][] {
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
