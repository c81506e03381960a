/**
 * The OpenAPI document: all routes but those for servers only, made of the routes table and of the shapes that requests
 * are checked against.
 */
import { type Route, routes } from '../routes.ts';
import type { Schema } from '../shape.ts';
import { errorResponsesOf, errorSchemas, refused } from './errors.ts';
import type { Operation, OperationResponse, Parameter, RequestBody, Tag } from './operation.ts';
import { operationOf } from './operations.ts';
import { schemas } from './schemas.ts';

/** The OpenAPI document as JSON. `version` is that of the program. */
export const openApiText = (version: string): string => JSON.stringify(openApiDocument(version));

export function openApiDocument(version: string): Schema {
  const paths: Record<string, Schema> = {};
  const bodies: Record<string, Schema> = {};
  for (const { path, route } of routes) {
    const operation = operationOf(route.name);
    if (operation === undefined) continue;
    paths[path] = { [route.method.toLowerCase()]: operationObject(route, operation) };
    if (operation.body !== undefined) bodies[operation.body.name] = operation.body.shape.schema;
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'g-counter',
      version,
      summary: 'Named counters that only grow, and never lose or double-count an increment.',
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    // Relative to where this document is: a proxy may serve the API below a path of its own.
    servers: [{ url: '.', description: 'The server that this document is from.' }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: { ...bodies, ...schemas, ...errorSchemas },
      responses: { Refused: refused },
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description:
            'The token of the server (`--token-file`), if it has one. For increments a restricted token (`--tokens-file`) ' +
            'will do.',
        },
      },
    },
  };
}

const DESCRIPTION = `Amounts, totals and values are whole numbers up to 2^53 − 1. A member of a body that the API does not know is
refused, so that a misspelled \`amount\` does not count as 1; a client has to ignore the members of a response that it does not know.

HEAD works wherever GET does. A path that is not in this document is answered with 404 \`not_found\`, another method with
405 \`method_not_allowed\` and the header \`Allow\`, and a preflight request of a page whose origin the server allows with 204.

An increment whose response was lost may have been counted. To repeat it safely, give each increment an \`Idempotency-Key\`
of its own.`;

const tags: Readonly<Record<Tag, string>> = {
  Counters: 'Counters by their keys.',
  'Shared counter': 'Short paths for the one counter `default`.',
  Cluster: 'The servers that replicate the counters among each other. Not on etcd.',
  Server: 'The server itself.',
};

const operationObject = (route: Route, operation: Operation): Schema => ({
  operationId: route.name,
  tags: [operation.tag],
  summary: operation.summary,
  description: operation.description,
  // A server without a token asks for none.
  security: route.isGuarded ? [{ token: [] }, {}] : [],
  ...(operation.parameters === undefined ? {} : { parameters: operation.parameters.map(parameterObject) }),
  ...(operation.body === undefined ? {} : { requestBody: bodyObject(operation.body) }),
  responses: {
    ...Object.fromEntries(
      Object.entries(operation.responses).map(([status, response]) => [status, responseObject(response)]),
    ),
    ...errorResponsesOf(route, operation),
  },
});

const parameterObject = ({ name, in: place, description, shape, example }: Parameter): Schema => ({
  name,
  in: place,
  description,
  required: shape.isOptional !== true,
  schema: shape.schema,
  example,
});

const bodyObject = ({ name, shape, example, canBeForm = false }: RequestBody): Schema => ({
  required: 'required' in shape.schema,
  content: Object.fromEntries(
    ['application/json', ...(canBeForm ? ['application/x-www-form-urlencoded'] : [])].map((type) => [
      type,
      { schema: { $ref: `#/components/schemas/${name}` }, example },
    ]),
  ),
});

const VALUE: Schema = { schema: { type: 'string', pattern: '^[0-9]+\n$' }, example: '8\n' };

const responseObject = ({
  description,
  type,
  schema,
  example,
  canBeText = false,
  headers = {},
}: OperationResponse): Schema => ({
  description,
  ...(Object.keys(headers).length === 0
    ? {}
    : {
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, header]) => [name, { ...header, required: true }]),
        ),
      }),
  ...(type === undefined
    ? {}
    : {
        content: {
          [type]: { schema, example },
          ...(canBeText ? { 'text/plain; charset=utf-8': VALUE } : {}),
        },
      }),
});
