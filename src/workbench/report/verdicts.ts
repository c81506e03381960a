/**
 * Both verdicts, side by side: the state of each, one sentence on what it rests on, and which of them decides the exit
 * status; and what it means for the node when Maelstrom accepts a run that the workbench does not.
 */
import { type Check, checks } from '../nodes/verdict.ts';
import { returnedValue } from './evidence.ts';
import { counted, eachOf, grouped, sentence } from './format.ts';
import { checkNames, doubtsInShort, stateOf } from './state.ts';
import { escape } from './svg.ts';
import type { View } from './view.ts';

/** How many doubts are shown, and how much of each. The offences behind them are among the problems in full. */
const DOUBTS = 3;
const DOUBT_LENGTH = 120;

/** For a learner whose node passes there and not here. */
const MEANING =
  'Maelstrom accepts this run, since it judges only the final reads. What is wrong elsewhere in this run may reach the ' +
  'final reads of another; “Two verdicts” in docs/workbench.md says more.';

export function verdictsHtml(view: View): string {
  const { maelstrom, strict } = view.results.verdicts;
  const meaning = maelstrom.valid === true && strict.valid === false ? `\n<p>${MEANING}</p>` : '';
  return `<div class="verdicts">${checks.map((check) => verdictHtml(check, view)).join('')}</div>${meaning}`;
}

function verdictHtml(check: Check, view: View): string {
  const { results } = view;
  const state = stateOf(check, results.verdicts[check], results.stats.read.ok);
  const doubts = doubtsInShort(state, DOUBTS, DOUBT_LENGTH);
  const text = doubts === '' ? reasons[check](view) : doubts.replace(/(?<!…)$/, '.');
  const decides = results.check === check ? ' <span>decides the exit status</span>' : '';
  return `<div class="verdict ${state.look}"><h2>${checkNames[check]}${decides}</h2>
<p><strong>${state.word}</strong> <span>${escape(text)}</span></p></div>`;
}

/** What each verdict rests on, in a sentence. */
const reasons: Readonly<Record<Check, (view: View) => string>> = {
  maelstrom: ({ results }) => {
    const { valid, problems } = results.verdicts.maelstrom;
    const [first = '', ...others] = problems;
    switch (valid) {
      case true:
        return `${eachOf(results.finalReads.length, 'final read')} is the sum of all acknowledged adds, and of any whose outcome is unknown.`;
      case false:
        return `${sentence(first)}${others.length === 0 ? '' : `, and ${counted(others.length, 'more problem')}`}.`;
      case 'unknown':
        return 'The run was cut short.';
      case 'crashed':
        return 'Maelstrom gives no verdict on such a node: its test ends with an error.';
    }
  },
  strict: (view) => {
    const { stats, verdicts } = view.results;
    switch (verdicts.strict.valid) {
      case true:
        return `${eachOf(stats.read.ok, 'read')} had every add acknowledged before it, and nothing that was never added.`;
      case 'unknown':
        return 'The run was cut short. Until then nothing was seen to be wrong, which proves little.';
      case false:
      case 'crashed':
        if (stats.all.count === 0) return 'The run failed, for the reason below.';
        return brokenPromises(view) ?? `${counted(verdicts.strict.problems.length, 'problem')}, below.`;
    }
  },
};

/** How many operations broke their promises, if any. */
function brokenPromises({ results, offenders }: View): string | undefined {
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
