/**
 * Reads a file that comes in pieces by lengths of the reader's choosing. Holds no more of it than was asked for and one
 * piece.
 */
export class PieceReader {
  readonly #pieces: AsyncIterator<Buffer>;
  /** What has come and has not been skipped; concatenated when that is needed. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #position = 0;

  constructor(pieces: AsyncIterable<Buffer>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** How much of the file has been skipped. */
  get position(): number {
    return this.#position;
  }

  /** How much of the file has come: its length, when something was asked for beyond its end. */
  get end(): number {
    return this.#position + this.#heldBytes;
  }

  /** The next `length` bytes, if they have come in one piece. */
  peekHeld(length: number): Buffer | undefined {
    const [first] = this.#held;
    return first !== undefined && first.length >= length ? first.subarray(0, length) : undefined;
  }

  /** Resolves with the next `length` bytes; undefined if the file ends before. */
  async peek(length: number): Promise<Buffer | undefined> {
    while (this.#heldBytes < length) {
      const piece = await this.#next();
      if (piece === undefined) return undefined;
      this.#held.push(piece);
      this.#heldBytes += piece.length;
    }
    const held = this.peekHeld(length);
    if (held !== undefined) return held;
    const all = Buffer.concat(this.#held);
    this.#held = [all];
    return all.subarray(0, length);
  }

  /** Skips bytes that have been peeked at. */
  skip(length: number): void {
    const [first = Buffer.alloc(0)] = this.#held;
    this.#held[0] = first.subarray(length);
    this.#heldBytes -= length;
    this.#position += length;
  }

  /** Resolves with whether the file is zeros from `offset` bytes on to its end. Nothing can be peeked at after that. */
  async isZeroFrom(offset: number): Promise<boolean> {
    let isZero = isZeros(Buffer.concat(this.#held).subarray(offset));
    for (let ahead = this.#heldBytes; ;) {
      const piece = await this.#next();
      if (piece === undefined) return isZero;
      isZero &&= isZeros(piece.subarray(Math.max(0, offset - ahead)));
      ahead += piece.length;
      this.#heldBytes += piece.length;
    }
  }

  async #next(): Promise<Buffer | undefined> {
    const next = await this.#pieces.next();
    return next.done === true ? undefined : next.value;
  }
}

const isZeros = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);
