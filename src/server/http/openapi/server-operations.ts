/**
 * What the OpenAPI document says of the routes about the server itself.
 */
import { prefixInQuery } from './counter-operations.ts';
import { type Operation, json } from './operation.ts';
import { storeErrors } from './store-errors.ts';

export const page: Operation = {
  tag: 'Server',
  summary: 'Show the page',
  description: 'For people: all counters, and how they change.',
  responses: {
    200: {
      description: 'The page.',
      type: 'text/html; charset=utf-8',
      schema: { type: 'string' },
      example: '<!doctype html>',
    },
  },
};

export const openApi: Operation = {
  tag: 'Server',
  summary: 'Read this document',
  description: 'What the API is, for programs.',
  responses: {
    200: {
      description: 'This document.',
      type: 'application/json',
      schema: { type: 'object' },
      example: { openapi: '3.1.1' },
    },
  },
};

const memory = { idempotency_scope: 'server', idempotency_window_s: 600 };

export const health: Operation = {
  tag: 'Server',
  summary: 'See whether increments are accepted',
  description: 'For load balancers and orchestrators.',
  responses: {
    200: json('They are.', 'Health', { status: 'ok', node_id: 'node-1', counters: 2, ...memory }),
    503: json('They are not. Unless the server is starting, reads may work.', 'Unhealthy', {
      status: 'read-only',
      node_id: 'node-1',
      counters: 2,
      ...memory,
    }),
  },
};

export const slots: Operation = {
  tag: 'Server',
  summary: 'See which server holds each slot',
  description: 'For servers that keep their counters in etcd.',
  responses: {
    200: json('The slots.', 'Slots', {
      node_id: 'node-1',
      slots: [{ slot: 'node-1', state: 'held', held_by: '192.0.2.1:8080' }],
    }),
  },
  errors: ['not_supported', ...storeErrors.slots],
};

export const metrics: Operation = {
  tag: 'Server',
  summary: 'Read the metrics',
  description: 'In the text format of Prometheus.',
  parameters: [
    {
      ...prefixInQuery,
      name: 'counters',
      description: 'Adds the values of counters whose keys begin with this, the first 1000 at most.',
    },
  ],
  responses: {
    200: {
      description: 'The metrics.',
      type: 'text/plain; version=0.0.4; charset=utf-8',
      schema: { type: 'string' },
      example:
        '# HELP g_counter_counters Counters there are.\n# TYPE g_counter_counters gauge\ng_counter_counters 2\n',
    },
  },
  errors: storeErrors.list,
};

export const backup: Operation = {
  tag: 'Server',
  summary: 'Copy everything',
  description:
    'Everything as it is at one moment, for `g-counter-server restore`, while the server goes on. Not for servers on etcd.',
  responses: {
    200: {
      description: 'The backup.',
      type: 'application/octet-stream',
      headers: {
        'Content-Disposition': {
          description: 'The name of a file to save it as.',
          schema: { type: 'string' },
        },
      },
    },
  },
  errors: ['not_supported'],
};
