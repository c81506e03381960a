import { expect, test } from 'vitest';
import { type IdempotencyRecord, IdempotencyRecords } from '../../src/store/idempotency.ts';

const record = (timeMs: number, value = 1): IdempotencyRecord => ({
  fingerprint: 'f',
  values: [value],
  timeMs,
});

const recordsWith = (times: Record<string, number>, maxIdempotencyRecords = 10): IdempotencyRecords => {
  const records = new IdempotencyRecords({ windowMs: 100, maxIdempotencyRecords });
  for (const [id, timeMs] of Object.entries(times)) records.set(id, record(timeMs));
  return records;
};

test('a record is found for as long as its window is open, and not a moment longer', () => {
  const records = recordsWith({ a: 1000 });
  expect(records.get('a', 1000)).toEqual(record(1000));
  expect(records.get('a', 1099)).toEqual(record(1000));
  expect(records.get('a', 1100)).toBeUndefined();
  expect(records.get('b', 1000)).toBeUndefined();
});

test('there is room for as many records as the limit allows', () => {
  const records = recordsWith({ a: 1000, b: 1001 }, 4);
  expect(records.hasRoomFor(2, 1001)).toBe(true);
  expect(records.hasRoomFor(3, 1001)).toBe(false);
});

test('a record whose window has passed makes room for another', () => {
  const records = recordsWith({ a: 1000, b: 1001 }, 2);
  expect(records.hasRoomFor(1, 1099)).toBe(false);
  expect(records.hasRoomFor(1, 1100)).toBe(true);
  expect(records.size).toBe(1);
  expect(records.get('b', 1100)).toEqual(record(1001));
});

test('a record that replaces another is the newest', () => {
  const records = recordsWith({ a: 1000, b: 1001 }, 2);
  records.set('a', record(1050, 2));
  expect(records.size).toBe(2);
  expect(records.get('a', 1149)).toEqual(record(1050, 2));
  expect([...records.fresh(1050)].map(([id]) => id)).toEqual(['b', 'a']);
  expect(records.hasRoomFor(1, 1101)).toBe(true);
});

test('only records whose window has not passed are fresh', () => {
  const records = recordsWith({ a: 1000, b: 1001, c: 1002 });
  expect([...records.fresh(1101)]).toEqual([['c', record(1002)]]);
});

test('the names of object members are ordinary idempotency keys', () => {
  const records = recordsWith({});
  expect(records.get('constructor', 0)).toBeUndefined();
  records.set('__proto__', record(0));
  expect(records.get('__proto__', 0)).toEqual(record(0));
});
