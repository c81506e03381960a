import { type GCounter, isTotal } from '../../crdt/g-counter.ts';
import { Refusal } from '../refusal.ts';
import type { Increment } from '../store.ts';

export const MAX_KEY_BYTES = 256;

/** Control characters, and halves of surrogate pairs, which no UTF-8 can hold. */
const NOT_IN_NAMES = /[\p{Cc}\p{Cs}]/u;

/** Why a text cannot be the key of a counter or the name of a node; undefined where it can. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'is empty';
  // No character takes more than three bytes for each unit of UTF-16.
  if (name.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(name) > MAX_KEY_BYTES) {
    return `is longer than ${MAX_KEY_BYTES} bytes`;
  }
  return NOT_IN_NAMES.test(name) ? 'has control characters or halves of surrogate pairs' : undefined;
}

/** The key in the path of a request. Throws a Refusal where it is none. */
export function keyFromPath(segment: string): string {
  const key = segment.includes('%') ? decoded(segment) : segment;
  return checkedKey(key);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Refusal(400, 'invalid_key', 'the key in the path is not percent-encoded UTF-8');
  }
}

function checkedKey(key: string): string {
  const why = nameFault(key);
  if (why !== undefined) throw new Refusal(400, 'invalid_key', `the key ${why}`);
  return key;
}

/** The prefix of keys that a query asks for; empty where it asks for none. */
export function prefixFrom(parameters: URLSearchParams): string {
  const prefix = parameters.get('prefix') ?? '';
  const why = prefix === '' ? undefined : nameFault(prefix);
  if (why !== undefined) throw new Refusal(400, 'invalid_prefix', `the prefix ${why}`);
  return prefix;
}

/** The amount of a request to increment; 1 where it says none. */
export function amountFromBody(body: unknown): number {
  const { amount = 1 } = membersFrom(body, 'the body', ['amount']);
  return checkedAmount(amount);
}

function checkedAmount(amount: unknown): number {
  if (isTotal(amount) && amount > 0) return amount;
  throw new Refusal(400, 'invalid_amount', 'the amount must be a whole number from 1 to 2^53 - 1');
}

/** What a request to increment several counters asks for. */
export function incrementsFromBody(body: unknown): Increment[] {
  const { increments } = membersFrom(body, 'the body', ['increments']);
  if (!Array.isArray(increments) || increments.length === 0) {
    throw new Refusal(400, 'invalid_increments', '"increments" must be a list of {"key", "amount"}');
  }
  return increments.map((increment: unknown) => {
    const { key, amount = 1 } = membersFrom(increment, 'an increment', ['key', 'amount']);
    if (typeof key !== 'string') throw new Refusal(400, 'invalid_key', 'the key must be a string');
    return { key: checkedKey(key), amount: checkedAmount(amount) };
  });
}

/** The totals that a request to merge shows. */
export function nodesFromBody(body: unknown): GCounter {
  const { nodes } = membersFrom(body, 'the body', ['nodes']);
  if (!isObject(nodes))
    throw new Refusal(400, 'invalid_nodes', '"nodes" must be an object of totals by node');
  const totals = new Map<string, number>();
  for (const [name, total] of Object.entries(nodes)) {
    const why = nameFault(name);
    if (why !== undefined) throw new Refusal(400, 'invalid_nodes', `the name of a node ${why}`);
    if (!isTotal(total)) {
      throw new Refusal(
        400,
        'invalid_nodes',
        `the total of ${JSON.stringify(name)} must be a whole number from 0 to 2^53 - 1`,
      );
    }
    totals.set(name, total);
  }
  return totals;
}

const isObject = (json: unknown): json is { readonly [name: string]: unknown } =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

/**
 * The members of an object that has no others. A misspelt "amount" must not count as 1, so what is not known is
 * refused.
 */
function membersFrom(
  json: unknown,
  what: string,
  names: readonly string[],
): { readonly [name: string]: unknown } {
  if (!isObject(json)) throw new Refusal(400, 'invalid_body', `${what} must be a JSON object`);
  for (const name of Object.keys(json)) {
    if (!names.includes(name)) {
      throw new Refusal(400, 'invalid_body', `${what} has an unknown member ${JSON.stringify(name)}`);
    }
  }
  return json;
}
