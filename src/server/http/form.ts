/**
 * The body of an HTML form, as browsers send it without asking first: `application/x-www-form-urlencoded`.
 */
import { ApiError } from '../../store/api-error.ts';

/**
 * The fields of a form by name, as if they were JSON: what is written as JSON writes a whole number is one, and anything else
 * is a string. Throws an ApiError if a field is there twice.
 */
export function fieldsOfForm(text: string): Readonly<Record<string, unknown>> {
  const fields = [...new URLSearchParams(text)];
  const names = new Set(fields.map(([name]) => name));
  if (names.size < fields.length) throw new ApiError('invalid_body', 'the form has a field twice');
  return Object.fromEntries(fields.map(([name, value]) => [name, WHOLE.test(value) ? Number(value) : value]));
}

const WHOLE = /^(?:0|[1-9]\d{0,15})$/;
