/** What the page of client.browser.test.ts loads: the client, and the scenarios with a world outside that the test lends them. */
import { CounterClient } from '../../src/client/client.ts';
import type { Outside } from '../support/outside.ts';
import { scenarios } from './scenarios.ts';

/** Exposed by the test. */
declare const ask: (method: string, ...args: readonly unknown[]) => Promise<void>;

const outside = (endpoints: readonly string[]): Outside => ({
  endpoints,
  setLossy: (isLossy) => ask('setLossy', isLossy),
  cut: () => ask('cut'),
  kill: (key) => ask('kill', key),
  shows: (values) => ask('shows', values),
});

Object.assign(globalThis, {
  CounterClient,
  run: ([claim, endpoints]: [string, readonly string[]]) => scenarios[claim]?.(outside(endpoints)),
});
