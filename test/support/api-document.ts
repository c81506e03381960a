/**
 * Holds responses against the OpenAPI document. It is stricter than the document: a member or a header that the document
 * does not know is wrong here, while clients have to live with those of later versions.
 */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { PEER_PATH } from '../../src/cluster/net/http-transport.ts';
import { isObject, parseJson } from '../../src/runtime/json.ts';
import { errorStatusOf } from '../../src/server/http/error-statuses.ts';
import { openApiDocument } from '../../src/server/http/openapi/document.ts';
import { otherErrors } from '../../src/server/http/openapi/errors.ts';
import { ApiError, type ErrorCode } from '../../src/store/api-error.ts';
import { listFrom, objectFrom, textFrom } from './json.ts';
import type { HttpResponse } from './server-process.ts';

type Json = Readonly<Record<string, unknown>>;

export const apiDocument: Json = objectFrom(parseJson(JSON.stringify(openApiDocument('0.0.0'))));

/** An object of the document, or what it refers to. */
export function resolved(json: unknown): Json {
  const found = objectFrom(json);
  const { $ref } = found;
  if ($ref === undefined) return found;
  return textFrom($ref)
    .split('/')
    .slice(1)
    .reduce<Json>((at, name) => objectFrom(at[name]), apiDocument);
}

export interface DocumentedOperation {
  /** In upper case. */
  readonly method: string;
  /** With `{key}` where there is a key. */
  readonly path: string;
  readonly operation: Json;
}

export const documentedOperations: readonly DocumentedOperation[] = Object.entries(
  objectFrom(apiDocument['paths']),
).flatMap(([path, methods]) =>
  Object.entries(objectFrom(methods)).map(([method, operation]) => ({
    path,
    method: method.toUpperCase(),
    operation: objectFrom(operation),
  })),
);

/** The error codes that a response of the document may have; undefined if it is no error. */
function codesOf(response: Json): readonly ErrorCode[] | undefined {
  const { schema } = objectFrom(objectFrom(response['content'])['application/json'] ?? {});
  const { allOf } = objectFrom(schema ?? {});
  const narrowed = listFrom(allOf ?? [])[1];
  if (narrowed === undefined) return undefined;
  const { error } = objectFrom(objectFrom(narrowed)['properties']);
  const { code } = objectFrom(objectFrom(error)['properties']);
  return listFrom(objectFrom(code)['enum']).map(textFrom).filter(isErrorCode);
}

const errorCodes: readonly unknown[] = listFrom(resolved({ $ref: '#/components/schemas/ErrorCode' })['enum']);
const isErrorCode = (code: string): code is ErrorCode => errorCodes.includes(code);

/** Each response of the document, as `documentedAs` names them. */
export const documentedResponses: readonly string[] = [
  ...documentedOperations.flatMap(({ method, path, operation }) =>
    Object.entries(objectFrom(operation['responses'])).flatMap(([status, response]) => {
      const name = `${method} ${path} ${status}`;
      if (status === 'default') return [];
      return codesOf(resolved(response))?.map((code) => `${name} ${code}`) ?? [name];
    }),
  ),
  ...(codesOf(resolved({ $ref: '#/components/responses/Refused' })) ?? []).map(
    (code) => `any ${statusOf(code)} ${code}`,
  ),
  ...otherErrors.map((code) => `other ${statusOf(code)} ${code}`),
];

function statusOf(code: ErrorCode): number {
  return errorStatusOf(new ApiError(code, '')).status;
}

/**
 * The name of the response of the document that a response to a request is: its operation, status and error code, such as
 * `GET /counter/{key} 400 invalid_key`; `any 421 unknown_host` where it may come to any request, and `other 404 not_found`
 * where the request is for no operation. Throws if the document has no such response.
 */
