/**
 * What a reader of a make target sees: what is done, what was asked and answered, and the line with the outcome. Lines fit
 * 80 columns, so they can be read in any terminal and pasted into a mail.
 */
import type { Log } from '../../runtime/log.ts';

const WIDTH = 80;
const INDENT = '  ';
const ANSWER_COLUMN = 40;
const ANSWER_INDENT = ' '.repeat(8);

export class Narrator {
  readonly #say: Log;

  constructor(say: Log) {
    this.#say = say;
  }

  /** Begins a target: its name, and what it shows. */
  begin(target: string, summary: string): void {
    this.#say(wrapped(`${target}: ${summary}`, ''));
  }

  /** Says what is done next, or what has been found. */
  step(text: string): void {
    this.#say(wrapped(text, INDENT));
  }

  /** Shows what a reader can type, in one piece. */
  command(line: string): void {
    this.#say(`${INDENT}${INDENT}${line}`);
  }

  /** Shows a request to a server and its answer. */
  exchange(server: string, request: string, answer: string): void {
    const asked = `${INDENT}${INDENT}${server}  ${request}`;
    const beside = `${asked.padEnd(ANSWER_COLUMN)}  ${answer}`;
    if (beside.length <= WIDTH) {
      this.#say(beside);
      return;
    }
    this.#say(asked);
    for (const line of chunks(answer, WIDTH - ANSWER_INDENT.length)) this.#say(`${ANSWER_INDENT}${line}`);
  }

  /** Ends a target. */
  end(target: string, hasPassed: boolean, text: string): void {
    this.#say(wrapped(`${hasPassed ? 'PASS' : 'FAIL'}  ${target}: ${text}`, ''));
  }

  blank(): void {
    this.#say('');
  }
}

/** Splits JSON into pieces of at most `length`, after commas where there are any. */
function chunks(json: string, length: number): string[] {
  const found: string[] = [];
  let rest = json;
  while (rest.length > length) {
    const end = rest.lastIndexOf(',', length - 1) + 1 || length;
    found.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return [...found, rest];
}

/** Breaks a text between words. What follows the first line is indented further. */
function wrapped(text: string, indent: string): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    if (line.trim() !== '' && line.length + word.length > WIDTH) {
      lines.push(line.trimEnd());
      line = `${indent}${INDENT}`;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()].join('\n');
}
