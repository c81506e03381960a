/**
 * What clients send, checked and decoded: everything here takes untrusted input and throws an ApiError if it is invalid.
 */
import { type GCounter, isTotal } from '../../crdt/g-counter.ts';
import { LOWER_BOUND } from '../../crdt/counter-state.ts';
import { type Address, normalAddress } from '../../cluster/address.ts';
import { nameFault } from '../../crdt/names.ts';
import { fields } from '../../runtime/decode.ts';
import { asError } from '../../runtime/error.ts';
import { isObject } from '../../runtime/json.ts';
import { ApiError } from '../../store/api-error.ts';
import type { Increment } from '../../store/store.ts';

/** The key in the path of a request. Throws an ApiError if it is invalid. */
export function keyFromPath(segment: string): string {
  const key = segment.includes('%') ? decoded(segment) : segment;
  return checkedKey(key);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new ApiError('invalid_key', 'the key in the path is not percent-encoded UTF-8');
  }
}

function checkedKey(key: string): string {
  const why = nameFault(key);
  if (why !== undefined) throw new ApiError('invalid_key', `the key ${why}`);
  return key;
}

/** The prefix of keys in a query, under the name of its parameter; empty if it has none. */
export function prefixFrom(parameters: URLSearchParams, name = 'prefix'): string {
  const prefix = parameters.get(name) ?? '';
  const why = prefix === '' ? undefined : nameFault(prefix);
  if (why !== undefined) throw new ApiError('invalid_prefix', `the prefix ${why}`);
  return prefix;
}

/** The amount in a request to increment; 1 if it has none. */
export function amountFromBody(body: unknown): number {
  const { amount = 1 } = membersFrom(body, 'the body', ['amount']);
  return checkedAmount(amount);
}

function checkedAmount(amount: unknown): number {
  if (isTotal(amount) && amount > 0) return amount;
  throw new ApiError('invalid_amount', 'the amount must be a whole number from 1 to 2^53 - 1');
}

/** The increments in a request for several. */
export function incrementsFromBody(body: unknown): Increment[] {
  const { increments } = membersFrom(body, 'the body', ['increments']);
  if (!Array.isArray(increments) || increments.length === 0) {
    throw new ApiError('invalid_increments', '"increments" must be a list of {"key", "amount"}');
  }
  return increments.map((increment: unknown) => {
    const { key, amount = 1 } = membersFrom(increment, 'an increment', ['key', 'amount']);
    if (typeof key !== 'string') throw new ApiError('invalid_key', 'the key must be a string');
    return { key: checkedKey(key), amount: checkedAmount(amount) };
  });
}

/**
 * The parts in a request to merge: totals by replica id, and the lower bound under LOWER_BOUND. The body may name the key
 * too, as the answer to a sync does; then it must be that of the request.
 */
export function partsFromBody(body: unknown, key: string): GCounter {
  const {
    nodes,
    floor: lowerBound,
    key: named = key,
  } = membersFrom(body, 'the body', ['nodes', 'floor', 'key']);
  if (named !== key) throw new ApiError('invalid_key', 'the key in the body is not the one in the path');
  if (!isObject(nodes)) throw new ApiError('invalid_nodes', '"nodes" must be an object of totals by node');
  const parts = new Map<string, number>();
  if (lowerBound !== undefined)
    parts.set(LOWER_BOUND, checkedLowerBound(lowerBound, 'invalid_floor', 'the floor'));
  for (const [name, total] of Object.entries(nodes)) {
    const why = nameFault(name);
    if (why !== undefined) throw new ApiError('invalid_nodes', `the name of a node ${why}`);
    if (!isTotal(total)) {
      throw new ApiError(
        'invalid_nodes',
        `the total of ${JSON.stringify(name)} must be a whole number from 0 to 2^53 - 1`,
      );
    }
    parts.set(name, total);
  }
  return parts;
}

/** The count in a request to raise the shared counter to a lower bound. */
export function countFromBody(body: unknown): number {
  const { count } = membersFrom(body, 'the body', ['count']);
  return checkedLowerBound(count, 'invalid_count', 'the count');
}

/** The address in a request about a peer. */
export function peerFromBody(body: unknown): Address {
  const { id } = membersFrom(body, 'the body', ['id']);
  const address = typeof id === 'string' ? normalAddress(id) : undefined;
  if (address !== undefined) return address;
  throw new ApiError('invalid_id', 'the id must be host:port, such as 127.0.0.1:8081');
}

function checkedLowerBound(
  lowerBound: unknown,
  code: 'invalid_floor' | 'invalid_count',
  what: string,
): number {
  if (isTotal(lowerBound)) return lowerBound;
  throw new ApiError(code, `${what} must be a whole number from 0 to 2^53 - 1`);
}

/**
 * The members of an object that has no others. A misspelt "amount" must not count as 1, so an unknown member is an
 * error.
 */
function membersFrom(
  json: unknown,
  what: string,
  names: readonly string[],
): Readonly<Record<string, unknown>> {
  try {
    return fields(json, what, [], names);
  } catch (error) {
    throw new ApiError('invalid_body', asError(error).message);
  }
}
