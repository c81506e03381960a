import { formatRanges } from '../sim/ranges.ts';
import type { EarlierRead } from './earlier-read.ts';
import { type Evidence, greatest, lowest } from './evidence.ts';
import { counted, duration, grouped, listed, seconds, signed } from './format.ts';

export interface Explanation {
  /** What happened, in one line. */
  readonly headline: string;
  /** How it is known, and what may have led to it. */
  readonly sentences: readonly string[];
}

/** A wrong answer in plain words, for somebody who knows neither the node nor the checker. */
export function explain(evidence: Evidence): Explanation {
  const { operation, offence, acknowledged, earlier } = evidence;
  const { node, process, invoked, completed, final } = operation;
  const value = grouped(evidence.value ?? 0);
  const kind = final ? 'for the last time, after all faults had healed' : 'for the count';
  const tookMs = completed.timeMs - invoked.timeMs;
  const asked =
    `Client process ${process} asked ${node} ${kind} at ${seconds(invoked.timeMs)} and was told ` +
    `${value}${tookMs < 0.05 ? ' at once' : `, ${duration(tookMs)} later`}.`;
  switch (offence) {
    case 'misses':
      return {
        headline: `${node} answered ${value}; ${due(evidence)}`,
        sentences: [asked, certain(evidence), ...outdated(evidence), ...suspicion(evidence)],
      };
    case 'exceeds':
      return {
        headline: `${node} answered ${value}; no more than ${grouped(greatest(evidence.allowed))} had ever been added`,
        sentences: [
          asked,
          `All adds that clients had asked for by then, without those that were refused, come to ${grouped(greatest(evidence.allowed))}: ` +
            `the answer is ${grouped((evidence.value ?? 0) - greatest(evidence.allowed))} too high, so something was counted twice or never added.`,
          ...suspicion(evidence),
        ],
      };
    case 'goes back':
      return {
        headline: `${node} answered ${value} after ${grouped(earlier?.floor ?? 0)} had already been reached`,
        sentences: [asked, ...(earlier === undefined ? [] : seenBefore(earlier))],
      };
    case 'unanswered':
      return {
        headline: `${node} left ${final ? 'its final' : 'a'} ${operation.f} without an answer`,
        sentences: [
          `Client process ${process} asked ${node} ${operation.f === 'add' ? `to add ${operation.delta}` : kind} at ` +
            `${seconds(invoked.timeMs)} and had no good answer by ${seconds(completed.timeMs)}: ${operation.error ?? 'no reply'}.`,
          ...(final ? ['By then all faults had healed, so nothing excuses it.'] : []),
        ],
      };
    case 'no sum':
      return {
        headline: `${node} answered ${value}, which no set of adds comes to`,
        sentences: [
          asked,
          `Adds of ${grouped(acknowledged)} had been acknowledged, and ${counted(evidence.around.length, 'other add')} may have ` +
            `happened (${evidence.around
              .map((add) => signed(add.delta))
              .slice(0, 12)
              .join(', ')}). ` +
            `With any of them it could have answered ${formatRanges(evidence.allowed)}.`,
        ],
      };
  }
}

function seenBefore({ read, value, floor }: EarlierRead): string[] {
  const since = floor - value;
  const more =
    since === 0
      ? ''
      : ` After that, adds of ${grouped(since)} were asked for and acknowledged, also before it began.`;
  return [
    `But ${read.node} had told process ${read.process} that it was ${grouped(value)} at ${seconds(read.completed.timeMs)}, before ` +
      `this read began, and a counter that only grows does not go back.${more}`,
  ];
}

function due({ allowed }: Evidence): string {
  const [low, high] = [lowest(allowed), greatest(allowed)];
  return low === high ? `the only right answer was ${grouped(low)}` : `at least ${grouped(low)} was due`;
}

function certain({ value = 0, acknowledged, allowed, before, around }: Evidence): string {
  const [low, high] = [lowest(allowed), greatest(allowed)];
  const under = around.filter((add) => add.delta !== 0);
  const others =
    under.length === 0
      ? 'Nothing else was under way, so no other answer was right'
      : `${counted(under.length, 'other add')} might have been counted or not, so ${grouped(low)} to ${grouped(high)} would have been right`;
  return (
    `Before it asked, ${counted(before.length, 'add')} had been acknowledged, ${grouped(acknowledged)} in all. ` +
    `${others}: ${grouped(low - value)} ${low - value === 1 ? 'is' : 'are'} missing.`
  );
}

/** Until when the answer would have been right. Only a counter that does not fall was ever at a value just once. */
function outdated({ operation, value = 0, before, around }: Evidence): string[] {
  const falls = before.some(({ add }) => add.delta < 0) || around.some((add) => add.delta < 0);
  const passed = before.find(({ total }) => total > value);
  if (falls || passed === undefined) return [];
  const { add } = passed;
  const age = operation.invoked.timeMs - add.completed.timeMs;
  return [
    `The answer was ${age < 0.05 ? 'only just' : duration(age)} out of date: it was right until ${seconds(add.completed.timeMs)}, ` +
      `when ${add.node} acknowledged an add of ${add.delta}.`,
  ];
}

function suspicion({ offence, suspects }: Evidence): string[] {
  const adds = [...suspects];
  const nodes = [...new Set(adds.map((add) => add.node))];
  if (adds.length === 0) return [];
  if (offence === 'exceeds') {
    const where = listed(adds.map((add) => `${add.node} at ${seconds(add.invoked.timeMs)}`));
    return [`An add of ${adds[0]?.delta} counted twice would explain it: ${where}.`];
  }
  const sum = adds.reduce((total, add) => total + add.delta, 0);
  return [
    adds.length === 1
      ? `The last add of ${nodes[0]} (${signed(sum)}) is just what is missing.`
      : `The last ${adds.length} adds of ${nodes[0]} (${adds
          .map((add) => signed(add.delta))
          .toReversed()
          .join(', ')}) come to just what is missing.`,
  ];
}
