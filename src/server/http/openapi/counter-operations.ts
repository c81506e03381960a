/**
 * What the OpenAPI document says of the routes of named counters.
 */
import { idempotencyKey } from '../idempotency-key.ts';
import type { Described } from '../shape.ts';
import {
  cursor,
  incrementBody,
  incrementsBody,
  key,
  label,
  limit,
  mergeBody,
  order,
  prefix,
} from '../validation.ts';
import { type Header, type Operation, type Parameter, json } from './operation.ts';
import { storeErrors } from './store-errors.ts';

const keyInPath: Parameter = {
  name: 'key',
  in: 'path',
  description: 'The key of the counter. It is one segment of the path: a slash in it is sent as `%2F`.',
  shape: key,
  example: 'likes',
};

export const retryKey: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'A text that no other increment has, such as a UUID. A request that is repeated with the same key is counted once, ' +
    'and gets the response of the first.',
  shape: idempotencyKey,
  example: 'order-17',
};

export const prefixInQuery: Parameter = {
  name: 'prefix',
  in: 'query',
  description: 'Only counters whose keys begin with this.',
  shape: prefix,
  example: 'page/',
};

const lastEventId: Described = { schema: { type: 'string' }, errors: [], isOptional: true };

const scope: Readonly<Record<string, Header>> = {
  'Idempotency-Scope': {
    description:
      'Who knows the idempotency key: this server only, or every server on the same counters. A retry goes there.',
    schema: { type: 'string', enum: ['server', 'store'] },
  },
};

const counter = { key: 'likes', value: 8, nodes: { 'node-1': 5, 'node-2': 3 } };

const counted = json('It is counted.', 'Incremented', { key: 'likes', node_id: 'node-1', new_value: 8 });

/** What is said of the body and the response of an increment. */
export const FORMS =
  ' Pages can also send it as a form or as a beacon. A client that prefers `text/html`, as browsers do that will show the ' +
  'response, is led to the badge of the counter.';

export const location: Readonly<Record<string, Header>> = {
  Location: { description: 'The badge, relative to this path.', schema: { type: 'string' } },
};

export const increment: Operation = {
  tag: 'Counters',
  summary: 'Increment a counter',
  description:
    'Responds when the increment is durable. A counter that does not exist begins at 0. Without a body, or without ' +
    '`amount`, it is incremented by 1.' +
    FORMS,
  parameters: [keyInPath, retryKey],
  body: { name: 'IncrementRequest', shape: incrementBody, example: { amount: 5 }, canBeForm: true },
  responses: {
    200: { ...counted, canBeText: true, headers: scope },
    303: { ...counted, headers: { ...scope, ...location } },
  },
  errors: storeErrors.increment,
};

export const incrementMany: Operation = {
  tag: 'Counters',
  summary: 'Increment several counters at once',
  description: 'Counts all of the increments or none. A counter may be among them more than once.',
  parameters: [retryKey],
  body: {
    name: 'BatchRequest',
    shape: incrementsBody,
    example: { increments: [{ key: 'likes' }, { key: 'views', amount: 2 }] },
  },
  responses: {
    200: {
      ...json('All are counted.', 'BatchResult', {
        results: [
          { key: 'likes', node_id: 'node-1', new_value: 9 },
          { key: 'views', node_id: 'node-1', new_value: 2 },
        ],
      }),
      headers: scope,
    },
  },
  errors: storeErrors.increment,
};

export const read: Operation = {
  tag: 'Counters',
  summary: 'Read a counter',
  description: 'A counter that was never incremented is 0 and has no nodes.',
  parameters: [keyInPath],
  responses: { 200: { ...json('The counter.', 'Counter', counter), canBeText: true } },
  errors: storeErrors.read,
};

const etag: Readonly<Record<string, Header>> = {
  ETag: { description: 'Of this picture, for `If-None-Match`.', schema: { type: 'string' } },
};

const ifNoneMatch: Described = { schema: { type: 'string' }, errors: [], isOptional: true };

