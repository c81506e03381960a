/**
 * The one place that parses JSON from outside or from the disk; the architecture test keeps `JSON.parse` out of the rest.
 *
 * From 12.8 on (Node 24 and 26), V8 can read an escaped object key as another key that an earlier object had
 * (nodejs/node#63785): it looks the key up by its raw text, where `\"` begins like the key `\`. A text without a
 * backslash has no escapes, so there the raw text is the key and V8 is right. All other texts are read by hand.
 *
 * JavaScript reads 4.9999999999999999999 as 5. Nobody who wrote it meant 5, so a number that only becomes whole by being
 * rounded is read as NaN, which nothing that takes a number takes.
 */

/** How deeply the arrays and objects of a text with escapes may be nested; V8 itself needs no stack for them. */
export const MAX_DEPTH = 1000;

/**
 * What a correct `JSON.parse` returns, but NaN for a number that rounding makes whole; and what it throws: a SyntaxError,
 * also for a text that is nested too deeply. A byte-order mark before the text is skipped, as RFC 8259 permits.
 */
export function parseJson(marked: string): unknown {
  const text = withoutMark(marked);
  return text.includes('\\') || isMaybeRounded(text) ? new Reader(text).read() : JSON.parse(text);
}

/**
 * Whether there may be a number that rounding makes whole: one with a fraction that has 17 digits or more, or is so small
 * that it becomes 0. Strings may look like that too, and then the text is read by hand for nothing.
 */
const isMaybeRounded = (text: string): boolean =>
  // Most texts have no fractions, which is quicker to see.
  (text.includes('.') || NEGATIVE_EXPONENT.test(text)) && MANY_DIGITS.test(text);

const NEGATIVE_EXPONENT = /\d[eE]-\d/;
const MANY_DIGITS = /[\d.]{17}|[eE]-\d{3}/;

/** The character that some editors and shells put before every text. */
const BYTE_ORDER_MARK = '\ufeff';

/** A text without the byte-order mark before it. */
export const withoutMark = (text: string): string =>
  text.startsWith(BYTE_ORDER_MARK) ? text.slice(BYTE_ORDER_MARK.length) : text;

/** True for a JSON object, and for nothing that JSON calls an array or null. */
export function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** Reads keys as JSON strings of their own, which V8 reads right. */
class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): unknown {
    const json = this.#value();
    if (this.#at < this.#text.length) this.#fail();
    return json;
  }

  /** A value and the white space around it. */
  #value(): unknown {
    const next = this.#skipSpace();
    let json: unknown;
    if (next === QUOTE) json = this.#string();
    else if (next === OPEN_BRACE || next === OPEN_BRACKET) {
      if (++this.#depth > MAX_DEPTH) throw new SyntaxError(`JSON nested more than ${MAX_DEPTH} levels deep`);
      this.#at++;
      json = next === OPEN_BRACE ? this.#object() : this.#array();
      this.#depth--;
    } else json = this.#scalar();
    this.#skipSpace();
    return json;
  }

  #object(): unknown {
    const object: Record<string, unknown> = {};
    if (this.#skipSpace() === CLOSE_BRACE) {
      this.#at++;
      return object;
    }
    do {
      if (this.#skipSpace() !== QUOTE) this.#fail();
      const key = this.#string();
      if (this.#skipSpace() !== COLON) this.#fail();
      this.#at++;
      const value = this.#value();
      if (key === '__proto__') Object.defineProperty(object, key, { value, ...ORDINARY });
      else object[key] = value;
    } while (this.#goesOn(CLOSE_BRACE));
    return object;
  }

  #array(): unknown {
    const array: unknown[] = [];
    if (this.#skipSpace() === CLOSE_BRACKET) {
      this.#at++;
      return array;
    }
    do array.push(this.#value());
    while (this.#goesOn(CLOSE_BRACKET));
    return array;
  }

  /** Takes the comma before another value, or what closes the array or object. */
  #goesOn(close: number): boolean {
    const next = this.#text.charCodeAt(this.#at);
    if (next !== COMMA && next !== close) this.#fail();
    this.#at++;
    return next === COMMA;
  }

  #string(): string {
    const start = this.#at++;
    let hasEscape = false;
    for (;;) {
      const next = this.#text.charCodeAt(this.#at++);
      if (next === QUOTE) break;
      if (next === BACKSLASH) {
        hasEscape = true;
        this.#at++;
      } else if (!(next >= SPACE)) this.#fail();
    }
    if (!hasEscape) return this.#text.slice(start + 1, this.#at - 1);
    const literal = this.#text.slice(start, this.#at);
    try {
      return String(JSON.parse(literal));
    } catch {
      return this.#fail();
    }
  }

  #scalar(): unknown {
    SCALAR.lastIndex = this.#at;
    const [token] = SCALAR.exec(this.#text) ?? this.#fail();
    this.#at = SCALAR.lastIndex;
    const json: unknown = JSON.parse(token);
    return Number.isInteger(json) && !isWhole(token) ? NaN : json;
  }

  #skipSpace(): number {
    for (;;) {
      const next = this.#text.charCodeAt(this.#at);
      if (next !== SPACE && next !== NEWLINE && next !== RETURN && next !== TAB) return next;
      this.#at++;
    }
  }

  /** V8 reads some keys wrongly but knows what is JSON, and says best what is wrong. */
  #fail(): never {
    JSON.parse(this.#text);
    throw new Error('a text that V8 takes for JSON was refused');
  }
}

/** Whether the number that a token is, before any rounding, is whole. */
function isWhole(token: string): boolean {
  const [, integer = '', fraction = '', exponent = '0'] = NUMBER.exec(token) ?? [];
  const digits = integer + fraction;
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === ZERO) end--;
  // The exponent of the last digit that is not 0.
  return end === 0 || Number(exponent) - fraction.length + (digits.length - end) >= 0;
}

const NUMBER = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ORDINARY = { writable: true, enumerable: true, configurable: true };

const [TAB, NEWLINE, RETURN, SPACE, QUOTE, COMMA, ZERO, COLON] = [9, 10, 13, 32, 34, 44, 48, 58];
const [OPEN_BRACKET, BACKSLASH, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [91, 92, 93, 123, 125];
