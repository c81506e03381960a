import { evidencePicture } from './evidence-picture.ts';
import { type Evidence, evidenceOf, isWrongAnswer } from './evidence.ts';
import { explain } from './explanation.ts';
import { counted, grouped, seconds, signed } from './format.ts';
import { type Picture, inline } from './picture.ts';
import { escape } from './svg.ts';
import type { View } from './view.ts';

/** How many adds before a wrong answer are listed. */
const ENTRIES = 6;
/** How many problems are explained, and how many more are named. */
const EXPLAINED = 3;
const NAMED = 40;

const words = { true: 'VALID', false: 'INVALID', unknown: 'UNKNOWN' } as const;
const looks = { true: 'good', false: 'bad', unknown: 'unsure' } as const;

/** The drawing of the first wrong answer, if there is one. */
export function firstEvidence(view: View): Picture | undefined {
  const [problem] = view.problems;
  if (problem === undefined) return undefined;
  return evidencePicture(evidenceOf(problem, view.operations));
}

/** The verdict, large, and in a sentence what it rests on. */
export function verdictHtml(view: View): string {
  const { valid } = view.results;
  const key = `${valid}` as const;
  return `<div class="verdict ${looks[key]}"><strong>${words[key]}</strong><p>${escape(summary(view))}</p></div>`;
}

function summary(view: View): string {
  const { valid, stats } = view.results;
  if (!valid) return broken(view) ?? 'The run failed, for the reason below.';
  if (valid === 'unknown') {
    return `The run was cut short. ${broken(view) ?? 'Until then nothing was seen to be wrong, which proves little.'}`;
  }
  if (stats.read.ok === 0) return 'There were no reads, so nothing was wrong.';
  return `Each of ${counted(stats.read.ok, 'read')} had every add acknowledged before it, and nothing that was never added.`;
}

/** How much is wrong, if anything is. */
function broken({ results, offenders }: View): string | undefined {
  const wrong = [...offenders].filter(isWrongAnswer).length;
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

/** What went wrong, the first of it at length. Empty if nothing did. */
export function problemsHtml(view: View, picture: Picture | undefined): string {
  const { problems, results } = view;
  const judged = new Set(problems.map(({ text }) => text));
  const others = results.problems.filter((text) => !judged.has(text));
  const [first] = problems;
  const explained = problems.slice(1, EXPLAINED);
  return [
    ...others.map(
      (text) =>
        `<article class="problem"><h2 class="${looks[`${results.valid}`]}">${escape(sentence(text))}</h2></article>`,
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
  const more = texts.length - NAMED;
  const items = texts.slice(0, NAMED).map((text) => `<li>${escape(sentence(text))}</li>`);
  if (more > 0) items.push(`<li>and ${grouped(more)} more, in results.json</li>`);
  return `<details><summary>${counted(texts.length, 'more problem')}</summary><ol start="${EXPLAINED + 1}">${items.join('')}</ol></details>`;
}

/** Begins with a capital, unless it begins with a name. */
const sentence = (text: string): string =>
  text.replace(/^(?:the|none|only) /, (word) => word[0]?.toUpperCase() + word.slice(1));
