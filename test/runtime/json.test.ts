/** JSON from outside is read as it was written, whatever was read before it. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_DEPTH, parseJson } from '../../src/runtime/json.ts';
import type { Random } from '../../src/runtime/random.ts';
import { below, pick, streams } from '../../src/workbench/sim/random.ts';
import { bySuite } from '../support/suite.ts';

const TEXTS = bySuite({ unit: 10_000, test: 20_000, soak: 400_000 });
const SEED = Number(process.env['JSON_SEED'] ?? 1);

test('a key with an escape is not read as the key of an object before', () => {
  parseJson(String.raw`{"h":[],"\\":0}`);
  expect(Object.keys(Object(parseJson(String.raw`{"h":1,"\"":2}`)))).toEqual(['h', '"']);
  parseJson(String.raw`{"m":[],"x\\nb":0}`);
  expect(Object.keys(Object(parseJson(String.raw`{"m":1,"x\nbc":2}`)))).toEqual(['m', 'x\nbc']);
});

/** Names that have escapes, are escapes, or look like them; few, so that one text has what another had. */
const name = fc.oneof(
  fc.constantFrom(
    'h',
    '\\',
    '"',
    '\n',
    '\\n',
    '\\"',
    'a\\',
    'a"',
    'a\\n',
    '\\u0041',
    '__proto__',
    'toJSON',
    '7',
    '',
  ),
  fc.string({ unit: fc.constantFrom('\\', '"', 'n', 'u', '0', '\n', '\u2028', 'é'), maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const record = fc.array(fc.tuple(name, fc.oneof(fc.nat(), fc.constant([]))), { maxLength: 4 });
const textOf = (entries: readonly (readonly [string, unknown])[]): string =>
  `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}`;

test('for any map of names and any earlier texts, what is read is what was written', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 8 }), record, (earlier, entries) => {
      for (const before of earlier) parseJson(textOf(before));
      const expected = new Map(entries);
      expect(new Map(Object.entries(Object(parseJson(textOf(entries)))))).toEqual(expected);
    }),
    { numRuns: 2000 },
  );
});

test(`it reads ${TEXTS} random texts as a correct JSON.parse does, and refuses the same with the same words`, () => {
  const random = streams(SEED)('json');
  let [read, refused] = [0, 0];
  for (let n = 0; n < TEXTS; n++) {
    const whole = randomText(random, 4);
    const text = random.next() < 0.5 ? whole : spoiled(random, whole);
    const expected = outcomeOf(() => correctParse(text.replace(/^\ufeff/, '')));
    const actual = outcomeOf(() => parseJson(text));
    if (actual !== expected) throw new Error(`${text}: ${actual}, not ${expected}`);
    if (expected.startsWith('SyntaxError')) refused++;
    else read++;
  }
  expect(Math.min(read, refused)).toBeGreaterThan(TEXTS / 5);
});

test.each(['{"a":1}', String.raw`{"\"":1}`, ' [1]', '1'])(
  'a byte-order mark before %s is skipped',
  (text) => {
    expect(parseJson(`\ufeff${text}`)).toEqual(parseJson(text));
  },
);

test.each(['\ufeff', '\ufeff\ufeff1', ' \ufeff1', '1\ufeff', '[\ufeff1]'])(
  'and anywhere else it is no JSON: %j',
  (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  },
);

