/**
 * The error responses of each operation: which codes it can be refused with follows from the routes table, from the
 * shapes of its parameters and body, and from what its operation adds.
 */
import { ApiError, type ErrorCode } from '../../../store/api-error.ts';
import { errorStatusOf } from '../error-statuses.ts';
import type { Route } from '../routes.ts';
import type { Schema } from '../shape.ts';
import { errorDescriptions } from './error-descriptions.ts';
import type { Operation } from './operation.ts';

/** What any request can be refused with, whatever it is for: it is no proper HTTP, or the server has made a mistake. */
export const generalErrors: readonly ErrorCode[] = [
  'bad_request',
  'timeout',
  'expectation_failed',
  'unknown_host',
  'head_too_large',
  'internal',
  'unsupported_version',
];

/** What a request can be refused with that is for no operation. */
export const otherErrors: readonly ErrorCode[] = ['not_found', 'method_not_allowed'];

const ofBodies: readonly ErrorCode[] = [
  'invalid_json',
  'body_too_large',
  'not_json',
  'unsupported_encoding',
  'unsupported_transfer',
];

/** The error codes of an operation, but for the general ones. */
function codesOf(route: Route, { parameters = [], body, errors = [] }: Operation): Set<ErrorCode> {
  const codes = [...parameters.flatMap(({ shape }) => shape.errors), ...errors];
  if (body !== undefined) codes.push(...ofBodies, ...body.shape.errors);
  if (route.isGuarded) codes.push('unauthorized', 'forbidden');
  if (route.isLocal) codes.push('not_local');
  if (route.method === 'POST') codes.push('foreign_origin');
  if (route.needs !== 'nothing') codes.push('starting');
  if (route.needs === 'cluster') codes.push('not_supported');
  return new Set(codes);
}

/** The error responses of an operation by status, and `default` for the general ones. */
export function errorResponsesOf(route: Route, operation: Operation): Record<string, Schema> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codesOf(route, operation)) {
    const { status } = answerTo(code);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  // Where a status is listed, the default response does not stand for it.
  for (const code of generalErrors) byStatus.get(answerTo(code).status)?.push(code);
  return {
    ...Object.fromEntries([...byStatus].map(([status, codes]) => [status, errorResponse(codes)])),
    default: { $ref: '#/components/responses/Refused' },
  };
}

const answerTo = (code: ErrorCode): ReturnType<typeof errorStatusOf> => errorStatusOf(new ApiError(code, ''));

/** The response with one of these codes. */
function errorResponse(codes: readonly ErrorCode[]): Schema {
  const headers = headersOf(codes);
  return {
    description: codes.map((code) => `- \`${code}\`: ${errorDescriptions[code]}`).join('\n'),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    content: { 'application/json': { schema: errorWith(codes) } },
  };
}

const errorWith = (codes: readonly ErrorCode[]): Schema => ({
  allOf: [
    { $ref: '#/components/schemas/Error' },
    { properties: { error: { properties: { code: { type: 'string', enum: codes } } } } },
  ],
});

/** The headers that come with some of these codes: those that come with all of them are always there. */
function headersOf(codes: readonly ErrorCode[]): Readonly<Record<string, Schema>> {
  const sent = codes.map((code) => Object.keys(answerTo(code).headers));
  return Object.fromEntries(
    Object.entries(headers)
      .map(([name, header]) => ({
        name,
        header,
        count: sent.filter((names) => names.includes(name.toLowerCase())).length,
      }))
      .filter(({ count }) => count > 0)
      .map(({ name, header, count }) => [name, { ...header, required: count === codes.length }]),
  );
}

const headers: Readonly<Record<string, Schema>> = {
  'Retry-After': {
    description: 'When to try again, in seconds from now.',
    schema: { type: 'integer', minimum: 1 },
  },
  'WWW-Authenticate': {
    description: 'How to present the token.',
    schema: { type: 'string', const: 'Bearer' },
  },
  'Accept-Encoding': {
    description: 'The only coding that a body may have.',
    schema: { type: 'string', const: 'identity' },
  },
};

/** The error responses and schemas that operations share. */
export const refused = {
  description: [
    'A request of any kind may be refused with these:',
    '',
    ...generalErrors.map((code) => `- ${answerTo(code).status} \`${code}\`: ${errorDescriptions[code]}`),
  ].join('\n'),
  content: { 'application/json': { schema: errorWith(generalErrors) } },
};

export const errorSchemas: Readonly<Record<string, Schema>> = {
  Error: {
    type: 'object',
    required: ['error'],
    properties: {
      error: {
        type: 'object',
        required: ['code', 'message'],
        properties: {
          code: { $ref: '#/components/schemas/ErrorCode' },
          message: { type: 'string', description: 'What is wrong, for people.' },
        },
      },
    },
    examples: [{ error: { code: 'overflow', message: 'the value of "likes" would pass 2^53 - 1' } }],
  },
  ErrorCode: {
    type: 'string',
    enum: Object.keys(errorDescriptions),
    description: 'For programs. A code never changes its meaning; later versions may have more.',
  },
};
