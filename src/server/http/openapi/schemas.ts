/**
 * The schemas of what the server responds with, by their names in the OpenAPI document. They leave room for members that
 * a later version adds, so a client must ignore those that it does not know.
 */
import { TOTAL, type Schema } from '../shape.ts';

export type SchemaName = keyof typeof schemas;

const text = (description: string): Schema => ({ type: 'string', description });
const orNull = (description: string, type: string): Schema => ({ type: [type, 'null'], description });
const listOf = (items: Schema): Schema => ({ type: 'array', items });

/** An object that has the members of `optional` now and then, and the others always. */
const object = (
  required: Readonly<Record<string, Schema>>,
  optional: Readonly<Record<string, Schema>> = {},
): Schema => ({ type: 'object', required: Object.keys(required), properties: { ...required, ...optional } });

const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

const key = text('The key of the counter.');
const value: Schema = { ...TOTAL, description: 'The value of the counter.' };
const nodeId = text('The node id of the server that has responded; on etcd, the slot that it holds.');
const nodes: Schema = {
  type: 'object',
  additionalProperties: TOTAL,
  description: 'The total that each server has counted, by replica id. Their sum is the value.',
};
const floor: Schema = {
  ...TOTAL,
  description: 'A lower bound that a client has set: the value is at least this.',
};
const address = text('Where a server is: `host:port`.');
const peers = listOf(address);
const secondsAgo: Schema = { type: 'number', minimum: 0 };

const ofHealth = {
  node_id: nodeId,
  counters: { ...TOTAL, description: 'How many counters there are.' },
  idempotency_scope: {
    type: 'string',
    enum: ['server', 'store'],
    description:
      'Who knows the idempotency keys of increments: this server only, or every server on the same counters.',
  },
  idempotency_window_s: { type: 'number', description: 'How long they are known, in seconds.' },
};

export const schemas = {
  Counter: object({ key, value, nodes }, { floor }),
  CounterState: object({ key, nodes }, { floor }),
  Incremented: object({
    key,
    node_id: { ...nodeId, description: 'The node id that the increment was counted under.' },
    new_value: { ...TOTAL, description: 'The value of the counter after the increment.' },
  }),
  BatchResult: object({
    results: { ...listOf(ref('Incremented')), description: 'In the order of the request.' },
  }),
  CounterPage: object({
    counters: listOf(ref('Counter')),
    next_cursor: orNull('The `cursor` of the next page; null on the last one.', 'string'),
  }),
  Count: object({ count: { ...value, description: 'The value of the shared counter.' }, node_id: nodeId }),
  Peers: peers,
  Registration: object(
    {
      id: address,
      status: { type: 'string', enum: ['peer', 'pending'], description: 'Whether it is a peer yet.' },
      peers,
    },
    {
      node_id: text('The node id of the server there, if it has said who it is.'),
      reason: text('Why it is not a peer yet.'),
    },
  ),
  Removal: object({ id: address, node_id: orNull('The node id of the server there.', 'string'), peers }),
  Discovery: object({
    node_id: nodeId,
    peers,
    contacts: listOf(ref('Contact')),
    heard: listOf(ref('Beacon')),
  }),
  Contact: object({
    id: address,
    node_id: orNull('The node id of the server there; null until it has said who it is.', 'string'),
    state: {
      type: 'string',
      enum: [
        'new',
        'alive',
        'suspect',
        'unreachable',
        'removed',
        'excluded',
        'duplicate',
        'alias',
        'self',
        'stranger',
      ],
      description:
        '`new`: not yet verified; `excluded`: it says that this server has been removed; `duplicate`: another server ' +
        'with the same node id; `alias`: a second address of a peer; `stranger`: of another cluster.',
    },
    reason: text('Why it is in this state, for people; may be empty.'),
    source: {
      type: 'string',
      enum: ['static', 'registered', 'remembered', 'beacon', 'peer', 'request'],
      description: 'How the address became known; `static` are those of `--peers`.',
    },
    answered_s_ago: {
      type: ['number', 'null'],
      description: 'When it last answered, in seconds before now; null if never.',
    },
    lag_ms: {
      type: ['integer', 'null'],
      description:
        'For how long it has lacked changes of this server, in milliseconds; null if it is no peer.',
    },
  }),
  Beacon: object({
    id: address,
    node_id: text('The node id of the server that has sent it.'),
    beacon: { type: 'integer', description: 'The number of the last beacon.' },
    first_s_ago: { ...secondsAgo, description: 'When the first was heard, in seconds before now.' },
    last_s_ago: { ...secondsAgo, description: 'When the last was heard, in seconds before now.' },
  }),
  Health: object({ status: { type: 'string', const: 'ok' }, ...ofHealth }),
  Unhealthy: object(
    {
      status: { type: 'string', enum: ['starting', 'read-only', 'no-slot', 'etcd-unavailable', 'etcd-full'] },
    },
    { ...ofHealth, reason: text('What is wrong, for people.') },
  ),
  Slots: object({
    node_id: nodeId,
    slots: listOf(
      object({
        slot: text('The name that its holder counts under.'),
        state: {
          type: 'string',
          enum: ['held', 'free', 'retired'],
          description: '`retired`: nobody will hold it again.',
        },
        held_by: orNull('The address of the server that holds it; null if none does.', 'string'),
      }),
    ),
  }),
} as const satisfies Readonly<Record<string, Schema>>;
