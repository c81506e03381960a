/** The OpenAPI document is one, its examples are examples, and what it says of requests is what the server checks. */
import { Validator } from '@seriousme/openapi-schema-validator';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isObject } from '../../../../src/runtime/json.ts';
import type { Described } from '../../../../src/server/http/shape.ts';
import * as validation from '../../../../src/server/http/validation.ts';
import { ApiError } from '../../../../src/store/api-error.ts';
import { apiDocument, documentedOperations, validateBy } from '../../../support/api-document.ts';

test('the document is valid by the schema of OpenAPI 3.1', async () => {
  const validator = new Validator();
  expect(await validator.validate(structuredClone(apiDocument))).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

test('each operation has another name', () => {
  const ids = documentedOperations.map(({ operation }) => operation['operationId']);
  expect(new Set(ids).size).toBe(ids.length);
});

/** What has a schema and an example, by where it is in the document. */
function examplesIn(json: unknown, path = ''): [path: string, schema: unknown, example: unknown][] {
  if (typeof json !== 'object' || json === null) return [];
  const members = Object.entries(json);
  const { schema, example } = Object.fromEntries(members);
  const here: [string, unknown, unknown][] = example === undefined ? [] : [[path, schema, example]];
  return [...here, ...members.flatMap(([name, value]) => examplesIn(value, `${path}/${name}`))];
}

test('each example is one of its schema', () => {
  const examples = examplesIn(apiDocument['paths']);
  expect(examples.length).toBeGreaterThan(40);
  const wrong = examples.filter(([, schema, example]) => !passes(() => validateBy(schema)(example)));
  expect(wrong).toEqual([]);
});

/** Whether a check throws nothing. What it throws else has to be an error of this class. */
function passes(check: () => unknown, kind: new (...args: never[]) => Error = Error): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof kind) return false;
    throw error;
  }
}

describe('what the server takes is what the schema permits:', () => {
  const texts = [
    '',
    'k',
    'k'.repeat(256),
    'k'.repeat(257),
    'a\nb',
    '\u007f',
    'a b',
    '0',
    '10',
    '1001',
    'YQ',
    'a=',
    'key',
    'value',
  ];
  const numbers = [0, 1, -1, 1.5, 5e15, Number.MAX_SAFE_INTEGER, 2 ** 53];
  const edge = fc.constantFrom<unknown>(...texts, ...numbers, '127.0.0.1:80', true, null, [], {});
  const names = ['amount', 'key', 'count', 'nodes', 'floor', 'increments', 'id', 'other', 'k', ''];
  const json = fc.letrec<{ readonly any: unknown }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      edge,
      fc.dictionary(fc.constantFrom(...names), tie('any'), { maxKeys: 3 }),
      fc.record({ key: edge, amount: edge }, { requiredKeys: [] }),
      fc.array(fc.record({ key: fc.constantFrom('k', 'a b', 'é'), amount: fc.constantFrom(1, 7, 0) })),
      fc.array(tie('any'), { maxLength: 3 }),
    ),
  })).any;
  const bodyWith = (name: string): fc.Arbitrary<unknown> =>
    fc.oneof(
      json,
      edge.map((value) => ({ [name]: value })),
      json.map((value) => ({ [name]: value })),
      fc.tuple(json, edge).map(([value, floor]) => ({ [name]: value, floor })),
      fc.tuple(json, edge).map(([value, key]) => ({ [name]: value, key })),
    );

  /** As if the key in the body were the one in the path, if it can be. */
  function merge(body: unknown): unknown {
    const named = isObject(body) ? body['key'] : undefined;
    const isKey = passes(() => validation.key.decode(named), ApiError);
    return validation.partsFromBody(body, isKey ? String(named) : 'k');
  }

  interface Case {
    readonly values: fc.Arbitrary<unknown>;
    readonly described: Described;
    readonly check: (value: unknown) => unknown;
    /** What a value is to the schema, if it is a text in a query. */
    readonly jsonOf?: (value: unknown) => unknown;
    /** Whether the schema permits some texts that the server does not take. */
    readonly isLoose?: boolean;
  }

  const inQuery = (name: string, check: (parameters: URLSearchParams) => unknown) => (value: unknown) =>
    check(new URLSearchParams([[name, String(value)]]));
  const text = fc.constantFrom<unknown>(...texts);
  const { incrementBody, incrementsBody, mergeBody, countBody, peerBody } = validation;

  test.each<[string, Case]>([
    [
      'to increment',
      { values: bodyWith('amount'), described: incrementBody, check: validation.amountFromBody },
    ],
    [
      'to increment several',
      { values: bodyWith('increments'), described: incrementsBody, check: validation.incrementsFromBody },
    ],
    ['to merge', { values: bodyWith('nodes'), described: mergeBody, check: merge }],
    ['to raise', { values: bodyWith('count'), described: countBody, check: validation.countFromBody }],
    [
      'to register',
      { values: bodyWith('id'), described: peerBody, check: validation.peerFromBody, isLoose: true },
    ],
    ['a key', { values: edge, described: validation.key, check: validation.key.decode }],
    [
      'a prefix',
      { values: text, described: validation.prefix, check: inQuery('prefix', validation.prefixFrom) },
    ],
    [
      'a limit',
      {
        values: text,
        described: validation.limit,
        check: inQuery('limit', validation.limitFrom),
        jsonOf: (value) => (/^\d+$/.test(String(value)) ? Number(value) : value),
      },
    ],
    [
      'an order',
      { values: text, described: validation.order, check: inQuery('order', validation.orderFrom) },
    ],
    [
      'a cursor',
      {
        values: text,
        described: validation.cursor,
        check: inQuery('cursor', validation.cursorFrom),
        isLoose: true,
      },
    ],
  ])('%s', (_, { values, described, check, jsonOf = (value) => value, isLoose = false }) => {
    const validate = validateBy(described.schema);
    const judged = fc.sample(values, { seed: 1, numRuns: 1000 }).map((value) => ({
      value,
      isTaken: passes(() => check(value), ApiError),
      isValid: passes(() => validate(jsonOf(value))),
    }));
    expect(new Set(judged.map(({ isTaken }) => isTaken)).size).toBe(2);
    const apart = judged.filter(({ isTaken, isValid }) => isTaken !== isValid && (isTaken || !isLoose));
    expect(apart).toEqual([]);
  });
});
