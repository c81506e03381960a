import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Beacon, MAX_BEACON_BYTES, decodeBeacon, encodeBeacon } from '../../src/cluster/beacon.ts';
import { nameFault } from '../../src/crdt/names.ts';
import { Keyring } from '../../src/cluster/hmac.ts';

const keyed = new Keyring(['a key of the cluster']);
const open = new Keyring([]);
const genuine: Beacon = { cluster: 'g-counter', id: 'node-1', bootId: 'k3f9qz', at: 8080, seq: 7 };
/** A beacon as it is on the wire. */
const wireOf = ({ bootId, ...rest }: Beacon) => ({ 'g-counter': 1, ...rest, life: bootId });
const json = wireOf(genuine);

const orThrow = (datagram: string | undefined): string => {
  if (datagram === undefined) throw new Error('this is too long');
  return datagram;
};

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  .filter((text) => nameFault(text) === undefined);
const beacon: fc.Arbitrary<Beacon> = fc.record({
  cluster: fc.oneof(name, fc.constantFrom('__proto__', '"')),
  id: fc.oneof(name, fc.constantFrom('constructor', '\\')),
  bootId: fc.stringMatching(/^[0-9a-z]{1,32}$/),
  at: fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.constantFrom('node-1:80', '[::1]:8080', '10.0.0.1:1')),
  seq: fc.nat(Number.MAX_SAFE_INTEGER),
});

test('a beacon decodes to what was encoded', () => {
  fc.assert(
    fc.property(beacon, fc.constantFrom(keyed, open), (sent, keyring) => {
      const datagram = orThrow(encodeBeacon(keyring, sent));
      expect(Buffer.byteLength(datagram)).toBeLessThanOrEqual(MAX_BEACON_BYTES);
      expect(decodeBeacon(keyring, datagram)).toEqual(sent);
    }),
  );
});

test('a beacon that is too long for a datagram is not encoded', () => {
  const lengths = Array.from({ length: 257 }, (_, length) => length);
  for (const id of lengths.flatMap((length) => ['a'.repeat(length), '\u00e9'.repeat(length / 2)])) {
    const datagram = encodeBeacon(keyed, { ...genuine, cluster: 'c'.repeat(200), id });
    expect(Buffer.byteLength(datagram ?? '')).toBeLessThanOrEqual(MAX_BEACON_BYTES);
  }
  expect(encodeBeacon(keyed, { ...genuine, cluster: 'c'.repeat(256), id: 'i'.repeat(256) })).toBeUndefined();
});

test('the longest node id in a cluster of the longest name fits into a beacon', () => {
  const longest = { ...genuine, cluster: 'c'.repeat(64), id: 'i'.repeat(256), at: 65_535 };
  expect(encodeBeacon(keyed, { ...longest, seq: 2 ** 40, bootId: 'z'.repeat(11) })).toBeDefined();
});

test.each([
  ['another version', { ...json, 'g-counter': 2 }],
  ['no version', { ...json, 'g-counter': undefined }],
  ['no cluster', { ...json, cluster: undefined }],
  ['an empty cluster', { ...json, cluster: '' }],
  ['an id with a control character', { ...json, id: 'a\nb' }],
  ['an id with half a surrogate pair', { ...json, id: 'a\ud800' }],
  ['an id that is too long', { ...json, id: 'a'.repeat(257) }],
  ['an id that is no text', { ...json, id: 1 }],
  ['an empty boot id', { ...json, life: '' }],
  ['a boot id of other characters', { ...json, life: 'A' }],
  ['a boot id with a line feed', { ...json, life: 'a\n' }],
  ['a boot id that is too long', { ...json, life: 'a'.repeat(33) }],
  ['a negative number', { ...json, seq: -1 }],
  ['a number with a fraction', { ...json, seq: 0.5 }],
  ['a number past 2^53 - 1', { ...json, seq: 2 ** 53 }],
  ['a number as a text', { ...json, seq: '1' }],
  ['port 0', { ...json, at: 0 }],
  ['a port that is too large', { ...json, at: 65_536 }],
  ['a port with a fraction', { ...json, at: 80.5 }],
  ['an address with a path', { ...json, at: 'localhost:80/peer' }],
  ['an address with a user', { ...json, at: 'a@localhost:80' }],
  ['an address without a port', { ...json, at: 'localhost' }],
  ['no address', { ...json, at: null }],
  ['a list', [json]],
  ['null', null],
  ['a text', 'g-counter'],
])('a beacon with %s is ignored', (_what, said) => {
  const text = JSON.stringify(said);
  expect(decodeBeacon(keyed, keyed.sign('beacon', '', text))).toBeUndefined();
  expect(decodeBeacon(open, text)).toBeUndefined();
});

test('an address is normalized on arrival', () => {
  const datagram = keyed.sign('beacon', '', JSON.stringify({ ...json, at: 'Node-1:00080' }));
  expect(decodeBeacon(keyed, datagram)?.at).toBe('node-1:80');
});

test('a beacon signed for another purpose, with another key or not at all is ignored', () => {
  const text = JSON.stringify(json);
  expect(decodeBeacon(keyed, keyed.sign('request', '', text))).toBeUndefined();
  expect(decodeBeacon(keyed, new Keyring(['another key of 16']).sign('beacon', '', text))).toBeUndefined();
  expect(decodeBeacon(keyed, text)).toBeUndefined();
  expect(decodeBeacon(open, keyed.sign('beacon', '', text))).toBeUndefined();
});

test('any datagram decodes to a beacon or to undefined', () => {
  const datagram = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 600 }),
    fc.json(),
    fc
      .tuple(beacon, fc.jsonValue(), fc.constantFrom('cluster', 'id', 'life', 'at', 'seq', 'g-counter'))
      .map(([sent, value, member]) => JSON.stringify({ ...wireOf(sent), [member]: value })),
    fc
      .tuple(beacon, fc.nat(600), fc.nat(3), fc.string({ maxLength: 3 }))
      .map(([sent, at, count, instead]) => {
        const text = JSON.stringify(wireOf(sent));
        return text.slice(0, at) + instead + text.slice(at + count);
      }),
  );
  fc.assert(
    fc.property(datagram, fc.boolean(), (text, isSealed) => {
      const heard = isSealed ? decodeBeacon(keyed, keyed.sign('beacon', '', text)) : decodeBeacon(open, text);
      const again = heard && decodeBeacon(open, orThrow(encodeBeacon(open, heard)));
      expect(again).toEqual(heard);
    }),
    { numRuns: 3000 },
  );
});
