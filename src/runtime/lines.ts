/**
 * Reading and writing lines in any number and of any length, within bounded memory: a line that is too long is dropped, and
 * input is paused while the reader of our output does not keep up.
 */
import { createInterface } from 'node:readline';
import { type Readable, Transform, type TransformCallback, type Writable } from 'node:stream';
import { afterThisTurn } from './system.ts';

/** A longer line is dropped, so that a sender that never ends its line cannot fill the memory. */
const MAX_LINE_CHARS = 64 * 2 ** 20;

/** Output is written in pieces of about this size, or when a turn of the event loop ends. */
const BATCH_CHARS = 2 ** 16;

/** How much a slow reader of our output may leave unread before we stop reading input. */
const MAX_UNWRITTEN_BYTES = 2 ** 20;

export interface LineSource {
  pause(): void;
  resume(): void;
}

/**
 * Calls `onLine` for each line of `input`, in order, and `onEnd` after the last. Lines end with LF or CRLF and may
 * arrive in any chunks.
 */
export function readLines(input: Readable, onLine: (line: string) => void, onEnd: () => void): LineSource {
  const lines = createInterface({
    input: input.setEncoding('utf8').pipe(new LineGuard()),
    crlfDelay: Infinity,
  });
  lines.on('line', onLine);
  lines.on('close', onEnd);
  return lines;
}

/**
 * Prepares text for readline, which has no bound, and which also ends lines at U+2028 and U+2029, although JSON allows both
 * within strings. They are escaped here; outside of strings they are not JSON either way.
 */
class LineGuard extends Transform {
  #unendedChars = 0;

  constructor() {
    super({ encoding: 'utf8', decodeStrings: false });
  }

  override _transform(text: string, _encoding: string, done: TransformCallback): void {
    const end = text.lastIndexOf('\n');
    const unendedChars = end === -1 ? this.#unendedChars + text.length : text.length - end - 1;
    const alreadyTooLong = this.#unendedChars > MAX_LINE_CHARS;
    this.#unendedChars = unendedChars;
    if (end !== -1 || unendedChars <= MAX_LINE_CHARS) done(null, escapeSeparators(text));
    // The middle of the line is dropped; a NUL in its place makes sure that the rest does not pass for JSON.
    else done(null, alreadyTooLong ? null : '\0');
  }
}

function escapeSeparators(text: string): string {
  if (!text.includes('\u2028') && !text.includes('\u2029')) return text;
  return text.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** Writes lines in batches: a system call per line would cost more than the line. */
export class LineWriter {
  readonly #output: Writable;
  #unwritten = '';
  #throttling = false;

  constructor(output: Writable) {
    this.#output = output;
  }

  /** Writes one line, soon. */
  write(line: string): void {
    if (this.#unwritten === '') afterThisTurn(() => this.flush());
    this.#unwritten += `${line}\n`;
    if (this.#unwritten.length >= BATCH_CHARS) this.flush();
  }

  /** Writes what is waiting. `onWritten` is called when all of it has left this process. */
  flush(onWritten?: () => void): void {
    const text = this.#unwritten;
    this.#unwritten = '';
    if (text !== '' || onWritten !== undefined) this.#output.write(text, onWritten);
  }

  /** Pauses `source` for as long as the reader of our output does not keep up. */
  throttle(source: LineSource): void {
    if (this.#throttling || this.#output.writableLength < MAX_UNWRITTEN_BYTES) return;
    this.#throttling = true;
    source.pause();
    this.#output.once('drain', () => {
      this.#throttling = false;
      source.resume();
    });
  }
}
