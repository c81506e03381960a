/**
 * A Merkle tree over the counters: two replicas find where they differ by comparing digests from the root down (as in
 * Dynamo, SOSP 2007, section 4.7). A counter belongs to the leaf that its key hashes to. The digest of a leaf is the
 * exclusive or of a hash of every part of every counter in it, so a change costs two hashes and the order of changes
 * does not matter; the digest of an inner node is that of all leaves below it.
 */
import type { Hash } from './hash.ts';

export const FAN_OUT = 16;
/** Leaves are the nodes of this level, the root that of level 0. */
export const LEVELS = 4;
export const LEAVES = FAN_OUT ** LEVELS;

/** Characters of a digest: 48 bits in base64url. */
export const DIGEST_CHARS = 8;

/** The leaf of a key with this hash. */
export const leafOf = ({ low }: Hash): number => low & (LEAVES - 1);

export class MerkleTree {
  readonly #high = new Int32Array(LEAVES);
  readonly #low = new Int32Array(LEAVES);
  readonly #root: Hash = { high: 0, low: 0 };

  /** Adds a hash to a leaf, or removes it if it is there. */
  toggle(leaf: number, { high, low }: Hash): void {
    this.#high[leaf] = (this.#high[leaf] ?? 0) ^ high;
    this.#low[leaf] = (this.#low[leaf] ?? 0) ^ low;
    this.#root.high ^= high;
    this.#root.low ^= low;
  }

  get root(): string {
    return encodeDigest(this.#root);
  }

  /** Returns the digests of the children of a node, concatenated. */
  children(level: number, index: number): string {
    const leaves = FAN_OUT ** (LEVELS - level - 1);
    let text = '';
    for (let child = index * FAN_OUT; child < (index + 1) * FAN_OUT; child++) {
      let [high, low] = [0, 0];
      for (let leaf = child * leaves; leaf < (child + 1) * leaves; leaf++) {
        high ^= this.#high[leaf] ?? 0;
        low ^= this.#low[leaf] ?? 0;
      }
      text += encodeDigest({ high, low });
    }
    return text;
  }

  /** Returns the children of a node whose digests differ from `theirs`, as indices on the next level. */
  differing(level: number, index: number, theirs: string): number[] {
    const ours = this.children(level, index);
    const differing: number[] = [];
    for (let child = 0; child < FAN_OUT; child++) {
      const start = child * DIGEST_CHARS;
      if (ours.slice(start, start + DIGEST_CHARS) !== theirs.slice(start, start + DIGEST_CHARS)) {
        differing.push(index * FAN_OUT + child);
      }
    }
    return differing;
  }
}

const bytes = Buffer.alloc(6);

export function encodeDigest({ high, low }: Hash): string {
  bytes.writeUInt16BE(high & 0xffff, 0);
  bytes.writeInt32BE(low | 0, 2);
  return bytes.toString('base64url');
}
