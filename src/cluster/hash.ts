/** 64 bits in two halves, since numbers have no operation on 64. */
export interface Hash {
  high: number;
  low: number;
}

/**
 * A hash of a text of UTF-16 code units, each half by its own multipliers. It keeps accidents apart, not adversaries:
 * who can write counters into a cluster need not make digests collide to do harm.
 */
export function hashText(text: string): Hash {
  let high = 0x9e3779b9;
  let low = 0x85ebca6b;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit, 0x5bd1e995);
    low ^= low >>> 15;
  }
  return { high: scrambled(high ^ (low >>> 16)), low: scrambled(low ^ text.length) };
}

/** A hash of a total under a name in a counter, into `result`. */
export function hashPart(key: Hash, name: Hash, total: number, result: Hash): void {
  const totalHigh = Math.floor(total / 2 ** 32);
  const totalLow = total | 0;
  const high = scrambled(key.high ^ Math.imul(name.low, 0x27d4eb2f) ^ totalLow);
  const low = scrambled(key.low ^ Math.imul(name.high, 0x165667b1) ^ Math.imul(totalLow, 0x9e3779b1));
  result.high = scrambled(high ^ Math.imul(low, 0x85ebca77) ^ totalHigh);
  result.low = scrambled(low ^ Math.imul(high, 0xc2b2ae3d) ^ Math.imul(totalHigh, 0x27d4eb2f));
}

/** The finisher of MurmurHash3 (Austin Appleby, public domain): each bit of the input moves half of the output's. */
function scrambled(bits: number): number {
  let hash = bits ^ (bits >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
