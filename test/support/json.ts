/** Readers of what a server says, which throw where it is not what was expected. */

export function objectFrom(json: unknown): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw unexpected('an object', json);
  return Object.fromEntries(Object.entries(json));
}

export function listFrom(json: unknown): readonly unknown[] {
  if (!Array.isArray(json)) throw unexpected('a list', json);
  return json;
}

export function numberFrom(json: unknown): number {
  if (typeof json !== 'number') throw unexpected('a number', json);
  return json;
}

export function textFrom(json: unknown): string {
  if (typeof json !== 'string') throw unexpected('a text', json);
  return json;
}

export const totalsFrom = (json: unknown): ReadonlyMap<string, number> =>
  new Map(Object.entries(objectFrom(json)).map(([name, total]) => [name, numberFrom(total)]));

/** A counter as the server tells it. */
export interface Counter {
  readonly key: string;
  readonly value: number;
  readonly nodes: ReadonlyMap<string, number>;
}

export function counterFrom(json: unknown): Counter {
  const { key, value, nodes } = objectFrom(json);
  return { key: textFrom(key), value: numberFrom(value), nodes: totalsFrom(nodes) };
}

const unexpected = (what: string, json: unknown): TypeError =>
  new TypeError(`not ${what}: ${JSON.stringify(json)}`);
