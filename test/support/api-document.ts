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
/** Throws unless a value is valid. */
type Validate = (value: unknown) => void;

export const apiDocument: Json = objectFrom(parseJson(JSON.stringify(openApiDocument('0.0.0'))));

export interface DocumentedOperation {
  /** In upper case. */
  readonly method: string;
  /** With `{key}` where there is a key. */
  readonly path: string;
  readonly pattern: RegExp;
  readonly operation: Json;
  readonly responses: ReadonlyMap<string, DocumentedResponse>;
}

interface DocumentedResponse {
  /** The checks of its content, by content type; none if it has no content. */
  readonly contents: ReadonlyMap<string, Validate>;
  readonly headers: ReadonlyMap<string, { readonly isRequired: boolean; readonly validate: Validate }>;
  /** The error codes that it may have; undefined if it is no error. */
  readonly codes: readonly ErrorCode[] | undefined;
}

const ajv = new Ajv2020({ strict: true, strictTypes: false });
ajv.addVocabulary(['components']);
const components = strict(apiDocument['components']);

/** A schema with all that is below it, whose objects have no members that it does not name. */
function strict(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(strict);
  if (!isObject(json)) return json;
  const members = Object.fromEntries(Object.entries(json).map(([name, value]) => [name, strict(value)]));
  const isOpen = json['type'] === 'object' && 'properties' in json && !('additionalProperties' in json);
  return isOpen ? { ...members, additionalProperties: false } : members;
}

/** The check by a schema of the document. It is compiled when it is used for the first time. */
export function validateBy(schema: unknown): Validate {
  let compiled: ValidateFunction | undefined;
  return (value) => {
    compiled ??= ajv.compile({ ...objectFrom(strict(schema)), components });
    check(compiled(value), ajv.errorsText(compiled.errors));
  };
}

/** The check by the schema that has this name in the document. */
export const validateAs = (name: string): Validate => validateBy({ $ref: `#/components/schemas/${name}` });

const validateError = validateAs('Error');
const errorCodes = listFrom(objectFrom(at('#/components/schemas/ErrorCode'))['enum']);
const isErrorCode = (code: unknown): code is ErrorCode => errorCodes.includes(code);
const statusOf = (code: ErrorCode): number => errorStatusOf(new ApiError(code, '')).status;

/** What is at a place in the document. */
function at(pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((json, name) => objectFrom(json)[name], apiDocument);
}

function documentedResponse(json: unknown): DocumentedResponse {
  const { $ref, headers = {}, content } = objectFrom(json);
  if ($ref !== undefined) return documentedResponse(at(textFrom($ref)));
  const all = Object.entries(objectFrom(content ?? {})).map(([type, value]) => {
    return [type, objectFrom(value)['schema'] ?? {}] as const;
  });
  return {
    contents: new Map(all.map(([type, schema]) => [type, validateBy(schema)])),
    headers: new Map(
      Object.entries(objectFrom(headers)).map(([name, header]) => {
        const { required, schema: ofHeader } = objectFrom(header);
        const validate = validateBy(ofHeader);
        const isNumber = objectFrom(ofHeader)['type'] === 'integer';
        return [
          name.toLowerCase(),
          {
            isRequired: required === true,
            validate: (value) => validate(isNumber ? Number(value) : value),
          },
        ];
      }),
    ),
    codes: codesIn(objectFrom(all[0]?.[1] ?? {})),
  };
}

/** The error codes to which a schema narrows the error. */
function codesIn({ allOf }: Json): readonly ErrorCode[] | undefined {
  const narrowed = listFrom(allOf ?? [])[1];
  if (narrowed === undefined) return undefined;
  const { error } = objectFrom(objectFrom(narrowed)['properties']);
  const { code } = objectFrom(objectFrom(error)['properties']);
  return listFrom(objectFrom(code)['enum']).filter(isErrorCode);
}

