/**
 * The hash behind the digests of the Merkle tree. Peers compare its results over the wire, so it can never change. It
 * tells accidental differences apart, not adversarial ones: whoever can write counters into a cluster need not make
 * digests collide to do harm.
 */
/** The prime of 32-bit FNV-1a (Fowler, Noll, Vo). */
const FNV_PRIME = 0x01000193;
/** 2^32 divided by the golden ratio (Knuth, The Art of Computer Programming, volume 3, 6.4). */
const GOLDEN_RATIO = 0x9e3779b9;
/** The multiplier of MurmurHash2, and those of the finisher of MurmurHash3 (Austin Appleby, public domain). */
const MURMUR2 = 0x5bd1e995;
const MURMUR3_1 = 0x85ebca6b;
const MURMUR3_2 = 0xc2b2ae35;
/** The primes of 32-bit xxHash (Yann Collet). */
const XXH_PRIME_1 = 0x9e3779b1;
const XXH_PRIME_2 = 0x85ebca77;
const XXH_PRIME_3 = 0xc2b2ae3d;
const XXH_PRIME_4 = 0x27d4eb2f;
const XXH_PRIME_5 = 0x165667b1;

/** 64 bits in two halves, since numbers have no operations on 64. */
export interface Hash {
  high: number;
  low: number;
}

/** Hashes the UTF-16 code units of a text, each half with its own multiplier. */
export function hashText(text: string): Hash {
  let high = GOLDEN_RATIO;
  let low = MURMUR3_1;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    high = Math.imul(high ^ unit, FNV_PRIME);
    low = Math.imul(low ^ unit, MURMUR2);
    low ^= low >>> 15;
  }
  return { high: scrambled(high ^ (low >>> 16)), low: scrambled(low ^ text.length) };
}

/** Hashes a total under a replica id in a counter, into `result`. */
export function hashPart(key: Hash, name: Hash, total: number, result: Hash): void {
  const totalHigh = Math.floor(total / 2 ** 32);
  const totalLow = total | 0;
  const high = scrambled(key.high ^ Math.imul(name.low, XXH_PRIME_4) ^ totalLow);
  const low = scrambled(key.low ^ Math.imul(name.high, XXH_PRIME_5) ^ Math.imul(totalLow, XXH_PRIME_1));
  result.high = scrambled(high ^ Math.imul(low, XXH_PRIME_2) ^ totalHigh);
  result.low = scrambled(low ^ Math.imul(high, XXH_PRIME_3) ^ Math.imul(totalHigh, XXH_PRIME_4));
}

/** The finisher of MurmurHash3 (Austin Appleby, public domain): each bit of the input moves half of the output's. */
function scrambled(bits: number): number {
  let hash = bits ^ (bits >>> 16);
  hash = Math.imul(hash, MURMUR3_1);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, MURMUR3_2);
  return hash ^ (hash >>> 16);
}
