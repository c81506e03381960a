/** What command lines ask `simulate` to do. */
import { describe, expect, test } from 'vitest';
import { UsageError, parseOptions } from '../../../src/cli/arguments.ts';
import { applyPeersFlags, peersDefaults } from '../../../src/cli/workbench/peers-options.ts';
import {
  applyFlags,
  maelstromDefaults,
  runOptionSpecs,
  toFlags,
} from '../../../src/cli/workbench/run-options.ts';
import { seedOptions } from '../../../src/cli/workbench/simulate-seed.ts';
import type { RunOptions } from '../../../src/workbench/nodes/options.ts';
import { smallerOptions } from '../../../src/workbench/nodes/options.ts';

const seeds = Array.from({ length: 50 }, (_, index) => index + 1);

/** What the printed flags of a run ask for. */
function reread(options: RunOptions): RunOptions {
  const { seed, ...flags } = parseOptions(
    toFlags(options).split(' '),
    { ...runOptionSpecs, seed: { type: 'string' } },
    false,
  ).values;
  return applyFlags(maelstromDefaults(Number(seed)), flags);
}

test('the flags that are printed for a run ask for exactly this run', () => {
  for (const seed of seeds) {
    const options = seedOptions(seed, {});
    expect(reread(options)).toEqual(options);
    // Smaller runs have fractions of seconds and of operations, which Maelstrom would refuse.
    for (const smaller of smallerOptions({ ...options, timeLimitMs: 156.25, rate: 12.5 })) {
      expect(reread(smaller)).toEqual(smaller);
    }
  }
});

describe('the network', () => {
  const networks = (flags: object): Set<string> =>
    new Set(seeds.map((seed) => seedOptions(seed, flags).network));

  test('is drawn for each seed, except where it is given', () => {
    expect(networks({})).toEqual(new Set(['maelstrom', 'ideal']));
    expect(networks({ network: 'ideal' })).toEqual(new Set(['ideal']));
  });

  test('of a single run is that of Maelstrom', () => {
    expect(applyFlags(maelstromDefaults(1), {}).network).toBe('maelstrom');
  });
});

test.each(['check', 'network', 'store-model', 'concurrency'])('--%s does not go with peers', (flag) => {
  expect(() => applyPeersFlags(peersDefaults(1), { [flag]: '1' })).toThrow(
    new UsageError(`--${flag} does not go with -w peers`),
  );
});

test.each([
  [{ 'time-limit': '1.5' }, { timeLimitMs: 1500 }],
  [{ 'time-limit': '0' }, { timeLimitMs: 0 }],
  [{ latency: '0.5' }, { latencyMs: 0.5 }],
  [{ nemesis: '' }, { faults: new Set() }],
])('%j, which Maelstrom refuses, is accepted', (flags, options) => {
  expect(applyFlags(maelstromDefaults(1), flags)).toMatchObject(options);
});

test.each([
  [{ concurrency: '0' }, "--concurrency takes a number like 6 or 2n, not '0'"],
  [{ 'nemesis-interval': '1/2' }, "--nemesis-interval takes a number from 0.001 to 1000000, not '1/2'"],
])('%j, which Maelstrom accepts, is refused', (flags, complaint) => {
  expect(() => applyFlags(maelstromDefaults(1), flags)).toThrow(new UsageError(complaint));
});
