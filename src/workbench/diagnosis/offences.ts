/**
 * Mistakes that the workbench notices during the run already, because Maelstrom reads nothing more from a node that makes
 * them.
 */
import type { Offence } from '../nodes/nodes.ts';
import type { Mistake } from './mistake.ts';
import { at, cut } from './words.ts';

/** What was written may be long; all of it is among the problems. */
const TEXT_LENGTH = 200;

const offence = (kinds: readonly Offence['kind'][], id: string, remedy: string): Mistake => ({
  id,
  remedy,
  find: ({ offences }) =>
    offences
      .filter(({ kind }) => kinds.includes(kind))
      .map(({ node, timeMs, text, silenced }) => ({
        evidence: `At ${at(timeMs)}, ${node} ${cut(text, TEXT_LENGTH)}${silenced ? '. Nothing that it wrote after that was read' : ''}.`,
        messages: [],
      })),
});

export const lineNotMessage = offence(
  ['line'],
  'line-not-a-message',
  'Write one JSON object a line to stdout, with src, dest and body, and nothing else. Logs belong on stderr.',
);

export const replyToNobody = offence(
  ['source', 'destination'],
  'reply-to-nobody',
  'A reply goes to the src of its request, and its own src is the node’s id: swap the two.',
);

export const answersLate = offence(
  ['late'],
  'answers-late',
  'A client waits for 5 s and then leaves. Answer before that, if only with error 0 (timeout), and never after it.',
);
