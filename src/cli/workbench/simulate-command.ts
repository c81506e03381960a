/**
 * `g-counter-workbench simulate`: its flags, one simulated run of nodes or a search over many seeds, and what is said of a
 * failing one: how to see it again, and the least that still fails. Runs of peers go to simulate-peers.ts.
 */
import { timestamp } from '../../runtime/system.ts';
import { type Results, formatResults } from '../../workbench/nodes/results.ts';
import { simulate } from '../../workbench/nodes/simulation.ts';
import { RunDirectory } from '../../workbench/report/run-directory.ts';
import { type RunOptions, smallerOptions } from '../../workbench/nodes/options.ts';
import { shrink } from '../../workbench/sim/shrink.ts';
import { UsageError, numberFrom, parseOptions, splitNodeArguments } from '../arguments.ts';
import {
  applyFlags,
  describeOptions,
  maelstromDefaults,
  runOptionSpecs,
  runOptionsHelp,
  toFlags,
} from './run-options.ts';
import { peersHelp, peersOnlySpecs } from './peers-options.ts';
import { simulateOneOfPeers, searchPeers } from './simulate-peers.ts';
import { type SeedRange, search } from './search.ts';
import { type NodesTask, seedOptions, shippedNode } from './simulate-seed.ts';
import { EXIT_STATUS, seedFrom } from './test-command.ts';

export const simulateHelp = `Usage: g-counter-workbench simulate [--seeds N] [options] [-- flags of g-counter]

Runs the code of g-counter itself in virtual time: a minute takes a fraction of a second, and one seed determines
everything, down to the last message.

  --seed N                 the seed of all random choices (default: a new one; with --seeds, the first of them: 1)
  --seeds N                the number of seeds to simulate. Each draws its own options, except for those given here. Stops
                           at the first failure and shrinks it
  --keep-going             with --seeds: go on after a failure, and list all failures
${runOptionsHelp}

${peersHelp}

Exit status: as for test. The results of a single run, or of the failure that --seeds has found, are in store/latest.`;

const specs = {
  ...runOptionSpecs,
  ...peersOnlySpecs,
  seed: { type: 'string' },
  seeds: { type: 'string' },
  'keep-going': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Simulates one run or many, and resolves with the exit status. */
export async function simulateCommand(args: string[]): Promise<number> {
  const { own, forNode } = splitNodeArguments(args);
  const { values } = parseOptions(own, specs, false);
  if (values.help) {
    console.log(simulateHelp);
    return 0;
  }
  const { seed, seeds, 'keep-going': keepGoing, help: _, 'clock-skew': clockSkew, floors, ...flags } = values;
  const isOfPeers = flags.workload === 'peers';
  if (isOfPeers && forNode.length > 0) throw new UsageError('-w peers takes no arguments after --');
  if (!isOfPeers && (clockSkew !== undefined || floors !== undefined)) {
    throw new UsageError('--clock-skew and --floors go with -w peers');
  }
  const ofPeers = { ...flags, 'clock-skew': clockSkew, floors };
  // Mistakes in the flags are reported before anything runs.
  if (!isOfPeers) shippedNode(forNode, applyFlags(maelstromDefaults(0), flags).workload);
  if (seeds === undefined) {
    if (keepGoing) throw new UsageError('--keep-going goes with --seeds');
    if (isOfPeers) return simulateOneOfPeers(seedFrom(seed), ofPeers);
    const { valid } = await simulateAndRecord(applyFlags(maelstromDefaults(seedFrom(seed)), flags), forNode);
    return EXIT_STATUS[`${valid}`];
  }
  const count = numberFrom('seeds', seeds, { min: 1, integer: true });
  const first = seed === undefined ? 1 : seedFrom(seed);
  if (!Number.isSafeInteger(first + count))
    throw new UsageError(`--seed ${seed} leaves no room for ${seeds} seeds`);
  const range = { first, count, keepGoing };
  if (isOfPeers) return searchPeers(ofPeers, range);
  return searchNodes({ workload: 'nodes', flags, nodeArguments: forNode }, range);
}

/** Simulates one run, prints its results and records them in the run directory. */
async function simulateAndRecord(options: RunOptions, nodeArguments: string[]): Promise<Results> {
  console.log(`simulating ${describeOptions(options)}`);
  const directory = new RunDirectory('store', options.workload, timestamp());
  const simulation = await simulate(options, shippedNode(nodeArguments, options.workload), (delivery) =>
    directory.recordDelivery(delivery),
  );
  const { run, judgement, results } = simulation;
  await directory.finish(run, judgement, results);
  console.log(`${formatResults(results)}\nreport in ${directory.path}/report.html`);
  return results;
}

/** Simulates many runs and explains the smallest seed that failed. Resolves with the exit status. */
async function searchNodes(task: NodesTask, range: SeedRange): Promise<number> {
  const failures = await search(task, range);
  if (failures.length === 0) {
    console.log(`VALID: ${range.count} seeds, no read out of bounds and no request unanswered after healing`);
    return EXIT_STATUS.true;
  }
  await explain(seedOptions(Math.min(...failures), task.flags), task);
  return EXIT_STATUS.false;
}

/** Prints what helps with a failing seed: its options, how to see it again, and the least that still fails. */
async function explain(failing: RunOptions, { nodeArguments }: NodesTask): Promise<void> {
  const command = (options: RunOptions): string =>
    [
      'g-counter-workbench simulate',
      toFlags(options),
      ...(nodeArguments.length > 0 ? ['--', ...nodeArguments] : []),
    ].join(' ');
  console.log(
    `\nseed ${failing.seed} fails: ${describeOptions(failing)}\nto see it again:\n  ${command(failing)}\n`,
  );
  const createNode = shippedNode(nodeArguments, failing.workload);
  const smallest = await shrink(failing, smallerOptions, async (options) => {
    const { results } = await simulate(options, createNode);
    return results.valid === false;
  });
  console.log('shrunk, as far as it still fails:');
  await simulateAndRecord(smallest, nodeArguments);
  console.log(`to see it again:\n  ${command(smallest)}`);
}
