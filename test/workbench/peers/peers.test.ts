/** What simulated clusters of peers show: nothing in what is right, and every planted bug soon. */
import { expect, test } from 'vitest';
import {
  drawPeersOptions,
  peersFaultNames,
  smallerPeersOptions,
} from '../../../src/workbench/peers/options.ts';
import { type CreatePeer, shippedPeer } from '../../../src/workbench/peers/peer.ts';
import { simulatePeers } from '../../../src/workbench/peers/run.ts';
import type { ServerRunResults } from '../../../src/workbench/sim/server-run.ts';
import { shrink } from '../../../src/workbench/sim/shrink.ts';
import { peersMutants } from '../../mutants/peers.ts';
import { bySuite } from '../../support/suite.ts';

const SEEDS = bySuite({ unit: 5, test: 8, soak: 100 });
const HARD_SEEDS = bySuite({ unit: 1, test: 2, soak: 10 });

const simulated = (seed: number, createPeer: CreatePeer = shippedPeer): Promise<ServerRunResults> =>
  simulatePeers(drawPeersOptions(seed), createPeer);

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

for (const [name, createPeer] of Object.entries(peersMutants)) {
  test(`${name} is found within forty seeds`, async () => {
    let found = false;
    for (let seed = 1; seed <= 40 && !found; seed++) found = !(await simulated(seed, createPeer)).valid;
    expect(found).toBe(true);
  });
}

test('one seed gives the same run, another does not', async () => {
  const first = await simulated(7);
  expect(await simulated(7)).toEqual(first);
  expect(await simulated(8)).not.toEqual(first);
});

test('a failure is shrunk to a run with less in it that still fails', async () => {
  const createPeer = peersMutants['scalar-maximum'] ?? shippedPeer;
  const fails = async (options: ReturnType<typeof drawPeersOptions>): Promise<boolean> =>
    !(await simulatePeers(options, createPeer)).valid;
  const smallest = await shrink(drawPeersOptions(1), smallerPeersOptions, fails);
  expect(await fails(smallest)).toBe(true);
  expect(smallest.faults.size).toBe(0);
  expect(smallest.nodeIds.length).toBe(2);
});
