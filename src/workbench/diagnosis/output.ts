/**
 * Nodes of which nothing arrives: output that stays in a buffer of the program, or that has no line end.
 */
import type { Mistake } from './mistake.ts';
import { at, counted, lasting, shown } from './words.ts';

/** A program may need that long to start. */
const PATIENCE_MS = 3000;

export const noLineEnd: Mistake = {
  id: 'no-line-end',
  remedy:
    'End each message with a line feed, and write it as one line: console.log and print do so, process.stdout.write and ' +
    'sys.stdout.write do not.',
  find: ({ outputs }) =>
    outputs.flatMap(({ node, unfinished, endedMs }) => {
      if (unfinished === undefined || unfinished.ageMs < PATIENCE_MS) return [];
      const { bytes, text, ageMs } = unfinished;
      return [
        {
          evidence: `${counted(bytes, 'byte')} arrived from ${node} at ${at(endedMs - ageMs)}, without a line end: ${shown(text)}`,
          messages: [],
        },
      ];
    }),
};

export const nothingArrives: Mistake = {
  id: 'nothing-arrives',
  remedy:
    'Flush the output after each message: print(…, flush=True) in Python. To a pipe, many languages write only when ' +
    'some kilobytes have come together. If the node has crashed or waits for something, its log in node-logs may say so.',
  find: ({ outputs, offences }) =>
    outputs.flatMap((output) => {
      const { node, sent, lastSentMs, unanswered, endedMs, unfinished } = output;
      const silentMs = endedMs - lastSentMs;
      if (sent > 1 || silentMs < PATIENCE_MS || unanswered === 0 || unfinished !== undefined) return [];
      // What it sent, wrong as it was, has arrived.
      if (offences.some((offence) => offence.node === node)) return [];
      const only = sent === 0 ? '' : ` after ${counted(sent, 'message')}`;
      return [
        {
          evidence: `Nothing arrived on stdout of ${node} in ${lasting(silentMs)}${only}, although it was sent ${counted(unanswered, 'message')}.`,
          messages: [],
        },
      ];
    }),
};