export function documentedAs(method: string, target: string, response: HttpResponse): string {
  try {
    return nameOf(method, target.replace(/[?#].*/s, ''), response);
  } catch (error) {
    const { status, headers, body } = response;
    const said = JSON.stringify({ method, target, status, headers, body: body.slice(0, 1000) });
    throw new Error(`the OpenAPI document has no such response: ${said}`, { cause: error });
  }
}

function nameOf(method: string, path: string, response: HttpResponse): string {
  // What servers say to each other is not in the document.
  if (path === PEER_PATH) return `${method} ${path}`;
  const { status, body } = response;
  const effective = method === 'HEAD' ? 'GET' : method;
  const found = documentedOperations.find(
    (each) => each.method === effective && patternOf(each.path).test(path),
  );
  if (found === undefined) return otherName(method, response);
  const responses = objectFrom(found.operation['responses']);
  const isListed = Object.hasOwn(responses, status);
  const documented = resolved(responses[isListed ? status : 'default']);
  checkHeaders(objectFrom(documented['headers'] ?? {}), response);
  const name = `${found.method} ${found.path} ${status}`;
  const [type = '', content] = Object.entries(objectFrom(documented['content']))[0] ?? [];
  check(response.headers['content-type'] === type, `not of the type ${type}`);
  if (method === 'HEAD') {
    check(body === '', 'a response to HEAD with a body');
    return name;
  }
  const { schema } = objectFrom(content);
  const json = type === 'application/json' ? parseJson(body) : body;
  if (schema !== undefined)
    checkSchema(`${found.method} ${found.path} ${isListed ? status : 'default'}`, schema, json);
  if (codesOf(documented) === undefined) return name;
  const code = errorCodeOf(json);
  check(status === statusOf(code), `not the status of ${code}`);
  return isListed ? `${name} ${code}` : `any ${status} ${code}`;
}

/** A key is one segment, and may be empty where it is refused. */
const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll('.', String.raw`\.`).replace('{key}', '[^/]*')}$`);

/** Of the response to a request for which there is no operation. */
function otherName(method: string, { status, headers, body }: HttpResponse): string {
  if (method === 'OPTIONS' && status === 204) return 'preflight';
  check(headers['content-type'] === 'application/json', 'no JSON');
  if (method === 'HEAD') {
    check(body === '', 'a response to HEAD with a body');
    return `other ${status}`;
  }
  const json = parseJson(body);
  checkSchema('Error', { $ref: '#/components/schemas/Error' }, json);
  const code = errorCodeOf(json);
  check(status === statusOf(code), `not the status of ${code}`);
  if (code === 'method_not_allowed') check(headers.allow !== undefined, 'no header Allow');
  return `${otherErrors.includes(code) ? 'other' : 'any'} ${status} ${code}`;
}

function errorCodeOf(json: unknown): ErrorCode {
  const code = textFrom(objectFrom(objectFrom(json)['error'])['code']);
  if (isErrorCode(code)) return code;
  throw new TypeError(`no error code: ${code}`);
}

/** Headers that HTTP, browsers and proxies know, and this API says nothing about. */
const ORDINARY =
  /^(?:allow|cache-control|connection|content-length|content-security-policy|content-type|date|keep-alive|referrer-policy|transfer-encoding|vary|x-accel-buffering|access-control-.*)$/;

function checkHeaders(documented: Json, { headers }: HttpResponse): void {
  const names = new Set(Object.keys(documented).map((name) => name.toLowerCase()));
  for (const name of Object.keys(headers)) {
    check(ORDINARY.test(name) || names.has(name), `the header ${name}`);
  }
  for (const [name, header] of Object.entries(documented)) {
    const { required, schema } = objectFrom(header);
    const value = headers[name.toLowerCase()];
    check(required !== true || value !== undefined, `no header ${name}`);
    const isNumber = objectFrom(schema)['type'] === 'integer';
    if (value !== undefined) checkSchema(`header ${name}`, schema, isNumber ? Number(value) : value);
  }
}

const ajv = new Ajv2020({ strict: true, strictTypes: false });
ajv.addVocabulary(['components']);

const components = strict(apiDocument['components']);
const validators = new Map<string, ValidateFunction>();

/** Throws unless a value is valid by a schema of the document, which has this name here. */
function checkSchema(name: string, schema: unknown, value: unknown): void {
  let validate = validators.get(name);
  if (validate === undefined) {
    validate = ajv.compile({ ...objectFrom(strict(schema)), components });
    validators.set(name, validate);
  }
  check(validate(value), ajv.errorsText(validate.errors));
}

/** A schema with all that is below it, whose objects have no members that it does not name. */
function strict(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(strict);
  if (!isObject(json)) return json;
  const members = Object.fromEntries(Object.entries(json).map(([name, value]) => [name, strict(value)]));
  const isOpen = json['type'] === 'object' && 'properties' in json && !('additionalProperties' in json);
  return isOpen ? { ...members, additionalProperties: false } : members;
}

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}
