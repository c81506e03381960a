/**
 * Looks for every planted bug and prints how soon each is found: `npm run test:mutants`.
 *   - simulated: how many seeds `simulate --seeds` needs;
 *   - in real time, with processes: how many ten-second runs of `test`, at 10 operations a second (if no faults are
 *     needed) and at 100.
 * The shipped node goes through the same and must never fail. Takes about a quarter of an hour; names after `--` select
 * some.
 */
import { spawn } from 'node:child_process';
import type { Workload } from '../../src/maelstrom/counter-node.ts';
import type { CreateNode } from '../../src/workbench/nodes/memory-host.ts';
import { simulate } from '../../src/workbench/nodes/simulation.ts';
import { drawPeersOptions } from '../../src/workbench/peers/options.ts';
import { shippedPeer } from '../../src/workbench/peers/peer.ts';
import { simulatePeers } from '../../src/workbench/peers/run.ts';
import { drawOptions } from '../../src/workbench/nodes/options.ts';
import { shippedNode, shippedPnNode } from '../support/run-options.ts';
import { type CreateFrontEnd, shippedFrontEnd } from '../../src/workbench/etcd/front-end.ts';
import { drawEtcdOptions } from '../../src/workbench/etcd/options.ts';
import { simulateEtcd } from '../../src/workbench/etcd/run.ts';
import { etcdMutants } from './etcd.ts';
import { mutants, pnMutants } from './node.ts';
import { peersMutants } from './peers.ts';
import { plainMutants } from './plain.ts';

const MOST_SEEDS = 200;
const MOST_RUNS = 10;
const RUNS_AT_ONCE = 2;

/** Stale reads show at once if operations are short, and races need many clients. */
const calm = [
  '--nemesis partition --nemesis-interval 2',
  '--concurrency 10n --latency 50 --latency-dist exponential',
];

/** The other bugs need lost, late and duplicated messages, or restarts with a stale store. */
const faulty = [
  '--concurrency 10n --latency 5 --nemesis loss,duplicate,delay --nemesis-interval 1',
  '--concurrency 10n --latency 5 --nemesis kill,delay,isolate-store --nemesis-interval 1',
  '--node-count 7 --concurrency 5n --rate 10 --latency 1 --nemesis kill --nemesis-interval 0.5 --store-model stalest',
];

/** A swap that arrives again, seconds later, when a total has fallen back to what it expects. */
const duplicated = ['--concurrency 10n --latency 5 --nemesis duplicate --nemesis-interval 0.5'];

/** The first seed that fails, if any does. */
async function firstSeed(createNode: CreateNode, workload: Workload): Promise<number | undefined> {
  for (let seed = 1; seed <= MOST_SEEDS; seed++) {
    const { results } = await simulate({ ...drawOptions(seed), workload }, createNode);
    if (results.valid !== true) return seed;
  }
  return undefined;
}

/** What is tested: as code for the simulation, and as a program. */
interface Candidate {
  readonly name: string;
  readonly workload: Workload;
  readonly createNode: CreateNode;
  readonly bin: string;
  readonly nodeArguments: readonly string[];
  /** Flags of `test`, which the runs use in turn. */
  readonly situations: readonly string[];
  readonly rates: readonly number[];
  readonly isRight: boolean;
}

/** One run in real time; resolves with whether it failed. */
function fails(candidate: Candidate, rate: number, seed: number): Promise<boolean> {
  const { workload, bin, nodeArguments, situations } = candidate;
  const situation = situations[seed % situations.length]?.split(' ') ?? [];
  const common = ['test', '-w', workload, '--node-count', '3', '--time-limit', '10', '--recovery-time', '3'];
  const flags = [
    '--check',
    'strict',
    '--bin',
    bin,
    '--rate',
    `${rate}`,
    '--seed',
    `${seed}`,
    ...situation,
    '--',
    ...nodeArguments,
  ];
  const workbench = spawn('bin/g-counter-workbench', [...common, ...flags], { stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    workbench.once('close', (status) => {
      if (status === 0 || status === 1) resolve(status === 1);
      else reject(new Error(`the workbench exited with ${status}`));
    });
  });
}

/** The first run that fails, if any does. */
async function firstRun(candidate: Candidate, rate: number): Promise<number | undefined> {
  for (let run = 1; run <= MOST_RUNS; run++) if (await fails(candidate, rate, run)) return run;
  return undefined;
}

/** Tests a candidate, prints its row, and resolves with whether the outcome is as it should be. */
async function row(candidate: Candidate): Promise<boolean> {
  const found = [await firstSeed(candidate.createNode, candidate.workload)];
  for (const rate of candidate.rates) found.push(await firstRun(candidate, rate));
  const cells = found.map((first) => `${first ?? '-'}`);
  if (cells.length === 2) cells.splice(1, 0, '');
  console.log(`| ${[candidate.name, ...cells].join(' | ')} |`);
  return found.every((first) => (first === undefined) === candidate.isRight);
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
    ...(name in plainMutants
      ? { situations: calm, rates: [10, 100] }
      : { situations: workload === 'pn-counter' ? duplicated : faulty, rates: [100] }),
    isRight: false,
  }));

const shippedCandidate = (workload: Workload, createNode: CreateNode): Candidate => ({
  name: `the shipped node, ${workload}`,
  workload,
  createNode,
  bin: 'bin/g-counter',
  nodeArguments: ['--workload', workload],
  situations: [...calm, ...faulty],
  rates: [10, 100],
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
  console.log('| planted bug | seed | run at 10/s | run at 100/s |\n| --- | --: | --: | --: |');
  const candidates = [
    ...mutantCandidates('g-counter', mutants),
    ...mutantCandidates('pn-counter', pnMutants),
    shippedCandidate('g-counter', shippedNode),
    shippedCandidate('pn-counter', shippedPnNode),
  ];
  const names = process.argv.slice(2);
  const chosen = candidates.filter(({ name }) => names.length === 0 || names.includes(name));
  const outcomes: boolean[] = [];
  const workers = Array.from({ length: RUNS_AT_ONCE }, async () => {
    for (let next = chosen.shift(); next !== undefined; next = chosen.shift()) {
      outcomes.push(await row(next));
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
