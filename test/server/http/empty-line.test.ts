import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { EmptyLine } from '../../../src/server/http/empty-line.ts';

/** Where the empty lines of some pieces end, counted from the first byte of the first piece. */
function endsIn(pieces: readonly Uint8Array[]): number[] {
  const emptyLine = new EmptyLine();
  const ends: number[] = [];
  let start = 0;
  for (const piece of pieces) {
    let rest = piece;
    for (let end = emptyLine.endIn(rest); end !== undefined; end = emptyLine.endIn(rest)) {
      ends.push(start + piece.length - rest.length + end);
      rest = rest.subarray(end);
    }
    start += piece.length;
  }
  return ends;
}

const text = fc.array(fc.constantFrom('\n', '\r', '\r\n', '\r\n\r\n', 'x'), { maxLength: 40 });

test('the empty lines of a text are found however it is cut', () => {
  fc.assert(
    fc.property(text, fc.array(fc.nat(40)), (parts, cuts) => {
      const bytes = Buffer.from(parts.join(''));
      const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      const pieces = at.slice(1).map((end, n) => bytes.subarray(at[n], end));
      const ends = [...parts.join('').matchAll(/\n\r?\n/g)].map((found) => found.index + found[0].length);
      expect(endsIn(pieces)).toEqual(ends);
    }),
  );
});
