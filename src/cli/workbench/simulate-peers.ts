/**
 * `g-counter-workbench simulate -w peers`: one simulated cluster of servers or a search over many seeds, and what is said of
 * a failing one.
 */
import { drawPeersOptions, type PeersOptions, smallerPeersOptions } from '../../workbench/peers/options.ts';
import { shippedPeer } from '../../workbench/peers/peer.ts';
import { type PeersResults, simulatePeers } from '../../workbench/peers/run.ts';
import { shrink } from '../../workbench/sim/shrink.ts';
import {
  type PeersFlags,
  applyPeersFlags,
  describePeersOptions,
  peersDefaults,
  toPeersFlags,
} from './peers-options.ts';
import { type SeedRange, search } from './search.ts';
import { EXIT_STATUS } from './test-command.ts';

/** Simulates one run and prints its results. Resolves with the exit status. */
export async function simulateOneOfPeers(seed: number, flags: PeersFlags): Promise<number> {
  const { valid } = await show(applyPeersFlags(peersDefaults(seed), flags));
  return EXIT_STATUS[`${valid}`];
}

/** Simulates many runs and explains the smallest seed that failed. Resolves with the exit status. */
export async function searchPeers(flags: PeersFlags, range: SeedRange): Promise<number> {
  applyPeersFlags(peersDefaults(range.first), flags);
  const failures = await search({ workload: 'peers', flags }, range);
  if (failures.length === 0) {
    console.log(`VALID: ${range.count} seeds, all nodes agreed in the end, on exactly what was acknowledged`);
    return EXIT_STATUS.true;
  }
  await explain(applyPeersFlags(drawPeersOptions(Math.min(...failures)), flags));
  return EXIT_STATUS.false;
}

async function show(options: PeersOptions): Promise<PeersResults> {
  console.log(`simulating ${describePeersOptions(options)}`);
  const results = await simulatePeers(options, shippedPeer);
  const { valid, problems, operations, answered, messages, faults, final } = results;
  for (const { description, fromMs, toMs } of faults) {
    console.log(`${seconds(fromMs)} to ${seconds(toMs)} s  ${description}`);
  }
  console.log(`${operations} operations, ${answered} answered, ${messages} messages between servers`);
  for (const { node, values } of final) {
    const counters = [...values].map(([key, value]) => `${key} ${value}`);
    console.log(`final  ${node}: ${counters.join(', ')}`);
  }
  const shown = problems.slice(0, MAX_PROBLEMS).map((problem) => `- ${problem}`);
  if (problems.length > MAX_PROBLEMS) shown.push(`- and ${problems.length - MAX_PROBLEMS} more`);
  console.log(
    [...shown, valid ? 'VALID: all nodes agree, on exactly what was acknowledged' : 'INVALID'].join('\n'),
  );
  return results;
}

const MAX_PROBLEMS = 10;

const seconds = (timeMs: number): string => (timeMs / 1000).toFixed(3).padStart(8);

/** Prints what helps with a failing seed: its options, how to see it again, and the least that still fails. */
async function explain(failing: PeersOptions): Promise<void> {
  const command = (options: PeersOptions): string => `g-counter-workbench simulate ${toPeersFlags(options)}`;
  console.log(
    `\nseed ${failing.seed} fails: ${describePeersOptions(failing)}\nto see it again:\n  ${command(failing)}\n`,
  );
  const smallest = await shrink(failing, smallerPeersOptions, async (options) => {
    const { valid } = await simulatePeers(options, shippedPeer);
    return !valid;
  });
  console.log('shrunk, as far as it still fails:');
  await show(smallest);
  console.log(`to see it again:\n  ${command(smallest)}`);
}
