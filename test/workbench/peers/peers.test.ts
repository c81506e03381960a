/** Simulated clusters of peers, whatever happens to them. */
import { expect, test } from 'vitest';
import { drawPeersOptions, peersFaultNames } from '../../../src/workbench/peers/options.ts';
import { shippedPeer } from '../../../src/workbench/peers/peer.ts';
import { simulatePeers } from '../../../src/workbench/peers/run.ts';
import type { ServerRunResults } from '../../../src/workbench/sim/server-run.ts';
import { bySuite } from '../../support/suite.ts';

/** The program simulates a hundred in `.ci/run`. */
const SEEDS = 5;
const HARD_SEEDS = bySuite({ test: 1, soak: 10 });

const simulated = (seed: number): Promise<ServerRunResults> =>
  simulatePeers(drawPeersOptions(seed), shippedPeer);

test(`the shipped server survives ${SEEDS} seeds of every fault`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { problems } = await simulated(seed);
    expect(problems.map((problem) => `seed ${seed}: ${problem}`)).toEqual([]);
  }
});

test('so does a cluster under all faults at once, with clocks that are wrong', async () => {
  const faults = new Set(peersFaultNames);
  for (let seed = 1; seed <= HARD_SEEDS; seed++) {
    const options = { ...drawPeersOptions(seed), faults, nemesisIntervalMs: 2000, clockSkew: 0.3 };
    const { problems } = await simulatePeers(options, shippedPeer);
    expect(problems.map((problem) => `seed ${seed}: ${problem}`)).toEqual([]);
  }
});

test('one seed gives the same run, another does not', async () => {
  const first = await simulated(9);
  expect(await simulated(9)).toEqual(first);
  expect(await simulated(14)).not.toEqual(first);
});
