/**
 * The page that lists all runs, the newest first. It shows what it understands of results that another version wrote.
 */
import { isObject } from '../../runtime/json.ts';
import { counted, duration, grouped } from './format.ts';
import template from './run-list.html';
import { escape, fillIn } from './svg.ts';

/** A run as it is found on disk. */
export interface StoredRun {
  /** `g-counter` */
  readonly test: string;
  /** `20261122T102838.041Z`: the name of its directory. */
  readonly timestamp: string;
  /** Relative to its directory: `results.json`, `node-logs/n0.log`. */
  readonly files: readonly string[];
  /** What results.json holds, or undefined if there is none. It may have been written by another version. */
  readonly results: unknown;
}

const HEADINGS =
  '<th>run</th><th>verdict</th><th class="n">operations</th><th class="n">messages / operation</th>' +
  '<th class="n">p50 ms</th><th class="n">p99 ms</th><th>options</th><th>files</th>';

export function runListPage(runs: readonly StoredRun[]): string {
  const newestFirst = runs.toSorted((a, b) => compare(b.timestamp, a.timestamp) || compare(a.test, b.test));
  const table = `<table><thead><tr>${HEADINGS}</tr></thead>
<tbody>${newestFirst.map(rowHtml).join('\n')}</tbody></table>`;
  const content = runs.length === 0 ? '<p class="muted">There are no runs yet.</p>' : table;
  return fillIn(template, { content: `<h1>Runs</h1>\n${content}` });
}

/** Orders by code units, which for timestamps is by time in every locale. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function rowHtml(run: StoredRun): string {
  const { test, timestamp, files, results } = run;
  const verdict = verdictOf(results);
  const number = (digits: number, ...path: string[]): string => {
    const value = at(results, ...path);
    return `<td class="n">${typeof value === 'number' ? grouped(Number(value.toFixed(digits))) : ''}</td>`;
  };
  const name = `${escape(timestamp)}<br><span class="muted">${escape(test)}</span>`;
  const isReported = files.includes('report.html');
  return `<tr><td>${isReported ? `<a href="${linkTo(run, 'report.html')}">${name}</a>` : name}</td>
<td class="verdict ${verdict.look}">${verdict.text}</td>
${number(0, 'stats', 'all', 'count')}${number(2, 'messages', 'perOperation')}${number(1, 'stats', 'all', 'latencyMs', 'p50')}${number(1, 'stats', 'all', 'latencyMs', 'p99')}
<td class="wide">${escape(optionsInShort(at(results, 'options')))}</td>
<td class="files">${filesHtml(run)}</td></tr>`;
}

function verdictOf(results: unknown): { readonly text: string; readonly look: string } {
  switch (at(results, 'valid')) {
    case true:
      return { text: 'VALID', look: 'good' };
    case false:
      return { text: 'INVALID', look: 'bad' };
    case 'unknown':
      return { text: 'UNKNOWN', look: 'unsure' };
    default:
      return { text: 'unfinished', look: 'muted' };
  }
}

/** The value at a path of keys, or undefined. */
function at(value: unknown, ...path: readonly string[]): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  return isObject(value) ? at(value[key], ...rest) : undefined;
}

/** The most telling options, as far as they are understood. The report has them all. */
function optionsInShort(options: unknown): string {
  if (!isObject(options)) return '';
  const { nodeIds, concurrency, rate, timeLimitMs, latencyMs, storeModel, faults, seed } = options;
  const parts = [
    Array.isArray(nodeIds) ? counted(nodeIds.length, 'node') : '',
    typeof concurrency === 'number' ? counted(concurrency, 'client') : '',
    typeof rate === 'number' && typeof timeLimitMs === 'number'
      ? `${rate}/s for ${duration(timeLimitMs)}`
      : '',
    typeof latencyMs === 'number' && latencyMs > 0 ? `latency ${duration(latencyMs)}` : '',
    typeof storeModel === 'string' ? `${storeModel} store` : '',
    Array.isArray(faults) ? faults.join(', ') || 'no faults' : '',
    typeof seed === 'number' ? `seed ${seed}` : '',
  ];
  return parts.filter((part) => part !== '').join('; ');
}

/** Links to the main files; those to the many pictures and logs are folded away. */
function filesHtml(run: StoredRun): string {
  const link = (file: string): string => `<a href="${linkTo(run, file)}">${escape(file)}</a>`;
  const isMinor = (file: string): boolean => file.includes('/') || file.endsWith('.svg');
  const minor = run.files.filter(isMinor);
  const major = run.files.filter((file) => !isMinor(file));
  const rest =
    minor.length === 0
      ? ''
      : `<details><summary>${minor.length} more</summary>${minor.map(link).join('<br>')}</details>`;
  return major.map(link).join('') + rest;
}

const linkTo = ({ test, timestamp }: StoredRun, file: string): string =>
  escape(['', test, timestamp, ...file.split('/')].map(encodeURIComponent).join('/'));
