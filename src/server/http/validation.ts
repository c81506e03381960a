/**
 * What clients send, checked and decoded: everything here takes untrusted input and throws an ApiError if it is invalid.
 * The shapes are also what the OpenAPI document is made of.
 */
import { type GCounter, isTotal } from '../../crdt/g-counter.ts';
import { LOWER_BOUND } from '../../crdt/counter-state.ts';
import { type Address, normalAddress } from '../../cluster/address.ts';
import { isObject } from '../../runtime/json.ts';
import { ApiError } from '../../store/api-error.ts';
import type { Increment } from '../../store/store.ts';
import { type Described, NAME, TOTAL, type Shape, nameOf, objectOf, optional, wholeNumber } from './shape.ts';

export const key = nameOf(
  'the key',
  'invalid_key',
  'The key of a counter: 1 to 256 bytes of UTF-8 without control characters.',
);

/** The key in the path of a request. Throws an ApiError if it is invalid. */
export const keyFromPath = (segment: string): string =>
  key.decode(segment.includes('%') ? decoded(segment) : segment);

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new ApiError('invalid_key', 'the key in the path is not percent-encoded UTF-8');
  }
}

const givenPrefix = nameOf('the prefix', 'invalid_prefix', 'What keys begin with.');

/** In a query, where an empty prefix, or none, is that of all keys. */
export const prefix: Described = {
  schema: { ...NAME, default: '' },
  errors: givenPrefix.errors,
  isOptional: true,
};

/** The prefix of keys in a query, under the name of its parameter; empty if it has none. */
export function prefixFrom(parameters: URLSearchParams, name = 'prefix'): string {
  const text = parameters.get(name) ?? '';
  return text === '' ? text : givenPrefix.decode(text);
}

const givenLabel = nameOf(
  'the label',
  'invalid_label',
  'What a badge says before the value: 1 to 256 bytes of UTF-8 without control characters.',
);

export const label: Described = { ...givenLabel, isOptional: true };

/** The label in a query; undefined if it has none. */
export function labelFrom(parameters: URLSearchParams): string | undefined {
  const text = parameters.get('label');
  return text === null ? undefined : givenLabel.decode(text);
}

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1000;

export const limit: Described = {
  schema: { type: 'integer', minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE },
  errors: ['invalid_limit'],
  isOptional: true,
};

/** How many counters a query wants on a page. */
export function limitFrom(parameters: URLSearchParams): number {
  const text = parameters.get('limit');
  const number = text === null ? DEFAULT_PAGE : Number(text);
  if (/^\d*$/.test(text ?? '') && number >= 1 && number <= MAX_PAGE) return number;
  throw new ApiError('invalid_limit', `the limit must be a whole number from 1 to ${MAX_PAGE}`);
}

const ORDERS = ['key', 'value'] as const;

export const order: Described = {
  schema: { type: 'string', enum: ORDERS, default: 'key' },
  errors: ['invalid_order'],
  isOptional: true,
};

/** What a query wants counters in the order of. Throws an ApiError, also if it wants to go on where there are no pages. */
export function orderFrom(parameters: URLSearchParams): (typeof ORDERS)[number] {
  const text = parameters.get('order') ?? 'key';
  const found = ORDERS.find((each) => each === text);
  if (found === undefined) throw new ApiError('invalid_order', 'the order must be key or value');
  if (found === 'value' && parameters.has('cursor')) {
    throw new ApiError('invalid_cursor', 'a list in the order of values has no cursor: it is one page');
  }
  return found;
}

export const cursor: Described = {
  schema: { type: 'string', pattern: '^[A-Za-z0-9_-]+$' },
  errors: ['invalid_cursor'],
  isOptional: true,
};

/** The key that the page before ended with; undefined if a query wants the first page. */
export function cursorFrom(parameters: URLSearchParams): string | undefined {
  const text = parameters.get('cursor');
  if (text === null) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  if (text !== '' && bytes.toString('base64url') === text) return bytes.toString();
  throw new ApiError('invalid_cursor', 'the cursor must be the "next_cursor" of another page');
}

