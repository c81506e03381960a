/** The OpenAPI document is one, and it is there from the start. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { apiDocument } from '../../../support/api-document.ts';

test('the document is valid by the schema of OpenAPI 3.1', async () => {
  const validator = new Validator();
  expect(await validator.validate(structuredClone(apiDocument))).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});
