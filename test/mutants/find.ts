/**
 * Looks for every planted bug and prints how soon each is found: `npm run test:mutants`.
 *   - simulated: how many seeds `simulate --seeds` needs;
 *   - the same six seconds of `test` in virtual time: how many of 40 seeds find it, with each fault on its own and with
 *     the adversary of `--nemesis all`;
 *   - these in real time, with processes: how many runs it takes.
 * The shipped node goes through the same and must never fail; how many of the operations that were due it completed is
 * printed too. Takes about a quarter of an hour. Arguments after `--` are the names of some, and `--virtual` for no
 * runs in real time.
 */
import { spawn } from 'node:child_process';
import { maelstromOptions } from '../../src/cli/workbench/maelstrom-flags.ts';
import type { Workload } from '../../src/maelstrom/counter-node.ts';
import type { CreateNode } from '../../src/workbench/nodes/memory-host.ts';
import { simulate } from '../../src/workbench/nodes/simulation.ts';
import { drawPeersOptions } from '../../src/workbench/peers/options.ts';
import { shippedPeer } from '../../src/workbench/peers/peer.ts';
import { simulatePeers } from '../../src/workbench/peers/run.ts';
import { type RunOptions, drawOptions } from '../../src/workbench/nodes/options.ts';
import { faultNames } from '../../src/workbench/sim/nemesis.ts';
import { shippedNode, shippedPnNode } from '../support/run-options.ts';
import { type CreateFrontEnd, shippedFrontEnd } from '../../src/workbench/etcd/front-end.ts';
import { drawEtcdOptions } from '../../src/workbench/etcd/options.ts';
import { simulateEtcd } from '../../src/workbench/etcd/run.ts';
import { etcdMutants } from './etcd.ts';
import { mutants, pnMutants } from './node.ts';
import { peersMutants } from './peers.ts';

const MOST_SEEDS = 200;
const SEEDS = 40;
const MOST_RUNS = 10;
const RUNS_AT_ONCE = 2;

/** Six seconds of the adversary, and of what there was before it. */
const adversary = { nemesis: 'all', 'time-limit': '6' };
const independent = {
  nemesis: faultNames.join(','),
  'time-limit': '6',
  rate: '100',
  'nemesis-interval': '1',
};

/** What is tested: as code for the simulation, and as a program. */
interface Candidate {
  readonly name: string;
  readonly workload: Workload;
  readonly createNode: CreateNode;
  readonly bin: string;
  readonly nodeArguments: readonly string[];
  readonly isRight: boolean;
}

/** The first seed of `simulate --seeds` that fails, if any does. */
async function firstSeed({ createNode, workload }: Candidate): Promise<number | undefined> {
  for (let seed = 1; seed <= MOST_SEEDS; seed++) {
    const { results } = await simulate({ ...drawOptions(seed), workload }, createNode);
    if (results.valid !== true) return seed;
  }
  return undefined;
}