describe('a number', () => {
  test.each(
    [
      [
        '4.9999999999999999999',
        '5.00000000000000000001',
        '0.99999999999999999999',
        '-4.99999999999999999999',
      ],
      ['9007199254740990.9', '9007199254740991.4', '4503599627370497.5', '2251799813685249.2'],
      ['1e-400', '-1e-400', '1.5E-0400', '123e-99999999999999999999', `0.${'0'.repeat(400)}1`],
      [
        '49999999999999999999e-19',
        '5000000000000000000001E-21',
        '0.49999999999999999999e1',
        '49999999999999999e-16',
        '4.9999999999999999',
      ],
    ].flat(),
  )('%s, which only rounding makes whole, is read as no number', (token) => {
    expect(Number.isInteger(Number(token))).toBe(true);
    expect(parseJson(token)).toBeNaN();
    expect(parseJson(`{"a":[${token}]}`)).toEqual({ a: [NaN] });
    expect(parseJson(`{"\\n":${token}}`)).toEqual({ '\n': NaN });
  });

  test.each(
    [
      ['5', '5.0', '5.00000000000000000000', '50e-1', '5000000000000000000000e-21', '0.5e1', '0e-400', '-0'],
      ['0.00000000000000000000', '9007199254740991.0', '9007199254740991', '5e0', '0.0e-999', '1e3', '1e22'],
      ['1.5', '0.1', '1.2345678901234567', '4.999999999999999', '5e-324', '1e-100', '1e400', '-1e400'],
    ].flat(),
  )('%s is what it is in JavaScript', (token) => {
    expect(parseJson(token)).toBe(Number(token));
    expect(parseJson(`["\\n",${token}]`)).toEqual(['\n', Number(token)]);
  });

  test('of any length is read in time that grows with its length alone', () => {
    // 2^18 digits: looking at each of them for each other one would take minutes.
    expect(parseJson(`1.${'0'.repeat(2 ** 18)}1`)).toBeNaN();
    expect(parseJson(`1.${'0'.repeat(2 ** 18)}`)).toBe(1);
  });

  test('in a string is left alone', () => {
    expect(parseJson('{"4.9999999999999999999":"1e-400"}')).toEqual({ '4.9999999999999999999': '1e-400' });
  });

  test('is whole exactly if it is without rounding, however it is written', () => {
    const digits = fc.stringMatching(/^(?:0|[1-9]\d{0,19})$/);
    const fraction = fc.stringMatching(/^[09]{0,18}\d{0,2}$/);
    fc.assert(
      fc.property(digits, fraction, fc.integer({ min: -25, max: 5 }), (integer, after, exponent) => {
        const token = `${integer}${after && `.${after}`}e${exponent}`;
        const scale = 10n ** BigInt(Math.max(after.length - exponent, 0));
        const isWhole = exponent >= after.length || BigInt(integer + after) % scale === 0n;
        const number = parseJson(token);
        expect(Number.isInteger(number)).toBe(isWhole);
        expect(Number.isNaN(number)).toBe(!isWhole && Number.isInteger(Number(token)));
      }),
      { numRuns: 20_000 },
    );
  });

  test('that JavaScript itself writes is always read as it was', () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (number) => {
        expect(parseJson(JSON.stringify([number, '\\']))).toEqual([number === 0 ? 0 : number, '\\']);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('depth', () => {
  const nested = (depth: number): string => `${'[{"\\n":'.repeat(depth / 2)}0${'}]'.repeat(depth / 2)}`;

  test(`${MAX_DEPTH} levels are read`, () => {
    expect(JSON.stringify(parseJson(nested(MAX_DEPTH)))).toBe(nested(MAX_DEPTH));
  });

  test.each([MAX_DEPTH + 2, 1_000_000])(
    '%i levels with an escape are refused, and no stack overflows',
    (depth) => {
      expect(() => parseJson(nested(depth))).toThrow(
        new SyntaxError('JSON nested more than 1000 levels deep'),
      );
    },
  );
});

/** A value with what tells its objects apart: own keys in their order, and -0. */
function outcomeOf(parse: () => unknown): string {
  let json: unknown;
  try {
    json = parse();
  } catch (error) {
    return String(error);
  }
  return described(json);
}

function described(json: unknown): string {
  if (Object.is(json, -0)) return '-0';
  if (typeof json !== 'object' || json === null) return `${typeof json} ${String(json)}`;
  if (Array.isArray(json)) return `[${json.map(described).join()}]`;
  const entries = Object.entries(json).map(([key, value]) => `${JSON.stringify(key)}:${described(value)}`);
  return `{${entries.join()}} ${Object.getPrototypeOf(json) === Object.prototype}`;
}

/**
 * Oracle: lets V8 read keys as values only. Of each object it makes an array that begins with an empty object, with
 * keys and values in turn. V8 is right about what is JSON.
 */
function correctParse(text: string): unknown {
  JSON.parse(text);
  const arrays = text.replaceAll(
    /[{}]|,?\s*("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"/g,
    (token, key: string | undefined) =>
      token === '{' ? '[{}' : token === '}' ? ']' : key ? `,${key},` : token,
  );
  return objectsAgain(JSON.parse(arrays));
}

function objectsAgain(json: unknown): unknown {
  if (!Array.isArray(json)) return json;
  const items = json.map(objectsAgain);
  if (!isMarker(json[0])) return items;
  const keys = items.filter((_, n) => n % 2 === 1).map(String);
  return Object.fromEntries(keys.map((key, n) => [key, items[2 * n + 2]]));
}

const isMarker = (json: unknown): boolean =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

/** A JSON text, written in every way there is. */
function randomText(random: Random, depth: number): string {
  const kind = below(random, depth > 0 ? 6 : 4);
  const pad = pick(random, ['', '', '', ' ', '\n\t', '\r ']);
  if (kind < 2) return pad + pick(random, SCALARS) + pad;
  if (kind < 4) return pad + randomString(random) + pad;
  const items = Array.from({ length: below(random, 4) }, () => randomText(random, depth - 1));
  if (kind < 5) return `${pad}[${items.join() || pad}]${pad}`;
  return `${pad}{${items.map((item) => `${pad}${randomString(random)}${pad}:${item}`).join() || pad}}`;
}

const randomString = (random: Random): string =>
  `"${Array.from({ length: below(random, 4) }, () => pick(random, PIECES)).join('')}"`;

/** A text with a character removed, put in or replaced. */
function spoiled(random: Random, text: string): string {
  const at = below(random, text.length + 1);
  return text.slice(0, at) + pick(random, CHARACTERS) + text.slice(at + below(random, 2));
}

const SCALARS = [
  '0',
  '-0',
  '1',
  '120',
  '-7',
  '1.5',
  '1e3',
  '1E-2',
  '9007199254740993',
  '1e99',
  'true',
  'false',
  'null',
];
const PIECES = [
  'a',
  'h',
  'n',
  '1',
  '0',
  '__proto__',
  'é',
  '\u{1f600}',
  '\u2028',
  '\ud800',
  '{',
  ']',
  ':',
  ',',
  ' ',
].concat([
  '\\\\',
  '\\"',
  '\\n',
  '\\/',
  '\\b',
  '\\f',
  '\\r',
  '\\t',
  '\\u0041',
  '\\u005c',
  '\\ud83d\\ude00',
  '\\uDEAD',
]);
const CHARACTERS = [
  '',
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '0',
  '.',
  '-',
  'e',
  't',
  'u',
  ' ',
  '\n',
  '\0',
  '\ufeff',
];
