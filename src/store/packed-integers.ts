/**
 * Integers from 0 to 2^53 − 1 as a string of one byte each for most: what each differs from the one before, seven bits a
 * character. A string of such characters takes a byte for each in memory, and no object of its own besides.
 */

/** Packs integers. */
export function packIntegers(integers: readonly number[]): string {
  const bytes: number[] = [];
  let before = 0;
  for (const integer of integers) {
    const difference = integer - before;
    before = integer;
    let rest = Math.abs(difference);
    // The first byte has six bits and the sign.
    bytes.push((rest % 64) | (difference < 0 ? SIGN : 0) | (rest >= 64 ? MORE : 0));
    for (rest = Math.floor(rest / 64); rest > 0; rest = Math.floor(rest / 128)) {
      bytes.push((rest % 128) | (rest >= 128 ? MORE : 0));
    }
  }
  return Buffer.from(bytes).toString('latin1');
}

/** The integers that were packed. */
export function unpackIntegers(packed: string): number[] {
  const integers: number[] = [];
  let before = 0;
  for (let at = 0; at < packed.length;) {
    const first = packed.charCodeAt(at++);
    let size = first % 64;
    let scale = 64;
    for (let byte = first; byte >= MORE; scale *= 128) {
      byte = packed.charCodeAt(at++);
      size += (byte % 128) * scale;
    }
    before += (first & SIGN) === 0 ? size : -size;
    integers.push(before);
  }
  return integers;
}

const MORE = 0x80;
const SIGN = 0x40;
