import { expect, test } from 'vitest';
import {
  type IdempotencyRecord,
  IdempotencyRecords,
  valuesAfterEach,
  valuesToKeep,
} from '../../src/store/idempotency.ts';
import { packIntegers } from '../../src/store/packed-integers.ts';

const record = (timeMs: number, value = 1): IdempotencyRecord => ({
  fingerprint: 'f',
  values: packIntegers([value]),
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

test('records are bounded in bytes, and none makes room before its window has passed', () => {
  const records = recordsWith({}, 1000);
  const large = { ...record(1000), fingerprint: 'x'.repeat(2 ** 20) };
  let count = 0;
  while (records.hasRoomFor(1, 1000)) records.set(`id-${++count}`, large);
  expect(count).toBe(32);
  expect(records.hasRoomFor(1, 1099)).toBe(false);
  expect(records.get('id-1', 1099)).toEqual(large);
  expect(records.hasRoomFor(1, 1100)).toBe(true);
  expect(records.size).toBe(0);
});

test('bytes that are about to be added count, and those of a record that is replaced do not', () => {
  const records = recordsWith({});
  const half = { ...record(1000), fingerprint: 'x'.repeat(2 ** 24) };
  for (let count = 0; count < 5; count++) records.set('a', half);
  expect(records.hasRoomFor(1, 1000, 2 ** 24 - 100)).toBe(true);
  expect(records.hasRoomFor(1, 1000, 2 ** 24)).toBe(false);
});

test('of a batch, a value for each counter is kept, and gives the value after each increment again', () => {
  const increments = ['a', 'b', 'a', 'a', 'c'].map((key, at) => ({ key, amount: 10 ** at }));
  const values = [1, 1010, 101, 1101, 10_000];
  const kept = valuesToKeep(increments, values);
  expect(kept).toBe(packIntegers([1101, 1010, 10_000]));
  expect(valuesAfterEach(increments, kept)).toEqual(values);
  expect(valuesAfterEach(increments, packIntegers(values))).toEqual(values);
});

test('a batch of one counter takes no more than one of its increments would', () => {
  const increments = Array.from({ length: 5400 }, () => ({ key: 'h', amount: 1 }));
  const values = increments.map((_, at) => 10 ** 15 + at);
  expect(valuesToKeep(increments, values).length).toBeLessThan(10);
  expect(valuesAfterEach(increments, valuesToKeep(increments, values))).toEqual(values);
});
