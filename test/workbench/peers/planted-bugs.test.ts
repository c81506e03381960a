/** Every planted bug in clusters of peers is found, and a run that fails is shrunk. */
import { expect, test } from 'vitest';
import {
  type PeersOptions,
  drawPeersOptions,
  smallerPeersOptions,
} from '../../../src/workbench/peers/options.ts';
import { shippedPeer } from '../../../src/workbench/peers/peer.ts';
import { simulatePeers } from '../../../src/workbench/peers/run.ts';
import { shrink } from '../../../src/workbench/sim/shrink.ts';
import { peersMutants } from '../../mutants/peers.ts';
import { eachIsFound } from '../../support/planted-bugs.ts';

/** Most are found at once in the run of seed 9, which is short. */
const firstSeeds = {
  ...Object.fromEntries(Object.keys(peersMutants).map((name) => [name, 9])),
  'wiped-node-reuses-name': 14,
  'lower-bound-as-total': 14,
  'snapshot-forgets-replica-id': 3,
};

eachIsFound(
  peersMutants,
  firstSeeds,
  async (seed, createPeer) => !(await simulatePeers(drawPeersOptions(seed), createPeer)).valid,
);

test('a failure is shrunk to a run with less in it that still fails', async () => {
  const createPeer = peersMutants['scalar-maximum'] ?? shippedPeer;
  const fails = async (options: PeersOptions): Promise<boolean> =>
    !(await simulatePeers(options, createPeer)).valid;
  const smallest = await shrink(drawPeersOptions(9), smallerPeersOptions, fails);
  expect(await fails(smallest)).toBe(true);
  expect(smallest.faults.size).toBe(0);
  expect(smallest.nodeIds.length).toBe(2);
});
