/** What the workbench prints fits a terminal of 80 columns. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { fold } from '../../../src/runtime/fold.ts';
import { testPlan } from '../../../src/cli/workbench/test-command.ts';
import { describeOptions } from '../../../src/cli/workbench/run-options.ts';

const tooWide = (text: string): string[] => text.split('\n').filter((line) => line.length > 80);

test.each([[], ['test'], ['simulate'], ['compare'], ['serve'], ['replay']])('%s --help', (...command) => {
  const help = execFileSync('bin/g-counter-workbench', [...command, '--help'], { encoding: 'utf8' });
  expect(help).toMatch(/^Usage: /);
  expect(tooWide(help)).toEqual([]);
  expect(execFileSync('bin/g-counter-workbench', [...command, '-h'], { encoding: 'utf8' })).toBe(help);
});

const described = (...args: string[]): string => {
  const plan = testPlan(['-w', 'g-counter', '--bin', process.execPath, '--seed', '1', ...args]);
  return plan?.runs.map(describeOptions).join('\n') ?? '';
};

test('a run is described by what is not as usual', () => {
  expect(described()).toBe('n1 n2 n3 n4 n5, 5 clients, 5 operations/s for 60 s, seed 1');
  expect(described('--node-count', '1', '--nemesis', 'kill,loss', '--store-model', 'latest')).toBe(
    'n0, 1 client, 5 operations/s for 60 s, kill loss every 10 s, latest store, seed 1',
  );
  expect(described('--network', 'ideal', '--latency', '3', '-w', 'pn-counter')).toBe(
    'pn-counter, n1 n2 n3 n4 n5, 5 clients, 5 operations/s for 60 s, latency 3 ms constant, ideal network, seed 1',
  );
});

test('many nodes are described by the first, the last and their number', () => {
  expect(described('--node-count', '8')).toMatch(/^n0 n1 … n7 \(8 nodes\), 8 clients/);
  expect(described('--node-count', '7')).toMatch(/^n0 n1 n2 n3 n4 n5 n6, 7 clients/);
});

test.each([
  [['--node-count', '7', '--nemesis', 'all', '--latency', '100', '--latency-dist', 'exponential']],
  [['--nodes', `${'a'.repeat(100)},${'b'.repeat(100)}`]],
])('the description of a run with %j is folded', (args) => {
  expect(tooWide(fold(`bin/g-counter: ${described(...args)}`).join('\n'))).toEqual([]);
});
