/**
 * Tokens: what the one that a request presents permits. The token of the server permits everything; restricted ones permit
 * to increment the counters below some prefixes, and may be replaced while the server runs.
 */
import { createHmac } from 'node:crypto';

/** A token that permits to increment the counters whose keys begin with a prefix. */
export interface RestrictedToken {
  readonly token: string;
  readonly prefix: string;
}

/** What a token permits: everything, or to increment the counters whose keys begin with one of these prefixes. */
export type Grant = 'everything' | readonly string[];

export class Tokens {
  readonly #token: string;
  #grants: ReadonlyMap<string, Grant> = new Map();

  /** `token` permits everything. */
  constructor(token: string) {
    this.#token = token;
    this.restrict([]);
  }

  /** From now on these are the restricted tokens, and no others. One that comes with several prefixes permits all of them. */
  restrict(restricted: readonly RestrictedToken[]): void {
    const prefixes = new Map<string, string[]>();
    for (const { token, prefix } of restricted) {
      const digest = this.#digest(token);
      prefixes.set(digest, [...(prefixes.get(digest) ?? []), prefix]);
    }
    this.#grants = new Map<string, Grant>([...prefixes, [this.#digest(this.#token), 'everything']]);
  }

  /** What a token permits; undefined for one that is not known. */
  grantOf(token: string): Grant | undefined {
    return this.#grants.get(this.#digest(token));
  }

  /**
   * Tokens are looked up by digests that only this server can compute, so the time that it takes says nothing about how
   * close a wrong one is.
   */
  #digest(token: string): string {
    return createHmac('sha256', this.#token).update(token).digest('base64');
  }
}
