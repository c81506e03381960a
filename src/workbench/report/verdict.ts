/**
 * The first screen of the page: the verdict, the problems with the first of them explained at length, and the figures
 * and options of the run.
 */
import { formatRanges } from '../sim/ranges.ts';
import type { FunctionStats } from '../nodes/stats.ts';
import { evidencePicture } from './evidence-picture.ts';
import { type Evidence, evidenceOf, explain, returnedValue } from './evidence.ts';
import { counted, cut, duration, grouped, percent, seconds, signed } from './format.ts';
import { type Picture, escape, inline } from './svg.ts';
import type { View } from './view.ts';

/** How many adds before a wrong read are listed. */
const ENTRIES = 6;
/** How many problems are explained, and how many more are listed. */
const EXPLAINED = 3;
const LISTED = 40;

const words = { true: 'VALID', false: 'INVALID', unknown: 'UNKNOWN', crashed: 'INVALID' } as const;
const looks = { true: 'good', false: 'bad', unknown: 'unsure', crashed: 'bad' } as const;

/** The picture of the first problem, if there is one. */
export function firstEvidence(view: View): Picture | undefined {
  const [problem] = view.problems;
  if (problem === undefined) return undefined;
  return evidencePicture(evidenceOf(problem, view.operations));
}

/** The verdict, and one sentence on what it rests on. */
export function verdictHtml(view: View): string {
  const { valid } = view.results.verdicts.strict;
  const key = `${valid}` as const;
  return `<div class="verdict ${looks[key]}"><strong>${words[key]}</strong><p>${escape(summary(view))}</p></div>`;
}

function summary(view: View): string {
  const { stats, verdicts } = view.results;
  const { valid } = verdicts.strict;
  if (!valid) return problemCounts(view) ?? 'The run failed, for the reason below.';
  if (valid === 'unknown') {
    return `The run was cut short. ${problemCounts(view) ?? 'Until then nothing was seen to be wrong, which proves little.'}`;
  }
  if (stats.read.ok === 0) return 'There were no reads, so nothing was wrong.';
  return `Each of ${counted(stats.read.ok, 'read')} had every add acknowledged before it, and nothing that was never added.`;
}

/** The number of problems in words, if there are any. */
function problemCounts({ results, offenders }: View): string | undefined {
  const wrong = [...offenders].filter((operation) => returnedValue(operation) !== undefined).length;
  const unanswered = offenders.size - wrong;
  const parts = [
    wrong === 0
      ? ''
      : `${grouped(wrong)} of ${counted(results.stats.read.count, 'read')} broke the promise: every read includes every add acknowledged before it, and nothing else.`,
    unanswered === 0
      ? ''
      : `${counted(unanswered, 'final operation')} had no answer although all faults had healed.`,
  ];
  return parts.join(' ').trim() || undefined;
}

/** All problems, the first at length. Empty if there are none. */
export function problemsHtml(view: View, picture: Picture | undefined): string {
  const { problems, results } = view;
  const judged = new Set(problems.map(({ text }) => text));
  const others = results.verdicts.strict.problems.filter((text) => !judged.has(text));
  const [first] = problems;
  const explained = problems.slice(1, EXPLAINED);
  return [
    ...others.map(
      (text) =>
        `<article class="problem"><h2 class="${looks[`${results.verdicts.strict.valid}`]}">${escape(sentence(text))}</h2></article>`,
    ),
    first === undefined ? '' : firstProblemHtml(evidenceOf(first, view.operations), picture),
    ...explained.map((problem) => {
      const { headline, sentences } = explain(evidenceOf(problem, view.operations));
      return `<article class="next"><h3>${escape(headline)}</h3><p>${escape(sentences.join(' '))}</p></article>`;
    }),
    restHtml(problems.slice(EXPLAINED).map(({ text }) => text)),
  ].join('\n');
}

function firstProblemHtml(evidence: Evidence, picture: Picture | undefined): string {
  const { headline, sentences } = explain(evidence);
  const { operation } = evidence;
  const { node, process, invoked, completed } = operation;
  const places = [
    `process ${process} on ${node}, ${seconds(invoked.timeMs)} to ${seconds(completed.timeMs)}`,
    `history.jsonl, index ${invoked.index} and ${completed.index}`,
    `node-logs/${node}.log`,
  ];
  return `<article class="problem">
<h2 class="bad">${escape(headline)}</h2>
<ul>${sentences.map((text) => `<li>${escape(text)}</li>`).join('')}</ul>
${picture === undefined ? '' : `<figure class="scroll">${inline(picture)}<figcaption>${escape(picture.note)}</figcaption></figure>`}
${entriesHtml(evidence)}
<p class="where"><b>Where to look:</b> <a href="#messages">the messages around it</a>; ${places.map((place) => `<span>${escape(place)}</span>`).join('; ')}</p>
</article>`;
}

function entriesHtml({ value, before, suspects, offence }: Evidence): string {
  if (before.length === 0 || offence === 'unanswered') return '';
  const hidden = before.length - ENTRIES;
  const answer = offence === 'misses' ? before.findLast(({ total }) => total === value) : undefined;
  const rows = before.slice(-ENTRIES).map((entry) => {
    const { add, total } = entry;
    const isMissed = offence === 'misses' && total > (value ?? 0);
    return `<tr class="${suspects.has(add) || (suspects.size === 0 && isMissed) ? 'hot' : ''}"><td>${seconds(add.completed.timeMs)}</td><td>${escape(add.node)}</td><td>${signed(add.delta)}</td><td>${grouped(total)}${entry === answer ? ' ← the answer' : ''}</td></tr>`;
  });
  return `<table class="entries"><caption>The last adds acknowledged before the read began${hidden > 0 ? `, after ${counted(hidden, 'other')}` : ''}</caption>
<thead><tr><th>acknowledged</th><th>by</th><th>add</th><th>total then</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function restHtml(texts: readonly string[]): string {
  if (texts.length === 0) return '';
  const more = texts.length - LISTED;
  const items = texts.slice(0, LISTED).map((text) => `<li>${escape(sentence(text))}</li>`);
  if (more > 0) items.push(`<li>and ${grouped(more)} more, in results.json</li>`);
  return `<details><summary>${counted(texts.length, 'more problem')}</summary><ol start="${EXPLAINED + 1}">${items.join('')}</ol></details>`;
}

/** The text with a capital at the beginning, unless it begins with a name. */
const sentence = (text: string): string =>
  text.replace(/^(?:the|none|only) /, (word) => word[0]?.toUpperCase() + word.slice(1));

/** The figures and options beside the problems. */
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
