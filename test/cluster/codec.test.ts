import { DecodeError } from '../../src/runtime/decode.ts';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  MAX_NODES,
  MAX_PEERS_TOLD,
  decodeResponse,
  decodeRequest,
  encodeResponse,
  encodeRequest,
} from '../../src/cluster/codec.ts';
import { MAX_REMOVALS } from '../../src/cluster/removals.ts';
import { FAN_OUT, LEAVES } from '../../src/cluster/merkle-tree.ts';
import { isObject, parseJson } from '../../src/runtime/json.ts';
import { replicaIdOf } from '../../src/crdt/replica-id.ts';
import { answer, changedAt, placesIn, request } from '../support/random-messages.ts';
import { SENDER } from '../support/memory-replica.ts';

const DIGEST = 'AAAAAAAA';
const from = SENDER;
/** The same sender as it is on the wire. */
const wireFrom = { cluster: 'c', id: 'node-9', life: 'k3f9qz', at: 8080, upMs: 1 };
const requestText = (body: unknown): string => JSON.stringify({ from: wireFrom, to: 'k3f9qz', seq: 1, body });
const answerText = (body: unknown): string => JSON.stringify({ from: wireFrom, body });

/** Decodes a text; undefined if that throws DecodeError. */
function readBy<T>(read: (text: string) => T, text: string): T | undefined {
  try {
    return read(text);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

test('a request decodes to what was encoded', () => {
  fc.assert(
    fc.property(request, (sent) => {
      expect(decodeRequest(encodeRequest(sent))).toEqual(sent);
    }),
    { numRuns: 1000 },
  );
});

test('a response decodes to what was encoded', () => {
  fc.assert(
    fc.property(answer, (sent) => {
      expect(decodeResponse(encodeResponse(sent))).toEqual(sent);
    }),
    { numRuns: 1000 },
  );
});

test('a request does not decode as a response, nor a response as a request', () => {
  fc.assert(
    fc.property(request, answer, (asked, answered) => {
      expect(readBy(decodeResponse, encodeRequest(asked))).toBeUndefined();
      expect(readBy(decodeRequest, encodeResponse(answered))).toBeUndefined();
    }),
  );
});

test('names of object members are keys and replica ids like any others', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '1', '0', 'totals'];
  const totals = new Map(names.map((key) => [key, new Map(names.map((node, at) => [node, at + 1]))]));
  const read = decodeRequest(encodeRequest({ from, to: '', seq: 1, body: { type: 'update', totals } }));
  expect(read.body).toEqual({ type: 'update', totals });
});

describe('a message with a member too many or too few is refused:', () => {
  const takenOut = (json: unknown): unknown[] =>
    placesIn(json)
      .filter((place) => place.length > 0)
      .filter((place) => !place.includes('totals') && !place.includes('decisions'))
      .filter((place) => !['peers', 'nodes', 'ranges', 'counters', 'wanted'].includes(place.at(-2) ?? ''))
      .map((place) => changedAt(json, place, () => undefined))
      .map((changed) => parseJson(JSON.stringify(changed)));
  const putIn = (json: unknown): unknown[] =>
    placesIn(json)
      .filter((place) => !place.includes('totals') && !place.includes('decisions'))
      .map((place) => changedAt(json, place, (old) => (isObject(old) ? { ...old, more: 1 } : undefined)))
      .filter((changed) => JSON.stringify(changed)?.includes('"more":1'));

  test('requests', () => {
    fc.assert(
      fc.property(request, (sent) => {
        const json: unknown = parseJson(encodeRequest(sent));
        for (const changed of [...takenOut(json), ...putIn(json)]) {
          expect(readBy(decodeRequest, JSON.stringify(changed))).toBeUndefined();
        }
      }),
      { numRuns: 50 },
    );
  });

  test('answers', () => {
    fc.assert(
      fc.property(answer, (sent) => {
        const json: unknown = parseJson(encodeResponse(sent));
        for (const changed of [...takenOut(json), ...putIn(json)]) {
          expect(readBy(decodeResponse, JSON.stringify(changed))).toBeUndefined();
        }
      }),
      { numRuns: 50 },
    );
  });
});

