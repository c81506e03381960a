/**
 * Looks for every planted bug, and prints how soon each is found: `npm run test:mutants`.
 *   - simulated: how many seeds `simulate --seeds` needs;
 *   - in real time, with processes: how many ten-second runs of `test`, at 10 and at 100 operations a second.
 * The shipped node goes through the same, and must never be condemned. Takes about a quarter of an hour.
 */
import { spawn } from 'node:child_process';
import type { CreateNode } from '../../src/workbench/memory-host.ts';
import { simulate } from '../../src/workbench/simulation.ts';
import { drawOptions } from '../../src/workbench/sweep.ts';
import { shippedNode } from '../workbench/options.ts';
import { mutants } from './node.ts';

const MOST_SEEDS = 200;
const MOST_RUNS = 10;
const RATES = [10, 100];
const RUNS_AT_ONCE = 2;

/** Stale reads show at once where operations are short, races need many clients, and the rest needs faults. */
const situations = [
  ['--nemesis', 'partition', '--nemesis-interval', '2'],
  ['--concurrency', '10n', '--latency', '50', '--latency-dist', 'exponential'],
  ['--concurrency', '5n', '--latency', '10', '--nemesis', 'all', '--nemesis-interval', '1'],
];

/** The first seed that condemns, if any does. */
async function firstSeed(createNode: CreateNode): Promise<number | undefined> {
  for (let seed = 1; seed <= MOST_SEEDS; seed++) {
    const { results } = await simulate(drawOptions(seed), createNode);
    if (results.valid !== true) return seed;
  }
  return undefined;
}

/** One run in real time; resolves with whether the node was condemned. */
function condemned(bin: string, nodeArguments: string[], rate: number, seed: number): Promise<boolean> {
  const situation = situations[seed % situations.length] ?? [];
  const common = [
    'test',
    '-w',
    'g-counter',
    '--node-count',
    '3',
    '--time-limit',
    '10',
    '--recovery-time',
    '3',
  ];
  const flags = [
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

/** The first run that condemns, if any does. */
async function firstRun(bin: string, nodeArguments: string[], rate: number): Promise<number | undefined> {
  for (let run = 1; run <= MOST_RUNS; run++) {
    if (await condemned(bin, nodeArguments, rate, run)) return run;
  }
  return undefined;
}

async function row(name: string): Promise<boolean> {
  const shipped = name === '';
  const seed = await firstSeed(mutants[name] ?? shippedNode);
  const bin = shipped ? 'bin/g-counter' : 'test/mutants/mutant';
  const runs: (number | undefined)[] = [];
  for (const rate of RATES) runs.push(await firstRun(bin, shipped ? [] : [name], rate));
  const cells = [shipped ? 'the shipped node' : name, ...[seed, ...runs].map((found) => `${found ?? '-'}`)];
  console.log(`| ${cells.join(' | ')} |`);
  return [seed, ...runs].every((found) => (found === undefined) === shipped);
}

async function main(): Promise<void> {
  console.log('| planted bug | seed | run at 10/s | run at 100/s |\n| --- | --: | --: | --: |');
  const names = [...Object.keys(mutants), ''];
  const outcomes: boolean[] = [];
  const workers = Array.from({ length: RUNS_AT_ONCE }, async () => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) outcomes.push(await row(name));
  });
  await Promise.all(workers);
  const failed = outcomes.filter((outcome) => !outcome).length;
  console.log(`${outcomes.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

void main();
