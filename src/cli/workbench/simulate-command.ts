/**
 * `g-counter-workbench simulate`: its flags, and whether they ask for nodes, peers or servers on etcd, one run or many.
 */
import { workloads } from '../../maelstrom/counter-node.ts';
import { UsageError, numberFrom, parseOptions, splitNodeArguments } from '../arguments.ts';
import { etcdHelp, etcdOnlySpecs } from './etcd-options.ts';
import { peersHelp, peersOnlySpecs } from './peers-options.ts';
import {
  applyFlags,
  checkFrom,
  maelstromDefaults,
  optionsOfOneRun,
  runOptionSpecs,
  runOptionsHelp,
  workloadFrom,
} from './run-options.ts';
import { searchNodes, simulateNodesOnce } from './simulate-nodes.ts';
import { serversCommands } from './simulate-servers.ts';
import { shippedNode } from './simulate-seed.ts';
import { EXIT_STATUS, seedFrom } from './test-command.ts';

export const simulateHelp = `Usage: g-counter-workbench simulate [--seeds N] [options] [-- FLAGS]

Runs the code of g-counter itself, with FLAGS, in virtual time: a minute takes a
fraction of a second, and one seed determines everything, down to the last
message.

  --seed N                 the seed of all random choices (default: a new one;
                           with --seeds, the first of them: 1)
  --seeds N                the number of seeds to simulate. Each draws its own
                           options, except for those given here. Stops at the
                           first failure and shrinks it
  --keep-going             with --seeds: go on after a failure, and list all
                           failures
${runOptionsHelp}

${peersHelp}

${etcdHelp}

Exit status: 0 valid, 1 invalid, 2 unknown or a bad command line, 255 the
workbench failed. The results of a single run, or of the failure that --seeds
has found, are in store/latest.`;

const specs = {
  ...runOptionSpecs,
  ...peersOnlySpecs,
  ...etcdOnlySpecs,
  seed: { type: 'string' },
  seeds: { type: 'string' },
  'keep-going': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Simulates one run or many, and resolves with the exit status. */
export async function simulateCommand(args: string[], stop: AbortSignal): Promise<number> {
  const { own, forNode } = splitNodeArguments(args);
  const { values } = parseOptions(own, specs, false);
  if (values.help) {
    console.log(simulateHelp);
    return 0;
  }
  const { seed, seeds, 'keep-going': keepGoing, help: _, ...all } = values;
  const { 'clock-skew': clockSkew, floors, members, ...flags } = all;
  const workload = workloadFrom(flags.workload ?? 'g-counter', [...workloads, 'peers', 'etcd']);
  const servers = workload === 'peers' || workload === 'etcd' ? serversCommands[workload] : undefined;
  if (servers !== undefined && forNode.length > 0)
    throw new UsageError(`-w ${workload} takes no arguments after --`);
  if (workload !== 'peers' && (clockSkew !== undefined || floors !== undefined)) {
    throw new UsageError('--clock-skew and --floors go with -w peers');
  }
  if (workload !== 'etcd' && members !== undefined) throw new UsageError('--members goes with -w etcd');
  // Mistakes in the flags are reported before anything runs.
  if (servers === undefined) shippedNode(forNode, applyFlags(maelstromDefaults(0), flags).workload);
  if (seeds === undefined) {
    if (keepGoing) throw new UsageError('--keep-going goes with --seeds');
    if (servers !== undefined) return EXIT_STATUS[`${await servers.once(seedFrom(seed), all, stop)}`];
    const options = optionsOfOneRun(maelstromDefaults(seedFrom(seed)), flags);
    const { valid } = await simulateNodesOnce(options, checkFrom(flags, 'strict'), forNode, stop);
    return EXIT_STATUS[`${valid}`];
  }
  const count = numberFrom('seeds', seeds, { min: 1, integer: true });
  const first = seed === undefined ? 1 : seedFrom(seed);
  if (!Number.isSafeInteger(first + count))
    throw new UsageError(`--seed ${seed} leaves no room for ${seeds} seeds`);
  const range = { first, count, keepGoing, stop };
  const search = (): Promise<boolean | 'unknown'> => {
    if (servers !== undefined) return servers.search(all, range);
    const check = checkFrom(flags, 'strict');
    return searchNodes({ workload: 'nodes', flags, check, nodeArguments: forNode }, range);
  };
  return EXIT_STATUS[`${await search()}`];
}