/** How many of the first seeds fail, and the share of operations due that succeeded, of all and in the worst run. */
async function failingSeeds({ createNode, workload }: Candidate, flags: object) {
  let failing = 0;
  const shares: number[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const options: RunOptions = maelstromOptions(seed, { workload, ...flags });
    const { results } = await simulate(options, createNode);
    if (results.valid !== true) failing++;
    shares.push((1000 * results.stats.all.ok) / (options.rate * options.timeLimitMs));
  }
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return { failing, completed: `${percent(mean)}, at least ${percent(Math.min(...shares))}` };
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

/** One run in real time; resolves with whether it failed. */
function fails({ workload, bin, nodeArguments }: Candidate, seed: number): Promise<boolean> {
  const common = ['test', '-w', workload, '--bin', bin, '--check', 'strict', '--seed', `${seed}`];
  const flags = Object.entries(adversary).flatMap(([flag, value]) => [`--${flag}`, value]);
  const workbench = spawn('bin/g-counter-workbench', [...common, ...flags, '--', ...nodeArguments], {
    stdio: 'ignore',
  });
  return new Promise((resolve, reject) => {
    workbench.once('close', (status) => {
      if (status === 0 || status === 1) resolve(status === 1);
      else reject(new Error(`the workbench exited with ${status}`));
    });
  });
}

/** The first run that fails, if any does. */
async function firstRun(candidate: Candidate): Promise<number | undefined> {
  for (let run = 1; run <= MOST_RUNS; run++) if (await fails(candidate, run)) return run;
  return undefined;
}

/** Tests a candidate, prints its row, and resolves with whether the outcome is as it should be. */
async function row(candidate: Candidate, isVirtual: boolean): Promise<boolean> {
  const { name, isRight } = candidate;
  const seed = await firstSeed(candidate);
  const before = await failingSeeds(candidate, independent);
  const now = await failingSeeds(candidate, adversary);
  const run = isVirtual ? undefined : await firstRun(candidate);
  const cells = [name, seed ?? '-', before.failing, now.failing, run ?? '-'];
  console.log(`| ${cells.join(' | ')} |`);
  if (isRight) console.log(`  completed: ${before.completed}; with the adversary ${now.completed}`);
  const found = [seed !== undefined, now.failing > 0, ...(isVirtual ? [] : [run !== undefined])];
  return found.every((isFound) => isFound !== isRight);
}

const mutantCandidates = (
  workload: Workload,
  createNodes: Readonly<Record<string, CreateNode>>,
): Candidate[] =>
  Object.entries(createNodes).map(([name, createNode]) => ({
    name,
    workload,
    createNode,
    bin: 'test/mutants/mutant',
    nodeArguments: [name],
    isRight: false,
  }));

const shippedCandidate = (workload: Workload, createNode: CreateNode): Candidate => ({
  name: `the shipped node, ${workload}`,
  workload,
  createNode,
  bin: 'bin/g-counter',
  nodeArguments: ['--workload', workload],
  isRight: true,
});

/** Finds the first seed that fails with servers, if any does, and prints its row. Resolves as `row` does. */
async function serversRow(
  name: string,
  simulateSeed: (seed: number) => Promise<{ readonly valid: boolean }>,
  isRight: boolean,
): Promise<boolean> {
  let found: number | undefined;
  for (let seed = 1; seed <= MOST_SEEDS && found === undefined; seed++) {
    if (!(await simulateSeed(seed)).valid) found = seed;
  }
  console.log(`| ${name} | ${found ?? '-'} |`);
  return (found === undefined) === isRight;
}

async function main(): Promise<void> {
  const isVirtual = process.argv.includes('--virtual');
  console.log(
    `| planted bug | seed | of ${SEEDS}, before | of ${SEEDS} | run |\n| --- | --: | --: | --: | --: |`,
  );
  const candidates = [
    ...mutantCandidates('g-counter', mutants),
    ...mutantCandidates('pn-counter', pnMutants),
    shippedCandidate('g-counter', shippedNode),
    shippedCandidate('pn-counter', shippedPnNode),
  ];
  const names = process.argv.slice(2).filter((argument) => argument !== '--virtual');
  const chosen = candidates.filter(({ name }) => names.length === 0 || names.includes(name));
  const outcomes: boolean[] = [];
  const workers = Array.from({ length: RUNS_AT_ONCE }, async () => {
    for (let next = chosen.shift(); next !== undefined; next = chosen.shift()) {
      outcomes.push(await row(next, isVirtual));
    }
  });
  await Promise.all(workers);
  console.log('\n| planted bug among peers | seed |\n| --- | --: |');
  const peers = [...Object.entries(peersMutants), ['the shipped server', shippedPeer] as const];
  for (const [name, createPeer] of peers) {
    if (names.length > 0 && !names.includes(name)) continue;
    const simulateSeed = (seed: number) => simulatePeers(drawPeersOptions(seed), createPeer);
    outcomes.push(await serversRow(name, simulateSeed, createPeer === shippedPeer));
  }
  console.log('\n| planted bug in servers on etcd | seed |\n| --- | --: |');
  const onEtcd: (readonly [string, CreateFrontEnd])[] = [
    ...Object.entries(etcdMutants),
    ['the shipped engine', shippedFrontEnd],
  ];
  for (const [name, createFrontEnd] of onEtcd) {
    if (names.length > 0 && !names.includes(name)) continue;
    const simulateSeed = (seed: number) => simulateEtcd(drawEtcdOptions(seed), createFrontEnd);
    outcomes.push(await serversRow(name, simulateSeed, createFrontEnd === shippedFrontEnd));
  }
  const failed = outcomes.filter((outcome) => !outcome).length;
  console.log(`${outcomes.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

void main();
