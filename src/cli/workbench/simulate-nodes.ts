/**
 * `g-counter-workbench simulate` of nodes: one simulated run, recorded like a real one, or a search over many seeds.
 */
import { timestamp } from '../../runtime/system.ts';
import { type RunOptions, smallerOptions } from '../../workbench/nodes/options.ts';
import { type Results, formatResults } from '../../workbench/nodes/results.ts';
import { simulate } from '../../workbench/nodes/simulation.ts';
import { RunDirectory } from '../../workbench/report/run-directory.ts';
import { search } from '../../workbench/search.ts';
import { describeOptions, toFlags } from './run-options.ts';
import { type SeedRange, seedSearch } from './seed-search.ts';
import { type NodesTask, seedOptions, shippedNode } from './simulate-seed.ts';

/** Simulates one run, prints its results and records them in the run directory. */
export async function simulateNodesOnce(options: RunOptions, nodeArguments: string[]): Promise<Results> {
  console.log(`simulating ${describeOptions(options)}`);
  const directory = new RunDirectory('store', options.workload, timestamp());
  const { run, judgement, results } = await simulate(
    options,
    shippedNode(nodeArguments, options.workload),
    (delivery) => directory.recordDelivery(delivery),
  );
  await directory.finish(run, judgement, results);
  console.log(`${formatResults(results)}\nreport in ${directory.path}/report.html`);
  return results;
}

/** Simulates many runs. Resolves with whether all are valid. */
export function searchNodes(task: NodesTask, range: SeedRange): Promise<boolean> {
  const { flags, nodeArguments } = task;
  const forNode = nodeArguments.length > 0 ? ` -- ${nodeArguments.join(' ')}` : '';
  return search(seedSearch(task, range), {
    optionsOf: (seed) => seedOptions(seed, flags),
    describe: describeOptions,
    commandFor: (options) => `g-counter-workbench simulate ${toFlags(options)}${forNode}`,
    smaller: smallerOptions,
    fails: async (options) => {
      const { results } = await simulate(options, shippedNode(nodeArguments, options.workload));
      return results.valid === false;
    },
    show: (options) => simulateNodesOnce(options, nodeArguments),
    claim: 'no read out of bounds and no request unanswered after healing',
  });
}