test.each([
  ['no JSON', '{'],
  ['nothing', ''],
  ['a list', '[]'],
  ['null', 'null'],
  ['a number', '1'],
  ['JSON that is very deep', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
  ['objects that are very deep', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
])('%s is not a message', (_what, text) => {
  expect(() => decodeRequest(text)).toThrow(DecodeError);
  expect(() => decodeResponse(text)).toThrow(DecodeError);
});

const range = { leaf: 0, after: '', end: null, counters: [] };
const compare = { type: 'compare', level: 0, nodes: [0], digests: DIGEST.repeat(FAN_OUT) };
const update = (key: string, name: string, total: unknown): object => ({
  type: 'update',
  totals: { [key]: { [name]: total } },
});

test.each<readonly [string, unknown]>([
  ['of no type', {}],
  ['of another type', { type: 'welcome' }],
  ['of a type that objects have', { type: 'constructor' }],
  ['a ping with a short digest', { type: 'ping', digest: 'AAAAAAA', members: DIGEST }],
  ['a ping with a digest of other characters', { type: 'ping', digest: 'AAAAAA==', members: DIGEST }],
  ['a ping with a digest with a line feed', { type: 'ping', digest: 'AAAAAAA\n', members: DIGEST }],
  ['a probe of no address', { type: 'probe', address: 'http://a:80' }],
  ['gossip of no address', { type: 'news', peers: ['a'], decisions: {} }],
  ['gossip as an object', { type: 'news', peers: { length: 0 }, decisions: {} }],
  ['gossip of too many', { type: 'news', peers: Array(MAX_PEERS_TOLD + 1).fill('a:1'), decisions: {} }],
  ['a removal without a version', { type: 'news', peers: [], decisions: { a: { removed: true } } }],
  ['a removal of no node', { type: 'news', peers: [], decisions: { '': { version: 1, removed: true } } }],
  ['a removal of 1.5', { type: 'news', peers: [], decisions: { a: { version: 1.5, removed: true } } }],
  ['a removal of "yes"', { type: 'news', peers: [], decisions: { a: { version: 1, removed: 'yes' } } }],
  ['removals in a list', { type: 'news', peers: [], decisions: [] }],
  ['an empty key', update('', 'a', 1)],
  ['a key that is too long', update('a'.repeat(257), 'a', 1)],
  ['a key with half a surrogate pair', update('a\ud800', 'a', 1)],
  ['a key with the other half', update('\udc00a', 'a', 1)],
  ['a key with a control character', update('a\u0000', 'a', 1)],
  ['a name with half a surrogate pair', update('a', '\udfff', 1)],
  ['a name that is too long', update('a', 'a'.repeat(300), 1)],
  ['a negative total', update('a', 'a', -1)],
  ['a total with a fraction', update('a', 'a', 0.5)],
  ['a total past 2^53 - 1', update('a', 'a', 2 ** 53)],
  ['a total as a text', update('a', 'a', '1')],
  ['no total', update('a', 'a', null)],
  ['totals in a list', { type: 'update', totals: [] }],
  ['totals of a counter in a list', { type: 'update', totals: { a: [1] } }],
  ['a compare request below the leaves', { ...compare, level: 4 }],
  ['a compare request at no level', { ...compare, level: -1 }],
  ['a compare request of a node that is not there', { ...compare, nodes: [1] }],
  ['a compare request with too few digests', { ...compare, digests: DIGEST }],
  ['a compare request with too many digests', { ...compare, nodes: [] }],
  ['a compare request with other digests', { ...compare, digests: '*'.repeat(8 * FAN_OUT) }],
  [
    'a compare request of too many nodes',
    {
      type: 'compare',
      level: 3,
      nodes: Array.from({ length: MAX_NODES + 1 }, (_, at) => at),
      digests: DIGEST.repeat(FAN_OUT * (MAX_NODES + 1)),
    },
  ],
  ['a range of no leaf', { type: 'exchange', ranges: [{ ...range, leaf: LEAVES }] }],
  ['a range that ends nowhere', { type: 'exchange', ranges: [{ ...range, end: '' }] }],
  ['a range with a counter alone', { type: 'exchange', ranges: [{ ...range, counters: ['a'] }] }],
  ['a range with an empty pair', { type: 'exchange', ranges: [{ ...range, counters: [[]] }] }],
  ['a range with three', { type: 'exchange', ranges: [{ ...range, counters: [['a', DIGEST, 1]] }] }],
  ['too many ranges', { type: 'exchange', ranges: Array.from({ length: LEAVES + 1 }, () => range) }],
])('a request is refused that is %s', (_what, body) => {
  expect(readBy(decodeRequest, requestText(body))).toBeUndefined();
});

test('gossip of the largest number of removals is accepted, and of more is refused', () => {
  const gossip = (size: number): string =>
    requestText({
      type: 'news',
      peers: [],
      decisions: Object.fromEntries(
        Array.from({ length: size }, (_, at) => [`node-${at}`, { version: 1, removed: true }]),
      ),
    });
  expect(readBy(decodeRequest, gossip(MAX_REMOVALS))).toBeDefined();
  expect(readBy(decodeRequest, gossip(MAX_REMOVALS + 1))).toBeUndefined();
});

test.each<readonly [string, unknown]>([
  ['of no type', {}],
  ['of another type', { type: 'hello' }],
  ['a reason that there is not', { type: 'refused', why: 'toString', message: '' }],
  ['a refusal without a word', { type: 'refused', why: 'removed', message: null }],
  ['reached in a way', { type: 'probed', reached: 1 }],
  ['a difference in no leaf', { type: 'differ', nodes: [LEAVES] }],
  ['a difference in too many', { type: 'differ', nodes: Array(MAX_NODES * FAN_OUT + 1).fill(0) }],
  ['no gossip', { type: 'pong', digest: DIGEST, members: DIGEST, news: [] }],
])('a response is refused that is %s', (_what, body) => {
  expect(readBy(decodeResponse, answerText(body))).toBeUndefined();
});

test.each<readonly [string, object]>([
  ['no cluster', { cluster: '' }],
  ['no id', { id: '' }],
  ['a boot id in capitals', { life: 'K3F' }],
  ['a boot id that is too long', { life: 'a'.repeat(33) }],
  ['no boot id', { life: '' }],
  ['port 0', { at: 0 }],
  ['an address with a path', { at: 'a:80/b' }],
  ['a negative age', { upMs: -1 }],
])('a sender with %s is refused', (_what, wrong) => {
  const text = JSON.stringify({ from: { ...wireFrom, ...wrong }, to: '', seq: 1, body: { type: 'hello' } });
  expect(readBy(decodeRequest, text)).toBeUndefined();
});

test('the longest node id with a random suffix is accepted', () => {
  const name = replicaIdOf('n'.repeat(240), Number.parseInt('k3f9qz', 36));
  const totals = new Map([['likes', new Map([[name, 1]])]]);
  const sent = encodeRequest({ from, to: '', seq: 1, body: { type: 'update', totals } });
  expect(readBy(decodeRequest, sent)?.body).toEqual({ type: 'update', totals });
});

test('any changed message decodes to a message or throws DecodeError', () => {
  const instead = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(undefined, '\ud800', -0, 2 ** 53, '__proto__', [], {}, null),
  );
  const changed = fc
    .oneof(request.map(encodeRequest), answer.map(encodeResponse))
    .map((text): unknown => parseJson(text))
    .chain((json) =>
      fc
        .array(fc.tuple(fc.constantFrom(...placesIn(json)), instead), { minLength: 1, maxLength: 3 })
        .map((changes) =>
          changes.reduce<unknown>((now, [place, value]) => changedAt(now, place, () => value), json),
        ),
    )
    .map((json) => JSON.stringify(json) ?? '');
  fc.assert(
    fc.property(changed, (text) => {
      const asked = readBy(decodeRequest, text);
      expect(asked && decodeRequest(encodeRequest(asked))).toEqual(asked);
      const answered = readBy(decodeResponse, text);
      expect(answered && decodeResponse(encodeResponse(answered))).toEqual(answered);
    }),
    { numRuns: 3000 },
  );
});

test('any text decodes to a message or throws DecodeError', () => {
  const spoiled = fc
    .tuple(fc.oneof(request.map(encodeRequest), answer.map(encodeResponse)), fc.nat(), fc.nat(4), fc.string())
    .map(([text, at, gone, more]) => {
      const place = at % text.length;
      return text.slice(0, place) + more.slice(0, 3) + text.slice(place + gone);
    });
  fc.assert(
    fc.property(fc.oneof(spoiled, fc.string(), fc.json()), (text) => {
      expect(() => [readBy(decodeRequest, text), readBy(decodeResponse, text)]).not.toThrow();
    }),
    { numRuns: 3000 },
  );
});
