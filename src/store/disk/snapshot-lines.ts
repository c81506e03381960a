/**
 * The lines of a snapshot. A million of them are read at a start, and nearly all are alike: a key without escapes, and one
 * total under the same replica id as in the line before. Those are read byte by byte, all others as JSON.
 */
import type { GCounter } from '../../crdt/g-counter.ts';
import { decodeJson } from '../../runtime/decode.ts';
import { totalsFrom } from './record.ts';

/** A counter of a snapshot: with one total, for which no map is made, or with whatever parts it has. */
export type SnapshotLine =
  | { readonly key: string; readonly name: string; readonly total: number }
  | { readonly key: string; readonly parts: GCounter };

export class SnapshotLines {
  /** The replica id in the last line with one total, and what stands between its key and its total. */
  #name = '';
  #middle = Buffer.alloc(0);
  /** Where the line that was read last ends, without the comma after it. */
  #end = 0;

  /** The lines of a slice, in their order. Throws a DecodeError for anything that a snapshot does not contain. */
  read(slice: Buffer): SnapshotLine[] {
    const lines: SnapshotLine[] = [];
    let start = slice.indexOf(NEWLINE) + 1;
    while (start > 0 && start < slice.length && slice[start] !== CLOSE_BRACE) {
      lines.push(this.#plain(slice, start) ?? this.#json(slice, start));
      start = slice.indexOf(NEWLINE, this.#end) + 1;
    }
    return lines;
  }

  /** A line of the usual form; undefined for others. */
  #plain(slice: Buffer, start: number): SnapshotLine | undefined {
    const keyStart = start + INDENT.length;
    if (!isAt(slice, start, INDENT)) return undefined;
    let at = keyStart;
    let isAscii = true;
    for (let byte = slice[at]; byte !== QUOTE; byte = slice[++at]) {
      if (byte === undefined || byte === BACKSLASH) return undefined;
      if (byte >= 0x80) isAscii = false;
    }
    const keyEnd = at;
    if (!isAt(slice, keyEnd, this.#middle)) return undefined;
    at += this.#middle.length;
    const digits = at;
    let total = 0;
    for (let byte = slice[at]; byte !== CLOSE_BRACE; byte = slice[++at]) {
      if (byte === undefined || byte < ZERO || byte > NINE || at - digits === SAFE_DIGITS) return undefined;
      total = 10 * total + byte - ZERO;
    }
    this.#end = at + 1;
    const key = slice.toString(isAscii ? 'latin1' : 'utf8', keyStart, keyEnd);
    return { key, name: this.#name, total };
  }

  #json(slice: Buffer, start: number): SnapshotLine {
    const newline = slice.indexOf(NEWLINE, start);
    const end = newline === -1 ? slice.length : newline;
    this.#end = slice[end - 1] === COMMA ? end - 1 : end;
    const [[key, parts] = ['', new Map<string, number>()]] = totalsFrom(
      decodeJson(`{${slice.toString('utf8', start, this.#end)}}`),
    );
    const [[name, total] = ['', 0]] = parts;
    if (parts.size !== 1) return { key, parts };
    this.#name = name;
    this.#middle = Buffer.from(`": {${JSON.stringify(name)}: `);
    return { key, name, total };
  }
}

function isAt(bytes: Buffer, start: number, expected: Buffer): boolean {
  for (let at = 0; at < expected.length; at++) if (bytes[start + at] !== expected[at]) return false;
  return expected.length > 0;
}

const [NEWLINE, SPACE, QUOTE, COMMA, ZERO, NINE, BACKSLASH, CLOSE_BRACE] = [10, 32, 34, 44, 48, 57, 92, 125];
/** What stands before a key. */
const INDENT = Buffer.of(SPACE, SPACE, QUOTE);
/** As many digits are a safe integer, whatever they are. */
const SAFE_DIGITS = 15;
