/**
 * The keyring: signs messages between members with an HMAC-SHA256 (RFC 2104) under a shared key. Messages are not
 * encrypted: anyone can read them, and only holders of a key can write them. A cluster without keys signs nothing.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a text is signed for. A signature for one purpose is not valid for another. */
export type Purpose = 'beacon' | 'request' | 'reply';

/** Characters of an HMAC-SHA256 in base64url. */
const MAC_CHARS = 43;

export class Keyring {
  readonly #keys: readonly string[];

  /** Signs with the first key and accepts all of them, so that keys can be changed one member at a time. */
  constructor(keys: readonly string[]) {
    this.#keys = keys;
  }

  get isKeyed(): boolean {
    return this.#keys.length > 0;
  }

  /** Prepends the signature. `context` is covered by it without being sent: both sides know it. */
  sign(purpose: Purpose, context: string, text: string): string {
    const [key] = this.#keys;
    return key === undefined ? text : mac(key, purpose, context, text) + text;
  }

  /** Returns the text of a signed one; undefined if the signature is missing or wrong, or for something else. */
  verify(purpose: Purpose, context: string, signed: string): string | undefined {
    if (!this.isKeyed) return signed.startsWith('{') ? signed : undefined;
    const presented = Buffer.from(signed.slice(0, MAC_CHARS));
    const text = signed.slice(MAC_CHARS);
    let isRight = false;
    for (const key of this.#keys) {
      const right = Buffer.from(mac(key, purpose, context, text));
      if (presented.length === right.length && timingSafeEqual(presented, right)) isRight = true;
    }
    return isRight ? text : undefined;
  }
}

const mac = (key: string, purpose: Purpose, context: string, text: string): string =>
  createHmac('sha256', key).update(`g-counter 1 ${purpose} ${context}\n${text}`).digest('base64url');
