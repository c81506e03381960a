/**
 * Shapes: what a part of a request may be, said once. The check that requests pass and the schema in the OpenAPI document
 * are made of the same limits, and the document lists the error codes that the check throws.
 */
import { isTotal } from '../../crdt/g-counter.ts';
import { CONTROL_CHARACTERS, MAX_NAME_BYTES, nameFault } from '../../crdt/names.ts';
import { fields } from '../../runtime/decode.ts';
import { asError } from '../../runtime/error.ts';
import { ApiError, type ErrorCode } from '../../store/api-error.ts';

/** A schema of the dialect JSON Schema 2020-12, as OpenAPI 3.1 has them. */
export type Schema = Readonly<Record<string, unknown>>;

/** What the document says of a part of a request. */
export interface Described {
  readonly schema: Schema;
  /** The codes with which a request is refused where this part is not what the schema says. */
  readonly errors: readonly ErrorCode[];
  /** Whether the object that has it as a member, or the request, may lack it. */
  readonly isOptional?: boolean;
}

export interface Shape<T> extends Described {
  /** Returns the value. Throws an ApiError if it is not of this shape. */
  readonly decode: (value: unknown) => T;
}

export interface ObjectShape extends Described {
  /**
   * Returns an object whose members are known by name, and not yet checked. Throws an ApiError if it has any other: a
   * misspelt "amount" must not count as 1.
   */
  readonly membersOf: (json: unknown) => Readonly<Record<string, unknown>>;
}

/** The schema of a whole number from 0 to 2^53 − 1, as totals and values are. */
export const TOTAL: Schema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };

/** A whole number from `minimum` to 2^53 − 1. `what` names it in messages. */
export const wholeNumber = (
  what: string,
  minimum: 0 | 1,
  code: ErrorCode,
  description: string,
): Shape<number> => ({
  schema: { ...TOTAL, minimum, description },
  errors: [code],
  decode(value) {
    if (isTotal(value) && value >= minimum) return value;
    throw new ApiError(code, `${what} must be a whole number from ${minimum} to 2^53 - 1`);
  },
});

/** A text that can be the key of a counter or the id of a node. `what` names it in messages. */
export const nameOf = (what: string, code: ErrorCode, description: string): Shape<string> => ({
  schema: { ...NAME, minLength: 1, description },
  errors: [code],
  decode(value) {
    if (typeof value !== 'string') throw new ApiError(code, `${what} must be a string`);
    const why = nameFault(value);
    if (why !== undefined) throw new ApiError(code, `${what} ${why}`);
    return value;
  },
});

/** The schema of a name, but that it is not empty. A length counts characters, of which each has a byte at least. */
export const NAME: Schema = {
  type: 'string',
  maxLength: MAX_NAME_BYTES,
  pattern: `^[^${CONTROL_CHARACTERS}]*$`,
};

/**
 * A shape that may be missing, and then stands for `fallback`. The description says so: of a member with the keyword
 * `default`, generators make one that is always there.
 */
export const optional = (shape: Shape<number>, fallback: number): Shape<number> => ({
  schema: {
    ...shape.schema,
    description: `${String(shape.schema['description'])} If left out, ${fallback}.`,
  },
  errors: shape.errors,
  isOptional: true,
  decode: (value) => (value === undefined ? fallback : shape.decode(value)),
});

/** An object with these members and no others. `what` names it in messages. */
export function objectOf(what: string, members: Readonly<Record<string, Described>>): ObjectShape {
  const all = Object.entries(members);
  const names = Object.keys(members);
  const required = all.filter(([, { isOptional }]) => !isOptional).map(([name]) => name);
  return {
    schema: {
      type: 'object',
      ...(required.length === 0 ? {} : { required }),
      properties: Object.fromEntries(all.map(([name, { schema }]) => [name, schema])),
      additionalProperties: false,
    },
    errors: ['invalid_body', ...all.flatMap(([, { errors }]) => errors)],
    membersOf(json) {
      try {
        // A member that is missing is refused by the shape that it lacks, with its code.
        return fields(json, what, [], names);
      } catch (error) {
        throw new ApiError('invalid_body', asError(error).message);
      }
    },
  };
}
