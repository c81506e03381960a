/**
 * Content negotiation: which of the types that a response can have its client prefers (RFC 9110, 12.5.1). Whoever has no
 * preference gets JSON.
 */
import type { IncomingMessage } from 'node:http';
import { type Reply, jsonReply } from './reply.ts';

/** The value of a counter that was read, as JSON or, for clients that prefer plain text, bare. */
export function valueReply({ headers }: IncomingMessage, value: number, json: string): Reply {
  const type = preferred(headers.accept, ['application/json', 'text/plain']);
  return { ...(type === 'text/plain' ? textReply(value) : jsonReply(json)), headers: { vary: 'accept' } };
}

/**
 * The same of one that was incremented. A browser that shows the response, as after a form, is led to the badge instead, by
 * its relative URL: to load that again adds nothing.
 */
export function countedReply(
  { headers }: IncomingMessage,
  value: number,
  json: string,
  badge: string,
): Reply {
  switch (preferred(headers.accept, ['application/json', 'text/plain', 'text/html'])) {
    case 'application/json':
      return jsonReply(json);
    case 'text/plain':
      return textReply(value);
    case 'text/html':
      return { ...jsonReply(json, 303), headers: { location: badge } };
  }
}

const textReply = (value: number): Reply => ({
  status: 200,
  type: 'text/plain; charset=utf-8',
  body: `${value}\n`,
});

/**
 * The type that a client prefers by its header Accept, the first of several that it likes as well. The first one, too, if it
 * accepts none: that says more than 406.
 */
export function preferred<Type extends string>(
  accept: string | undefined,
  [first, ...others]: readonly [Type, ...Type[]],
): Type {
  if (accept === undefined || accept === '' || accept === '*/*') return first;
  const ranges = splitAt(accept, COMMA).flatMap(rangeFrom);
  let [best, bestQuality]: [Type, number] = [first, qualityOf(first, ranges)];
  for (const type of others) {
    const quality = qualityOf(type, ranges);
    if (quality > bestQuality) [best, bestQuality] = [type, quality];
  }
  return best;
}

/** A media range, with how much it is liked: 0, for not at all, to 1. */
interface Range {
  readonly range: string;
  readonly quality: number;
}

/** What stands between separators; those in quoted strings separate nothing. */
const COMMA = /(?:[^,"]|"(?:\\.|[^"\\])*"?)+/g;
const SEMICOLON = /(?:[^;"]|"(?:\\.|[^"\\])*"?)+/g;
const splitAt = (text: string, between: RegExp): string[] =>
  (text.match(between) ?? []).map((part) => part.trim().toLowerCase());

/** No range for a text that is none, or one that only types with other parameters are in. */
function rangeFrom(text: string): Range[] {
  const [range = '', ...parameters] = splitAt(text, SEMICOLON);
  let quality = 1;
  for (const parameter of parameters) {
    const [, q] = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.exec(parameter) ?? [];
    if (q !== undefined) quality = Number(q);
    else if (!/^charset="?utf-8"?$/.test(parameter)) return [];
  }
  return [{ range, quality }];
}

/** How much a type is liked: as much as the most specific of the ranges that it is in. */
function qualityOf(type: string, ranges: readonly Range[]): number {
  for (const wanted of [type, type.replace(/\/.*/, '/*'), '*/*']) {
    const found = ranges.filter(({ range }) => range === wanted);
    if (found.length > 0) return Math.max(...found.map(({ quality }) => quality));
  }
  return 0;
}
