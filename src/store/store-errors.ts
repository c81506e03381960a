/**
 * The errors that every engine gives for the same reasons, in the same words.
 */
import { ApiError } from './api-error.ts';

export const overflow = (key: string): ApiError =>
  new ApiError('overflow', `the value of ${JSON.stringify(key)} would pass 2^53 - 1`);

export const tooManyNodes = (maxNodes: number): ApiError =>
  new ApiError('too_many_nodes', `a counter can have totals of ${maxNodes} nodes`);

export const idempotencyKeyReused = (): ApiError =>
  new ApiError('idempotency_key_reused', 'this idempotency key came with another request before');

export const tooManyIdempotencyKeys = (): ApiError =>
  new ApiError(
    'too_many_idempotency_keys',
    'as many idempotency keys are remembered as can be; try again later, or without one',
  );
