/**
 * Decodes untrusted JSON: what comes over the network or from the disk. Each function returns what it is named after, or
 * throws a DecodeError whose message says what is wrong, for a person. Nothing is converted and nothing is guessed.
 */
import { isObject, parseJson } from './json.ts';

/** A text or a value is not what its format says. */
export class DecodeError extends Error {}

/** It is of a version that is to come. */
export class NewerVersionError extends DecodeError {}

/**
 * Throws a NewerVersionError if an object names a version of its format that this program does not know. The first version
 * of a format does not name itself; the next ones have a member `version`.
 */
export function checkVersion(json: unknown, what: string): void {
  if (!isObject(json) || !Object.hasOwn(json, 'version')) return;
  const version = integer(json['version']);
  if (version !== KNOWN_VERSION) {
    throw new NewerVersionError(
      `${what} is of version ${version}, and this program knows ${KNOWN_VERSION}: use a newer one`,
    );
  }
}

const KNOWN_VERSION = 1;

export type Fields = Readonly<Record<string, unknown>>;

/** The value whose JSON is `source`. */
export function decodeJson(source: string): unknown {
  try {
    return parseJson(source);
  } catch {
    throw new DecodeError('not JSON');
  }
}

/** An object with all members of `required`, and no others but those of `optional`. `what` names it in messages. */
export function fields(
  json: unknown,
  what: string,
  required: readonly string[],
  optional: readonly string[] = [],
): Fields {
  if (!isObject(json)) throw new DecodeError(`${what} must be a JSON object`);
  for (const name of required) {
    if (!Object.hasOwn(json, name)) throw new DecodeError(`${what} lacks the member ${JSON.stringify(name)}`);
  }
  for (const name of Object.keys(json)) {
    if (required.includes(name) || optional.includes(name)) continue;
    throw new DecodeError(`${what} has an unknown member ${JSON.stringify(name)}`);
  }
  return json;
}

/** The members of an object whose names are data, at most `max`. */
export function entries(json: unknown, max = Infinity): [name: string, value: unknown][] {
  if (!isObject(json)) throw new DecodeError('not an object');
  const all = Object.entries(json);
  if (all.length > max) throw new DecodeError(`more than ${max} members`);
  return all;
}

/** An array of at most `max` elements. */
export function list(json: unknown, max = Infinity): unknown[] {
  if (!Array.isArray(json)) throw new DecodeError('not an array');
  if (json.length > max) throw new DecodeError(`more than ${max} elements`);
  return json;
}

export function text(json: unknown): string {
  if (typeof json !== 'string') throw new DecodeError('not a string');
  return json;
}

export function boolean(json: unknown): boolean {
  if (typeof json !== 'boolean') throw new DecodeError('not a boolean');
  return json;
}

/** An integer from 0 to 2^53 − 1. */
export function integer(json: unknown): number {
  if (Number.isSafeInteger(json) && Number(json) >= 0) return Number(json);
  throw new DecodeError('not an integer from 0 to 2^53 - 1');
}
