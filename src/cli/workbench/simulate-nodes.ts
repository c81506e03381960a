/**
 * `g-counter-workbench simulate` of nodes: one simulated run, recorded like a real one, or a search over many seeds.
 */
import { fold } from '../../runtime/fold.ts';
import { timestamp } from '../../runtime/system.ts';
import { MessageLog, withDiagnoses } from '../../workbench/diagnosis/diagnose.ts';
import { type RunOptions, smallerOptions } from '../../workbench/nodes/options.ts';
import { formatResults } from '../../workbench/nodes/format-results.ts';
import type { Results } from '../../workbench/nodes/results.ts';
import { simulate } from '../../workbench/nodes/simulation.ts';
import { RunDirectory } from '../../workbench/report/run-directory.ts';
import { type Check } from '../../workbench/nodes/verdict.ts';
import { search } from '../../workbench/search.ts';
import { describeOptions, toFlags } from './run-options.ts';
import { type SeedRange, seedSearch } from './seed-search.ts';
import { type NodesTask, seedOptions, shippedNode } from './simulate-seed.ts';

/** Simulates one run, prints its results and records them in the run directory. Rejects if they cannot be written there. */
export async function simulateNodesOnce(
  options: RunOptions,
  check: Check,
  nodeArguments: string[],
  stop: AbortSignal,
): Promise<Results> {
  console.log(fold(`simulating ${describeOptions(options)}`).join('\n'));
  const unrecorded = new AbortController();
  const directory = new RunDirectory('store', options.workload, timestamp(), () => unrecorded.abort());
  const messages = new MessageLog();
  const simulation = await simulate(options, shippedNode(nodeArguments, options.workload), {
    program: ['g-counter', ...nodeArguments],
    check,
    onDelivery: (delivery) => {
      directory.recordDelivery(delivery);
      messages.record(delivery);
    },
    stop: AbortSignal.any([stop, unrecorded.signal]),
  });
  const { run, problems } = simulation;
  const results = await withDiagnoses({ ...simulation, log: messages });
  const failure = await directory.finish(run, problems, results);
  console.log(formatResults(results));
  if (failure !== undefined) throw failure;
  console.log(`report in ${directory.path}/report.html`);
  return results;
}

/** Simulates many runs. Resolves with whether all are valid, as far as is known. */
export function searchNodes(task: NodesTask, range: SeedRange): Promise<boolean | 'unknown'> {
  const { flags, check, nodeArguments } = task;
  const ofCheck = check === 'strict' ? '' : ` --check ${check}`;
  const forNode = nodeArguments.length > 0 ? ` -- ${nodeArguments.join(' ')}` : '';
  return search(seedSearch(task, range), {
    optionsOf: (seed) => seedOptions(seed, flags),
    describe: describeOptions,
    commandFor: (options) => `g-counter-workbench simulate ${toFlags(options)}${ofCheck}${forNode}`,
    smaller: smallerOptions,
    fails: async (options) => {
      const { results } = await simulate(options, shippedNode(nodeArguments, options.workload), { check });
      return results.valid !== true;
    },
    show: (options) => simulateNodesOnce(options, check, nodeArguments, range.stop),
    claim: 'no read out of bounds and no request unanswered after healing',
  });
}
