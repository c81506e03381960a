/** What the page makes of the server's replies. */
import { expect, test } from 'vitest';
import { DecodeError } from '../../../src/runtime/decode.ts';
import { parseJson } from '../../../src/runtime/json.ts';
import { clusterReplyFrom, counterFrom, counterPageFrom } from '../../../src/server/page/replies.ts';

test('a counter has its parts and, if there is none, 0 as its lower bound', () => {
  const json = parseJson(String.raw`{"key":"k","value":9,"nodes":{"\\":4,"\"":3,"n~2":2}}`);
  const parts = [
    ['\\', 4],
    ['"', 3],
    ['n~2', 2],
  ];
  expect(counterFrom(json)).toEqual({ key: 'k', value: 9, parts, lowerBound: 0 });
  expect(counterFrom({ key: 'k', value: 9, nodes: {}, floor: 9 })).toEqual({
    key: 'k',
    value: 9,
    parts: [],
    lowerBound: 9,
  });
});

test('a page of the list has a cursor, which is null on the last page', () => {
  const counters = [{ key: 'k', value: 0, nodes: {} }];
  expect(counterPageFrom({ counters, next_cursor: 'c' }).cursor).toBe('c');
  expect(counterPageFrom({ counters, next_cursor: null }).cursor).toBe(null);
  expect(counterPageFrom({ counters, next_cursor: null }).counters).toHaveLength(1);
});

test('members are what the API calls contacts', () => {
  const contact = {
    id: '127.0.0.1:8081',
    node_id: null,
    state: 'new',
    reason: '',
    source: 'static',
    answered_s_ago: null,
    lag_ms: 12,
  };
  expect(clusterReplyFrom({ node_id: 'n1', peers: ['a', 'b'], contacts: [contact] })).toEqual({
    nodeId: 'n1',
    peerCount: 2,
    members: [
      { address: '127.0.0.1:8081', nodeId: null, state: 'new', reason: '', answeredAgoS: null, lagMs: 12 },
    ],
  });
});

test('members that the page does not know are left alone', () => {
  expect(counterFrom({ key: 'k', value: 9, nodes: {}, colour: 'red' }).value).toBe(9);
});

test.each([null, 7, [], {}, { key: 'k', value: '9', nodes: {} }, { key: 'k', value: 9, nodes: { n: null } }])(
  'the counter %j is refused',
  (json) => {
    expect(() => counterFrom(json)).toThrow(DecodeError);
  },
);