/** A key is one segment, and may be empty where it is refused. */
const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll('.', String.raw`\.`).replace('{key}', '[^/]*')}$`);

export const documentedOperations: readonly DocumentedOperation[] = Object.entries(
  objectFrom(apiDocument['paths']),
).flatMap(([path, methods]) =>
  Object.entries(objectFrom(methods)).map(([method, json]) => {
    const operation = objectFrom(json);
    const responses = Object.entries(objectFrom(operation['responses']));
    return {
      path,
      method: method.toUpperCase(),
      pattern: patternOf(path),
      operation,
      responses: new Map(responses.map(([status, response]) => [status, documentedResponse(response)])),
    };
  }),
);

/** Each response of the document, as `documentedAs` names them. */
export const documentedResponses: readonly string[] = [
  ...documentedOperations.flatMap(({ method, path, responses }) =>
    [...responses].flatMap(([status, { codes, contents }]) => {
      const name = `${method} ${path} ${status}`;
      if (status === 'default') return [];
      const [, ...others] = contents.keys();
      return codes?.map((code) => `${name} ${code}`) ?? [name, ...others.map((type) => `${name} ${type}`)];
    }),
  ),
  ...(documentedResponse(at('#/components/responses/Refused')).codes ?? []).map(
    (code) => `any ${statusOf(code)} ${code}`,
  ),
  ...otherErrors.map((code) => `other ${statusOf(code)} ${code}`),
];

/**
 * The name of the response of the document that a response to a request is: its operation, status and error code, such as
 * `GET /counter/{key} 400 invalid_key`, or its content type if that is not the usual one; `any 421 unknown_host` where it may come to any request, and `other 404 not_found`
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
  const found = documentedOperations.find((each) => each.method === effective && each.pattern.test(path));
  if (found === undefined) return otherName(method, response);
  const listed = found.responses.get(`${status}`);
  const documented = listed ?? found.responses.get('default');
  check(documented !== undefined, 'no such status');
  const { contents, codes } = documented;
  checkHead(documented, response);
  const name = `${effective} ${found.path} ${status}`;
  const { 'content-type': type = '' } = response.headers;
  const validate = contents.get(type);
  check(validate !== undefined || (contents.size === 0 && body === ''), `of the type ${type}`);
  if (method === 'HEAD') {
    check(body === '', 'a response to HEAD with a body');
    return name;
  }
  const json = type === 'application/json' ? parseJson(body) : body;
  validate?.(json);
  if (codes === undefined)
    return type === [...contents.keys()][0] || contents.size === 0 ? name : `${name} ${type}`;
  const code = errorCodeOf(json, status);
  return listed === undefined ? `any ${status} ${code}` : `${name} ${code}`;
}

/** Of the response to a request for which there is no operation. */
function otherName(method: string, { status, headers, body }: HttpResponse): string {
  if (method === 'OPTIONS' && status === 204) return 'preflight';
  check(headers['content-type'] === 'application/json', 'no JSON');
  if (method === 'HEAD') {
    check(body === '', 'a response to HEAD with a body');
    return `other ${status}`;
  }
  const json = parseJson(body);
  validateError(json);
  const code = errorCodeOf(json, status);
  if (code === 'method_not_allowed') check(headers.allow !== undefined, 'no header Allow');
  return `${otherErrors.includes(code) ? 'other' : 'any'} ${status} ${code}`;
}

/** The code of an error. Throws unless it goes with the status. */
function errorCodeOf(json: unknown, status: number): ErrorCode {
  const { code } = objectFrom(objectFrom(json)['error']);
  check(isErrorCode(code), 'no error code');
  check(status === statusOf(code), `not the status of ${code}`);
  return code;
}

/** Headers that HTTP, browsers and proxies know, and of which the document says nothing. */
const ORDINARY =
  /^(?:allow|cache-control|connection|content-length|content-security-policy|content-type|cross-origin-resource-policy|date|keep-alive|referrer-policy|transfer-encoding|vary|x-accel-buffering|access-control-.*)$/;

function checkHead(documented: DocumentedResponse, { headers }: HttpResponse): void {
  for (const name of Object.keys(headers)) {
    check(ORDINARY.test(name) || documented.headers.has(name), `the header ${name}`);
  }
  for (const [name, { isRequired, validate }] of documented.headers) {
    const value = headers[name];
    check(!isRequired || value !== undefined, `no header ${name}`);
    if (value !== undefined) validate(value);
  }
}

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}