const amount = optional(
  wholeNumber('the amount', 1, 'invalid_amount', 'How much is added to the counter.'),
  1,
);

export const incrementBody = objectOf('the body', { amount });

/** The amount in a request to increment; 1 if it has none. */
export const amountFromBody = (body: unknown): number =>
  amount.decode(incrementBody.membersOf(body)['amount']);

const oneOfMany = objectOf('an increment', { key, amount });

export const incrementsBody = objectOf('the body', {
  increments: {
    schema: { type: 'array', minItems: 1, items: oneOfMany.schema },
    errors: ['invalid_increments', ...oneOfMany.errors],
  },
});

/** The increments in a request for several. */
export function incrementsFromBody(body: unknown): Increment[] {
  const { increments } = incrementsBody.membersOf(body);
  if (!Array.isArray(increments) || increments.length === 0) {
    throw new ApiError('invalid_increments', '"increments" must be a list of {"key", "amount"}');
  }
  return increments.map((increment: unknown) => {
    const members = oneOfMany.membersOf(increment);
    return { key: key.decode(members['key']), amount: amount.decode(members['amount']) };
  });
}

const nodeName = nameOf('the name of a node', 'invalid_nodes', 'The replica id of a server.');

const floor = wholeNumber(
  'the floor',
  0,
  'invalid_floor',
  'A lower bound: the value is at least this, whoever counted it.',
);

export const mergeBody = objectOf('the body', {
  nodes: {
    schema: {
      type: 'object',
      propertyNames: nodeName.schema,
      additionalProperties: TOTAL,
      description: 'Totals by replica id.',
    },
    errors: nodeName.errors,
  },
  floor: { ...floor, isOptional: true },
  key: { ...key, isOptional: true },
});

/**
 * The parts in a request to merge: totals by replica id, and the lower bound under LOWER_BOUND. The body may name the key
 * too, as the answer to a sync does; then it must be that of the request.
 */
export function partsFromBody(body: unknown, keyOfPath: string): GCounter {
  const { nodes, floor: lowerBound, key: named = keyOfPath } = mergeBody.membersOf(body);
  if (named !== keyOfPath)
    throw new ApiError('invalid_key', 'the key in the body is not the one in the path');
  if (!isObject(nodes)) throw new ApiError('invalid_nodes', '"nodes" must be an object of totals by node');
  const parts = new Map<string, number>();
  if (lowerBound !== undefined) parts.set(LOWER_BOUND, floor.decode(lowerBound));
  for (const [name, total] of Object.entries(nodes)) {
    const checkedName = nodeName.decode(name);
    if (!isTotal(total)) {
      throw new ApiError(
        'invalid_nodes',
        `the total of ${JSON.stringify(name)} must be a whole number from 0 to 2^53 - 1`,
      );
    }
    parts.set(checkedName, total);
  }
  return parts;
}

const lowerBound = wholeNumber(
  'the count',
  0,
  'invalid_count',
  'The value is raised to this if it is lower.',
);

export const countBody = objectOf('the body', { count: lowerBound });

/** The count in a request to raise the shared counter to a lower bound. */
export const countFromBody = (body: unknown): number => lowerBound.decode(countBody.membersOf(body)['count']);

const address: Shape<Address> = {
  schema: { type: 'string', description: 'Where a server is: `host:port`, an IPv6 address in brackets.' },
  errors: ['invalid_id'],
  decode(id) {
    const normal = typeof id === 'string' ? normalAddress(id) : undefined;
    if (normal !== undefined) return normal;
    throw new ApiError('invalid_id', 'the id must be host:port, such as 127.0.0.1:8081');
  },
};

export const peerBody = objectOf('the body', { id: address });

/** The address in a request about a peer. */
export const peerFromBody = (body: unknown): Address => address.decode(peerBody.membersOf(body)['id']);
