/**
 * What the OpenAPI document says of the routes about the cluster, and of the short paths for its shared counter.
 */
import { countBody, incrementBody, peerBody } from '../validation.ts';
import { FORMS, location, retryKey } from './counter-operations.ts';
import { type Operation, json } from './operation.ts';
import { storeErrors } from './store-errors.ts';

const value = json('The shared counter.', 'Count', { count: 8, node_id: 'node-1' });

export const count: Operation = {
  tag: 'Shared counter',
  summary: 'Read the shared counter',
  description: 'Its key is `default`: it is also at `/counter/default`.',
  responses: { 200: { ...value, canBeText: true } },
  errors: storeErrors.read,
};

export const incrementShared: Operation = {
  tag: 'Shared counter',
  summary: 'Increment the shared counter',
  description: `Responds when the increment is durable. Without a body, it is by 1.${FORMS}`,
  parameters: [retryKey],
  body: { name: 'IncrementRequest', shape: incrementBody, example: { amount: 5 }, canBeForm: true },
  responses: { 200: { ...value, canBeText: true }, 303: { ...value, headers: location } },
  errors: storeErrors.increment,
};

export const syncShared: Operation = {
  tag: 'Shared counter',
  summary: 'Raise the shared counter to a lower bound',
  description: 'Raises the value to `count` if it is lower. To repeat it does no harm.',
  body: { name: 'RaiseRequest', shape: countBody, example: { count: 8 } },
  responses: { 200: value },
  errors: storeErrors.raiseTo,
};

const address = '192.0.2.2:8080';

export const peers: Operation = {
  tag: 'Cluster',
  summary: 'List the peers',
  description: 'The addresses of the peers that are alive or suspect.',
  responses: { 200: json('The addresses.', 'Peers', [address]) },
};

const peerRequest = { name: 'PeerRequest', shape: peerBody, example: { id: address } };

const stored =
  'Responds when that is on the disk. After `unknown_outcome` it is in effect, but a restart may undo it.';

export const register: Operation = {
  tag: 'Cluster',
  summary: 'Add a server',
  description: `Makes a server a peer of this one, and so of the whole cluster. ${stored}`,
  body: peerRequest,
  responses: {
    200: json('It is a peer.', 'Registration', {
      id: address,
      node_id: 'node-2',
      status: 'peer',
      peers: [address],
    }),
    202: json('It is no peer yet: it does not answer. It is tried again.', 'Registration', {
      id: address,
      status: 'pending',
      reason: 'it does not answer',
      peers: [],
    }),
  },
  errors: ['not_a_peer', 'too_many_peers', 'unknown_outcome'],
};

export const removePeer: Operation = {
  tag: 'Cluster',
  summary: 'Remove a server',
  description: `Removes a server from the whole cluster until it is registered again. What it has counted stays. ${stored}`,
  body: peerRequest,
  responses: { 200: json('It is removed.', 'Removal', { id: address, node_id: 'node-2', peers: [] }) },
  errors: ['unknown_peer', 'unknown_outcome'],
};

export const discovery: Operation = {
  tag: 'Cluster',
  summary: 'See what is known of other servers',
  description:
    'Every known address, with what is known of the server there, and the beacons that were heard.',
  responses: {
    200: json('What is known.', 'Discovery', {
      node_id: 'node-1',
      peers: [address],
      contacts: [
        {
          id: address,
          node_id: 'node-2',
          state: 'alive',
          reason: '',
          source: 'static',
          answered_s_ago: 0.4,
          lag_ms: 0,
        },
      ],
      heard: [{ id: address, node_id: 'node-2', beacon: 17, first_s_ago: 80.2, last_s_ago: 2.1 }],
    }),
  },
};
