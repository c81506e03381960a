/**
 * What the strict check found wrong: broken rules as they are, wrong operations with the first of them explained at
 * length, and the rest as a list.
 */
import { evidencePicture } from './evidence-picture.ts';
import { type Evidence, evidenceOf, explain } from './evidence.ts';
import { counted, grouped, seconds, sentence, signed } from './format.ts';
import { type Picture, escape, inline } from './svg.ts';
import type { View } from './view.ts';

/** How many adds before a wrong read are listed. */
const ENTRIES = 6;
/** How many problems of each kind are shown at length, and how many more are listed. */
const EXPLAINED = 3;
const LISTED = 40;

/** The picture of the first problem, if there is one. */
export function firstEvidence(view: View): Picture | undefined {
  const [problem] = view.problems;
  if (problem === undefined) return undefined;
  return evidencePicture(evidenceOf(problem, view.operations));
}

/** All problems, the first at length. Empty if there are none. */
export function problemsHtml(view: View, picture: Picture | undefined): string {
  const { problems, results } = view;
  const { strict } = results.verdicts;
  const judged = new Set(problems.map(({ text }) => text));
  const others = strict.problems.filter((text) => !judged.has(text));
  const [first] = problems;
  const look = strict.valid === false ? 'bad' : 'unsure';
  const rest = [...others.slice(EXPLAINED), ...problems.slice(EXPLAINED).map(({ text }) => text)];
  return [
    headingHtml(view),
    ...others
      .slice(0, EXPLAINED)
      .map(
        (text) =>
          `<article class="problem broken-rule"><h2 class="${look}">${escape(sentence(text))}</h2></article>`,
      ),
    first === undefined ? '' : firstProblemHtml(evidenceOf(first, view.operations), picture),
    ...problems.slice(1, EXPLAINED).map((problem) => {
      const { headline, sentences } = explain(evidenceOf(problem, view.operations));
      return `<article class="next"><h3>${escape(headline)}</h3><p>${escape(sentences.join(' '))}</p></article>`;
    }),
    restHtml(rest, strict.problems.length - rest.length + 1),
  ].join('\n');
}

/** Whose problems these are, unless they are only why the run never started or was cut short. */
function headingHtml({ results: { stats, verdicts } }: View): string {
  const { valid, problems } = verdicts.strict;
  if (valid !== false || stats.all.count === 0) return '';
  return `<p class="note">What “every read” found: ${counted(problems.length, 'problem')}</p>`;
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
${picture === undefined ? '' : `<figure><div class="scroll">${inline(picture)}</div><figcaption>${escape(picture.note)}</figcaption></figure>`}
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

function restHtml(texts: readonly string[], start: number): string {
  if (texts.length === 0) return '';
  const more = texts.length - LISTED;
  const items = texts.slice(0, LISTED).map((text) => `<li>${escape(sentence(text))}</li>`);
  if (more > 0) items.push(`<li>and ${grouped(more)} more, in results.json</li>`);
  return `<details><summary>${counted(texts.length, 'more problem')}</summary><ol start="${start}">${items.join('')}</ol></details>`;
}