export const badge: Operation = {
  tag: 'Counters',
  summary: 'Show a counter as a badge',
  description: 'A small picture with a label and the value, for pages of any origin.',
  parameters: [
    keyInPath,
    {
      name: 'label',
      in: 'query',
      description: 'What the badge says before the value, instead of the key. What has no room is cut.',
      shape: label,
      example: 'Likes',
    },
    {
      name: 'If-None-Match',
      in: 'header',
      description: 'The `ETag` of a picture that the client has. Browsers send it by themselves.',
      shape: ifNoneMatch,
      example: '"k3f9qz"',
    },
  ],
  responses: {
    200: {
      description: 'The badge.',
      type: 'image/svg+xml; charset=utf-8',
      schema: { type: 'string' },
      example: '<svg xmlns="http://www.w3.org/2000/svg"/>',
      headers: etag,
    },
    304: { description: 'The client has it already.', headers: etag },
  },
  errors: storeErrors.read,
};

export const merge: Operation = {
  tag: 'Counters',
  summary: 'Merge totals into a counter',
  description:
    'Takes the larger total for each node, so that merging again, or in another order, does no harm. The body is what ' +
    '`/counter/sync/{key}` of another server has responded with, as it stands; its `key` must be that of the path. It ' +
    'can be longer than 64 KiB: by 800 bytes for each node that a counter can have (`--max-nodes`).',
  parameters: [keyInPath],
  body: { name: 'MergeRequest', shape: mergeBody, example: { nodes: { 'node-2': 3, 'node-3': 4 } } },
  responses: { 200: json('The counter after the merge.', 'Counter', counter) },
  errors: storeErrors.merge,
};

export const sync: Operation = {
  tag: 'Counters',
  summary: 'Read what to merge elsewhere',
  description: 'The state of a counter, to be sent to `/counter/merge/{key}` of another server.',
  parameters: [keyInPath],
  responses: {
    200: json('The state.', 'CounterState', { key: 'likes', nodes: { 'node-1': 5, 'node-2': 3 } }),
  },
  errors: storeErrors.read,
};

export const list: Operation = {
  tag: 'Counters',
  summary: 'List counters',
  description:
    'Counters in the order of their keys, by UTF-16 code units. Go on with the `next_cursor` of a page as `cursor`, ' +
    'until it is null. A page ends early when it has 1 MiB of counters. With `order=value` it is one page: the counters ' +
    'with the largest values, equal ones in the order of their keys, all as they were at one moment.',
  parameters: [
    prefixInQuery,
    {
      name: 'order',
      in: 'query',
      description: 'By their keys, or the largest values first. The latter has no `cursor`.',
      shape: order,
      example: 'key',
    },
    {
      name: 'limit',
      in: 'query',
      description: 'How many counters a page may have.',
      shape: limit,
      example: 10,
    },
    {
      name: 'cursor',
      in: 'query',
      description: 'The `next_cursor` of the page before.',
      shape: cursor,
      example: 'bGlrZXM',
    },
  ],
  responses: { 200: json('A page.', 'CounterPage', { counters: [counter], next_cursor: 'bGlrZXM' }) },
  errors: storeErrors.largest,
};

export const watch: Operation = {
  tag: 'Counters',
  summary: 'Watch counters change',
  description:
    'A stream of server-sent events that goes on for as long as the client wants. The `data` of each is a `Counter` as ' +
    'it is now, so a repeated event does no harm. The event `reset` means that the client has to list the counters; ' +
    'later changes follow. A stream begins with it, unless `Last-Event-ID` shows where an earlier one broke off.',
  parameters: [
    prefixInQuery,
    {
      name: 'Last-Event-ID',
      in: 'header',
      description: 'The id of the last event that the client has received. Browsers send it by themselves.',
      shape: lastEventId,
      example: 'k3f9qz-17',
    },
  ],
  responses: {
    200: {
      description: 'The stream.',
      type: 'text/event-stream',
      schema: { type: 'string', description: 'Events as the HTML standard defines them.' },
      example: `retry: 1000\n\nid: k3f9qz-18\ndata: ${JSON.stringify(counter)}\n\n`,
    },
  },
  errors: ['too_many_watchers', ...storeErrors.changesAfter],
};
