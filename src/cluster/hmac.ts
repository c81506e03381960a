import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a signed text is for. One that was signed for one thing is worth nothing for another. */
export type Purpose = 'beacon' | 'request' | 'reply';

/** Characters of an HMAC-SHA256 in base64url. */
const MAC_CHARS = 43;

/**
 * Seals what members of a cluster say to each other with an HMAC-SHA256 (RFC 2104) under a shared key. What is signed
 * can be read by anyone; only who has the key can have written it. A cluster without a key seals nothing.
 */
export class Keyring {
  readonly #keys: readonly string[];

  /** The first key seals; all of them are accepted, so that keys can be changed one member at a time. */
  constructor(keys: readonly string[]) {
    this.#keys = keys;
  }

  get isKeyed(): boolean {
    return this.#keys.length > 0;
  }

  /** `context` is what both sides know and the seal covers without its being sent. */
  sign(purpose: Purpose, context: string, text: string): string {
    const [key] = this.#keys;
    return key === undefined ? text : mac(key, purpose, context, text) + text;
  }

  /** The text that was signed; undefined where it was not, not for this, or not with our key. */
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
