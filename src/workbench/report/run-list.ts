/**
 * The page that lists all runs, the newest first. It shows what it understands of results that another version wrote.
 */
import { isObject } from '../../runtime/json.ts';
import { type Check, type Verdict, checks } from '../nodes/verdict.ts';
import { commandLine, counted, cut, duration, grouped, sentence } from './format.ts';
import template from './run-list.html';
import { checkNames, doubtsInShort, stateOf } from './state.ts';
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

/** How much is shown of what may be long. The report has all of it. */
const TEXT_LENGTH = 140;
const DOUBT_LENGTH = 70;

/** Columns of numbers: their headings, how many digits follow the point, and where the number is in the results. */
const NUMBERS = [
  ['operations', 0, ['stats', 'all', 'count']],
  ['messages/op', 2, ['messages', 'perOperation']],
  ['p50 ms', 1, ['stats', 'all', 'latencyMs', 'p50']],
  ['p99 ms', 1, ['stats', 'all', 'latencyMs', 'p99']],
] as const;

const HEADINGS =
  `<th>run</th>${checks.map((check) => `<th>${checkNames[check]}</th>`).join('')}` +
  `${NUMBERS.map(([heading]) => `<th class="n">${heading}</th>`).join('')}<th>program and options</th><th class="files">files</th>`;

const NOTE =
  'Each run is judged twice. Maelstrom’s check judges the final reads, as Maelstrom does; “every read” judges all of ' +
  'them. The one that is marked “decides” gives the exit status.';

export function runListPage(runs: readonly StoredRun[]): string {
  const newestFirst = runs.toSorted((a, b) => compare(b.timestamp, a.timestamp) || compare(a.test, b.test));
  const list = `<p class="note">${NOTE}</p>
<table><thead><tr>${HEADINGS}</tr></thead>
<tbody>${newestFirst.map(rowHtml).join('\n')}</tbody></table>`;
  const content = runs.length === 0 ? '<p class="note">There are no runs yet.</p>' : list;
  return fillIn(template, { content: `<h1>Runs</h1>\n${content}` });
}

/** Orders by code units, which for timestamps is by time in every locale. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function rowHtml(run: StoredRun): string {
  const { test, timestamp, files, results } = run;
  const name = `${escape(timestamp)} <br><span class="muted">${escape(test)}</span>`;
  const isReported = files.includes('report.html');
  return `<tr><td class="run">${isReported ? `<a href="${linkTo(run, 'report.html')}">${name}</a>` : name}</td>
${verdictCells(results)}
${numberCells(results)}
<td class="wide">${subjectHtml(results)}</td>
<td class="files">${filesHtml(run)}</td></tr>`;
}

function verdictCells(results: unknown): string {
  const { check, verdicts } = judgementIn(results);
  if (verdicts.maelstrom === undefined && verdicts.strict === undefined) {
    return `<td class="verdict muted" colspan="${checks.length}">unfinished</td>`;
  }
  const answered = at(results, 'stats', 'read', 'ok');
  return checks
    .map((name) => {
      const verdict = verdicts[name];
      if (verdict === undefined)
        return `<td class="verdict muted" data-name="${escape(checkNames[name])}">–</td>`;
      const state = stateOf(name, verdict, typeof answered === 'number' ? answered : undefined);
      const notes = [doubtsInShort(state, 1, DOUBT_LENGTH), check === name ? 'decides' : ''];
      return (
        `<td class="verdict ${state.look}" data-name="${escape(checkNames[name])}">${state.word}` +
        `${notes.map((note) => (note === '' ? '' : `<small>${escape(note)}</small>`)).join('')}</td>`
      );
    })
    .join('');
}

interface Judgement {
  /** Which verdict decides, if there is more than one. */
  readonly check: unknown;
  readonly verdicts: Readonly<Record<Check, Verdict | undefined>>;
}

/** What the results say of the verdicts. Before there were two, `valid` and `problems` were about every read. */
function judgementIn(results: unknown): Judgement {
  const both = at(results, 'verdicts');
  return {
    check: at(results, 'check'),
    verdicts: isObject(both)
      ? { maelstrom: verdictIn(both['maelstrom']), strict: verdictIn(both['strict']) }
      : { maelstrom: undefined, strict: verdictIn(results) },
  };
}

function verdictIn(value: unknown): Verdict | undefined {
  const valid = at(value, 'valid');
  if (typeof valid !== 'boolean' && valid !== 'unknown' && valid !== 'crashed') return undefined;
  return { valid, problems: textsIn(at(value, 'problems')), remarks: textsIn(at(value, 'remarks')) };
}

const textsIn = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];

/** The figures, or why there are none: a run that never started has a reason, and zeros that say nothing. */
function numberCells(results: unknown): string {
  if (at(results, 'stats', 'all', 'count') === 0) {
    const [reason = 'no operations'] = judgementIn(results).verdicts.strict?.problems ?? [];
    return `<td class="reason" colspan="${NUMBERS.length}">${escape(cut(sentence(reason), TEXT_LENGTH))}</td>`;
  }
  return NUMBERS.map(([heading, digits, path]) => {
    const value = at(results, ...path);
    const text = typeof value === 'number' ? grouped(Number(value.toFixed(digits))) : '';
    return `<td class="n" data-name="${heading}">${text}</td>`;
  }).join('');
}

/** The value at a path of keys, or undefined. */
function at(value: unknown, ...path: readonly string[]): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  return isObject(value) ? at(value[key], ...rest) : undefined;
}

/** What was tested, and how. */
function subjectHtml(results: unknown): string {
  const program = textsIn(at(results, 'program'));
  const options = `<span class="muted">${escape(optionsInShort(at(results, 'options')))}</span>`;
  return program.length === 0
    ? options
    : `<code>${escape(cut(commandLine(program), TEXT_LENGTH))}</code><br>${options}`;
}

/** The most telling options, as far as they are understood. The report has them all. */
function optionsInShort(options: unknown): string {
  if (!isObject(options)) return '';
  const { nodeIds, concurrency, rate, timeLimitMs, network, latencyMs, storeModel, faults, seed } = options;
  const parts = [
    Array.isArray(nodeIds) ? counted(nodeIds.length, 'node') : '',
    typeof concurrency === 'number' ? counted(concurrency, 'client') : '',
    typeof rate === 'number' && typeof timeLimitMs === 'number'
      ? `${rate}/s for ${duration(timeLimitMs)}`
      : '',
    network === 'ideal' ? 'ideal network' : '',
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
  return major.map(link).join(' ') + rest;
}

const linkTo = ({ test, timestamp }: StoredRun, file: string): string =>
  escape(['.', test, timestamp, ...file.split('/')].map(encodeURIComponent).join('/'));
