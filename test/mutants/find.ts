/**
 * Looks for every planted bug with real processes in real time, as a user would: up to ten ten-second runs each, at
 * 10 and at 100 operations a second. Then runs the shipped node as often, which must never be condemned. Takes
 * about ten minutes; `npm run test:mutants`.
 */
import { spawn } from 'node:child_process';
import { mutants } from './counters.ts';

const RUNS = 10;
const RATES = [10, 100];
const RUNS_AT_ONCE = 2;

/** Stale reads show at once where operations are short; races need many clients and messages that overtake. */
const situations = [
  ['--nemesis', 'partition', '--nemesis-interval', '2'],
  ['--concurrency', '10n', '--latency', '50', '--latency-dist', 'exponential'],
];

/** One run; resolves with the workbench's exit status. */
function run(bin: string, name: string[], rate: number, seed: number): Promise<number | null> {
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
    '1',
  ];
  const args = [
    ...common,
    '--bin',
    bin,
    '--rate',
    `${rate}`,
    '--seed',
    `${seed}`,
    ...situation,
    '--',
    ...name,
  ];
  const workbench = spawn('bin/g-counter-workbench', args, { stdio: 'ignore' });
  return new Promise((resolve) => workbench.once('close', resolve));
}

async function search(name: string, rate: number): Promise<boolean> {
  for (let seed = 0; seed < RUNS; seed++) {
    if ((await run('test/mutants/mutant', [name], rate, seed)) === 1) {
      console.log(`found    ${name} at rate ${rate}, in run ${seed + 1}`);
      return true;
    }
  }
  console.log(`MISSED   ${name} at rate ${rate}, in ${RUNS} runs`);
  return false;
}

async function acquit(rate: number, seed: number): Promise<boolean> {
  const valid = (await run('bin/g-counter', [], rate, seed)) === 0;
  if (!valid) console.log(`WRONGED  the shipped node at rate ${rate}, seed ${seed}`);
  return valid;
}

async function main(): Promise<void> {
  const names = Object.keys(mutants);
  const tasks = RATES.flatMap((rate) => [
    ...names.map((name) => () => search(name, rate)),
    ...Array.from({ length: RUNS }, (_, seed) => () => acquit(rate, seed)),
  ]);
  const outcomes: boolean[] = [];
  const workers = Array.from({ length: RUNS_AT_ONCE }, async () => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) outcomes.push(await task());
  });
  await Promise.all(workers);
  const failed = outcomes.filter((outcome) => !outcome).length;
  console.log(`${outcomes.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

void main();
