/** A terminal in memory: what is on its rows after all that has been written to it. */
import { Writable } from 'node:stream';

const ERASE = '\x1b[K';

export class TestScreen extends Writable {
  readonly isTTY: boolean;
  columns: number | undefined;
  /** Is called with what is written, once it is on the screen. */
  onText: (text: string) => void = () => {};
  /** Everything written, control sequences included. */
  text = '';
  #rows = [''];
  #column = 0;

  constructor(columns?: number) {
    super();
    this.isTTY = columns !== undefined;
    this.columns = columns;
  }

  /** What a person sees. */
  get rows(): readonly string[] {
    return this.#rows.map((row) => row.trimEnd());
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    const text = chunk.toString();
    this.text += text;
    for (const [index, part] of text.split(ERASE).entries()) {
      if (index > 0) this.#put(ERASE);
      for (const character of part) this.#put(character);
    }
    this.onText(text);
    done();
  }

  #put(token: string): void {
    if (token === '\n') {
      this.#rows.push('');
      this.#column = 0;
    } else if (token === '\r') {
      this.#column = 0;
    } else {
      if (this.#column >= (this.columns ?? Infinity)) this.#put('\n');
      const row = this.#rows.pop() ?? '';
      const before = row.slice(0, this.#column).padEnd(this.#column);
      const isErase = token === ERASE;
      this.#rows.push(isErase ? before : before + token + row.slice(this.#column + 1));
      if (!isErase) this.#column++;
    }
  }
}
