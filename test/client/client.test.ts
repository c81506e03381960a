/** The client in Node: what it promises, on real servers behind proxies. */
import { expect, test } from 'vitest';
import { CounterClient } from '../../src/client/client.ts';
import { testScenarios } from './run-scenarios.ts';
import { scenarios } from './scenarios.ts';

testScenarios({ canRun: true, suffix: '', runOn: async (site) => async (claim) => scenarios[claim]?.(site) });

test('an endpoint that is no URL is refused', () => {
  expect(() => new CounterClient({ endpoints: ['nowhere'] })).toThrow(TypeError);
  expect(() => new CounterClient({ endpoints: [] })).toThrow(TypeError);
});
