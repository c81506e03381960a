import { describe, expect, test } from 'vitest';
import {
  DecodeError,
  boolean,
  decodeJson,
  entries,
  fields,
  integer,
  list,
  text,
} from '../../src/runtime/decode.ts';

const thing = (json: unknown): unknown => fields(json, 'a thing', ['a'], ['b']);

describe('what is as it should be is returned as it is', () => {
  test.each([
    [() => decodeJson('{"a":[1]}'), { a: [1] }],
    [() => thing({ a: 1 }), { a: 1 }],
    [() => thing({ a: undefined, b: null }), { a: undefined, b: null }],
    [
      () => entries(decodeJson('{"__proto__":1,"b":2}')),
      [
        ['__proto__', 1],
        ['b', 2],
      ],
    ],
    [() => list([1, 2], 2), [1, 2]],
    [() => text(''), ''],
    [() => boolean(false), false],
    [() => integer(0), 0],
    [() => integer(2 ** 53 - 1), 2 ** 53 - 1],
  ])('%s', (decode, expected) => {
    expect(decode()).toEqual(expected);
  });
});

describe('anything else is refused, and the message says why', () => {
  test.each([
    [() => decodeJson('{"a":}'), 'not JSON'],
    [() => thing([]), 'a thing must be a JSON object'],
    [() => thing(null), 'a thing must be a JSON object'],
    [() => thing({ b: 1 }), 'a thing lacks the member "a"'],
    [() => thing({ a: 1, c: 1 }), 'a thing has an unknown member "c"'],
    [() => thing(Object.create({ a: 1 })), 'a thing lacks the member "a"'],
    [() => entries([]), 'not an object'],
    [() => entries({ a: 1, b: 2 }, 1), 'more than 1 members'],
    [() => list({ length: 0 }), 'not an array'],
    [() => list([1, 2, 3], 2), 'more than 2 elements'],
    [() => text(1), 'not a string'],
    [() => boolean(0), 'not a boolean'],
  ])('%s', (decode, message) => {
    expect(decode).toThrow(new DecodeError(message));
  });

  test.each([-1, 0.5, 2 ** 53, NaN, '1', null, 1n])('the integer %s', (bad) => {
    expect(() => integer(bad)).toThrow(new DecodeError('not an integer from 0 to 2^53 - 1'));
  });
});
