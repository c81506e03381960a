/**
 * The file of restricted tokens, `TOKEN increment PREFIX` a line. It is checked as a whole before it is used. What a mistake
 * is said to be names the line and never shows what is in it.
 */
import { nameFault } from '../../crdt/names.ts';
import type { RestrictedToken } from '../../server/http/tokens.ts';
import { UsageError, textFrom, written } from '../arguments.ts';
import type { Settings } from './settings.ts';

/** Each increment of a batch may be compared with as many prefixes. */
const MAX_TOKENS = 1000;
const MAX_TOKEN_CHARS = 256;

export class TokensFile {
  readonly #settings: Pick<Settings<'tokens-file'>, 'text' | 'nameOf'>;
  readonly #token: string | undefined;

  /** `token` is the one that permits everything. */
  constructor(settings: Pick<Settings<'tokens-file'>, 'text' | 'nameOf'>, token: string | undefined) {
    this.#settings = settings;
    this.#token = token;
  }

  /** What the file holds now; undefined if none is named. Throws a UsageError. */
  read(): RestrictedToken[] | undefined {
    const path = this.#settings.text('tokens-file');
    if (path === undefined) return undefined;
    const name = this.#settings.nameOf('tokens-file');
    if (this.#token === undefined) {
      throw new UsageError(
        `${written(name)} is given with --token-file: it restricts tokens besides that one`,
      );
    }
    const lines = textFrom(name, path).split('\n');
    // A file that somebody is writing may be empty for a moment. One of which a comment is left revokes all tokens.
    if (lines.every((line) => line.trim() === '')) throw new UsageError(`${written(name)} ${path} is empty`);
    const tokens: RestrictedToken[] = [];
    for (const [index, text] of lines.entries()) {
      const line = text.trim();
      const fault = (why: string): UsageError =>
        new UsageError(`${written(name)} ${path}, line ${index + 1}: ${why}`);
      if (line === '' || line.startsWith('#')) continue;
      if (tokens.length === MAX_TOKENS) throw fault(`there are more than ${MAX_TOKENS} tokens`);
      const [, token = '', prefix] = /^(\S+)\s+increment\s+(.*)$/.exec(line) ?? [];
      if (prefix === undefined) throw fault('a line is TOKEN increment PREFIX');
      if (token.length > MAX_TOKEN_CHARS || !/^[\x21-\x7e]+$/.test(token)) {
        throw fault(`a token is 1 to ${MAX_TOKEN_CHARS} printable ASCII characters without blanks`);
      }
      const why = nameFault(prefix);
      if (why !== undefined) throw fault(`the prefix ${why}`);
      if (token === this.#token) throw fault('this is the token that permits everything');
      tokens.push({ token, prefix });
    }
    return tokens;
  }
}
