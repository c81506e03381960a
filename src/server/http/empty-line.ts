/**
 * Finds empty lines in a stream of bytes, however it is cut. The head of an HTTP message ends with one, and so does a
 * chunked body, with or without trailers.
 */
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

export class EmptyLine {
  /** Whether the bytes so far end with a line feed, or with one and a carriage return. */
  #ending: 'text' | 'line' | 'return' = 'text';

  /** The position after the first empty line, or undefined if `bytes` have none. The next call gets the bytes after that. */
  endIn(bytes: Uint8Array): number | undefined {
    let ending = this.#ending;
    this.#ending = 'text';
    for (
      let at = ending === 'text' ? bytes.indexOf(LINE_FEED) : -1;
      ;
      at = bytes.indexOf(LINE_FEED, at + 1)
    ) {
      if (ending === 'text') {
        if (at === -1) return undefined;
        ending = 'line';
      }
      let next = at + 1;
      if (ending === 'line' && bytes[next] === CARRIAGE_RETURN) {
        ending = 'return';
        next++;
      }
      if (bytes[next] === LINE_FEED) return next + 1;
      if (next === bytes.length) {
        this.#ending = ending;
        return undefined;
      }
      ending = 'text';
    }
  }
}
