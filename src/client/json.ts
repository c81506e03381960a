/**
 * What the client reads of the JSON that servers send.
 *
 * It reads no totals of nodes. Some versions of V8 read an escaped key of an object as another one (nodejs/node#63785), and the
 * names of nodes are the only keys in there that may have escapes.
 */

/** A counter as a server tells it. */
export interface Counter {
  readonly key: string;
  readonly value: number;
}

/** The members of an object; none that a server sends of anything else. */
export const membersOf = (json: unknown): Readonly<Record<string, unknown>> => Object(json);

export const listFrom = (json: unknown): readonly unknown[] => (Array.isArray(json) ? json : []);

/** Throws a TypeError for anything else. */
export function counterFrom(json: unknown): Counter {
  const { key, value } = membersOf(json);
  if (typeof key !== 'string' || typeof value !== 'number') throw new TypeError('this is no counter');
  return { key, value };
}
