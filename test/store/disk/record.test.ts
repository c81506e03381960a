import * as fc from 'fast-check';
import { DecodeError } from '../../../src/runtime/decode.ts';
import { expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { packIntegers } from '../../../src/store/packed-integers.ts';
import {
  FORMAT,
  type LogRecord,
  type Snapshot,
  decodeRecord,
  encodeRecord,
} from '../../../src/store/disk/record.ts';

/** With lone surrogates, names that objects have, and whatever else JSON must escape. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 5 }),
  fc.constantFrom('__proto__', 'constructor', '', '\0', '"', '\\', '\uD800', '10', '9'),
);
const total = fc.oneof(fc.nat(9), fc.maxSafeNat());

const mapOf = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Map<string, T>> =>
  fc.array(fc.tuple(text, value), { maxLength: 4 }).map((entries) => new Map(entries));

const totals = mapOf(mapOf(total));
const snapshot: fc.Arbitrary<Snapshot> = fc.record({
  logFrom: total,
  slices: fc.array(fc.tuple(total, total), { maxLength: 3 }),
});

const record: fc.Arbitrary<LogRecord> = fc.record(
  {
    segment: fc.record(
      {
        format: fc.constant(FORMAT),
        number: total,
        file: text,
        directory: text,
        after: fc.record({ bytes: total, crc32: total }),
        snapshots: fc.array(snapshot, { maxLength: 2 }),
      },
      { requiredKeys: ['format', 'number', 'file', 'snapshots'] },
    ),
    identity: fc.record({ nodeId: text, suffix: total, counted: totals }),
    totals: totals.filter((some) => some.size > 0),
    idempotencyRecords: mapOf(
      fc.record({
        fingerprint: text,
        timeMs: total,
        values: fc.array(total, { maxLength: 5 }).map(packIntegers),
      }),
    ).filter((some) => some.size > 0),
    snapshot,
    isContinued: fc.constant(true),
    timeMs: total,
  },
  { requiredKeys: [] },
);

test('decoding a record reverses encoding it, whatever names it contains', () => {
  fc.assert(
    fc.property(record, (written) => {
      expect(decodeRecord(encodeRecord(written))).toEqual(written);
    }),
  );
});

test('a record is JSON on one line without zero bytes', () => {
  fc.assert(
    fc.property(record, (written) => {
      const encoded = encodeRecord(written);
      expect(typeof parseJson(encoded)).toBe('object');
      expect(encoded).not.toMatch(/[\n\0]/);
      expect(Buffer.from(encoded).toString()).toBe(encoded);
    }),
  );
});

test.each([
  '[]',
  'null',
  '3',
  '{"totals":3}',
  '{"totals":{"a":{"n":-1}}}',
  '{"totals":{"a":{"n":0.5}}}',
  '{"totals":{"a":{"n":"1"}}}',
  '{"totals":{"a":{"n":9007199254740992}}}',
  '{"answers":{"a":["f",1]}}',
  '{"answers":{"a":{"fingerprint":"f"}}}',
  '{"identity":{"node_id":1,"incarnation":1,"counted":{}}}',
  '{"snapshot":{"logFrom":1,"slices":[1]}}',
  '{"snapshot":{"slices":[]}}',
  '{"segment":{"format":1,"number":1,"snapshots":[]}}',
])('%s is not a record', (encoded) => {
  expect(() => decodeRecord(encoded)).toThrow(DecodeError);
});

test('a segment of a future format asks for a newer version', () => {
  const encoded = '{"segment":{"format":2,"number":1,"file":"f","snapshots":[]}}';
  expect(() => decodeRecord(encoded)).toThrow('it is of format 2 and this version knows 1: use a newer one');
});
