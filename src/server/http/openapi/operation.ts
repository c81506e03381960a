/**
 * What is said of a route for the OpenAPI document. What follows from the routes table, such as the errors of a route that
 * needs the token, is not said again: errors.ts derives it.
 */
import type { ErrorCode } from '../../../store/api-error.ts';
import type { Described, ObjectShape, Schema } from '../shape.ts';
import type { SchemaName } from './schemas.ts';

export interface Operation {
  readonly tag: Tag;
  /** A line of a table of contents. */
  readonly summary: string;
  /** The rest that a reader needs, in Markdown. */
  readonly description: string;
  readonly parameters?: readonly Parameter[];
  readonly body?: RequestBody;
  /** Those that are no errors, by status. */
  readonly responses: Readonly<Record<number, OperationResponse>>;
  /** The codes of the errors that do not follow from the parameters, the body and the table. */
  readonly errors?: readonly ErrorCode[];
}

export type Tag = 'Counters' | 'Shared counter' | 'Cluster' | 'Server';

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly description: string;
  readonly shape: Described;
  readonly example: string | number;
}

export interface RequestBody {
  /** What the schema is called in the document. */
  readonly name: string;
  readonly shape: ObjectShape;
  readonly example: unknown;
  /** Whether it may also be that of an HTML form. */
  readonly canBeForm?: boolean;
}

export interface OperationResponse {
  readonly description: string;
  /** The content type; missing if there is no content. */
  readonly type?: string;
  /** Whether clients that prefer plain text get a bare number and a line end. */
  readonly canBeText?: boolean;
  /** Missing for bytes that no schema describes. */
  readonly schema?: Schema;
  readonly example?: unknown;
  /** The headers that mean something to this API. Each is always there. */
  readonly headers?: Readonly<Record<string, Header>>;
}

export interface Header {
  readonly description: string;
  readonly schema: Schema;
}

/** The response with JSON of a schema that has a name in the document. */
export const json = (description: string, name: SchemaName, example: unknown): OperationResponse => ({
  description,
  type: 'application/json',
  schema: { $ref: `#/components/schemas/${name}` },
  example,
});
