/**
 * How fast the workbench is: `npm run bench:workbench`.
 *   - in virtual time: runs of the standard challenge (3 nodes, 100 operations/s, 20 s, partitions) per second and core, and
 *     how that changes with nodes and rate;
 *   - in real time: operations per second, with nodes that keep their totals in memory;
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { RunOptions } from '../../src/workbench/nodes/options.ts';
import { simulate } from '../../src/workbench/nodes/simulation.ts';
import { challenge, shippedNode } from '../support/run-options.ts';

const MEASURE_MS = 4000;

async function runsPerSecond(nodeCount: number, rate: number): Promise<{ runs: number; messages: number }> {
  const options: RunOptions = { ...challenge(nodeCount), rate };
  let [seed, messages] = [0, 0];
  const startedMs = performance.now();
  const elapsedMs = (): number => performance.now() - startedMs;
  do {
    const { results } = await simulate({ ...options, seed: seed++ }, shippedNode);
    if (results.valid !== true)
      throw new Error(`seed ${seed - 1} is invalid: ${results.verdicts.strict.problems.join()}`);
    messages += results.messages.all;
  } while (elapsedMs() < MEASURE_MS);
  return { runs: (1000 * seed) / elapsedMs(), messages: (1000 * messages) / elapsedMs() };
}

function realTime(): void {
  // The ideal network makes up for time in which all clients were busy, so that the rate is asked for to the end.
  const load = ['--concurrency', '100', '--rate', '15000', '--network', 'ideal', '--check', 'strict'];
  const flags = ['--node-count', '1', ...load, '--time-limit', '5'];
  const args = [
    'test',
    '-w',
    'g-counter',
    '--bin',
    'bin/g-counter',
    ...flags,
    '--recovery-time',
    '0',
    '--',
    '--store',
    'memory',
  ];
  const { status } = spawnSync('bin/g-counter-workbench', args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`the workbench exited with ${status}`);
  const { stats } = JSON.parse(readFileSync('store/latest/results.json', 'utf8'));
  console.log(`real time: ${(stats.all.count / 5).toFixed(0)} operations/s`);
}

async function main(): Promise<void> {
  await runsPerSecond(3, 100);
  console.log('| nodes | operations/s | runs a second | messages a second |\n| --: | --: | --: | --: |');
  for (const [nodeCount, rate] of [
    [3, 100],
    [5, 100],
    [10, 100],
    [25, 100],
    [50, 100],
    [3, 10],
    [3, 1000],
  ] as const) {
    const { runs, messages } = await runsPerSecond(nodeCount, rate);
    console.log(`| ${nodeCount} | ${rate} | ${runs.toFixed(1)} | ${messages.toFixed(0)} |`);
  }
  realTime();
}

void main();
