/**
 * `g-counter-workbench simulate -w peers`: one simulated cluster of servers, or a search over many seeds.
 */
import { fold } from '../../runtime/fold.ts';
import { type PeersOptions, drawPeersOptions, smallerPeersOptions } from '../../workbench/peers/options.ts';
import { shippedPeer } from '../../workbench/peers/peer.ts';
import { formatPeersResults } from '../../workbench/peers/results.ts';
import { type PeersResults, simulatePeers } from '../../workbench/peers/run.ts';
import { search } from '../../workbench/search.ts';
import { unlessStopped } from './interruption.ts';
import {
  type PeersFlags,
  applyPeersFlags,
  describePeersOptions,
  peersDefaults,
  toPeersFlags,
} from './peers-options.ts';
import { type SeedRange, seedSearch } from './seed-search.ts';

/** Simulates one run and prints its results. Resolves with whether it is valid. Rejects with Interrupted. */
export async function simulatePeersOnce(
  seed: number,
  flags: PeersFlags,
  stop: AbortSignal,
): Promise<boolean> {
  const { valid } = await show(applyPeersFlags(peersDefaults(seed), flags), stop);
  return valid;
}

/** Simulates many runs. Resolves with whether all are valid, as far as is known. */
export async function searchPeers(flags: PeersFlags, range: SeedRange): Promise<boolean | 'unknown'> {
  // Mistakes in the flags are reported before anything runs.
  applyPeersFlags(peersDefaults(range.first), flags);
  return search(seedSearch({ workload: 'peers', flags }, range), {
    optionsOf: (seed) => applyPeersFlags(drawPeersOptions(seed), flags),
    describe: describePeersOptions,
    commandFor: (options) => `g-counter-workbench simulate ${toPeersFlags(options)}`,
    smaller: smallerPeersOptions,
    fails: async (options) => !(await simulatePeers(options, shippedPeer)).valid,
    show: (options) => show(options, range.stop),
    claim: 'all nodes agreed in the end, on exactly what was acknowledged',
  });
}

async function show(options: PeersOptions, stop: AbortSignal): Promise<PeersResults> {
  console.log(fold(`simulating ${describePeersOptions(options)}`).join('\n'));
  const results = await unlessStopped(simulatePeers(options, shippedPeer), stop);
  console.log(formatPeersResults(results));
  return results;
}
