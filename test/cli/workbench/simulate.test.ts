import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'g-counter-simulate-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function simulate(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(resolve('bin/g-counter-workbench'), ['simulate', ...args], {
    cwd: directory,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const latest = (file: string): string => readFileSync(join(directory, 'store', 'latest', file), 'utf8');

test('a minute under all faults is simulated in seconds, and the same seed gives the same messages', () => {
  const args = [
    '--seed',
    '4',
    '--node-count',
    '3',
    '--rate',
    '50',
    '--nemesis',
    'all',
    '--nemesis-interval',
    '3',
  ];
  const { status, stdout } = simulate(...args);
  expect(stdout).toMatch(/^every read +VALID/m);
  expect(status).toBe(0);
  const messages = latest('messages.jsonl');
  expect(messages.split('\n').length).toBeGreaterThan(1000);
  simulate(...args);
  expect(latest('messages.jsonl')).toBe(messages);
});

test('the shipped node survives twenty seeds', () => {
  const { status, stdout } = simulate('--seeds', '20', '--time-limit', '5');
  expect(stdout).toMatch(/^VALID: 20 seeds/m);
  expect(status).toBe(0);
});

test('a failing seed is shrunk, and the printed command fails again', () => {
  // A node that gives up before the store can reply.
  const { status, stdout } = simulate('--seeds', '20', '--latency', '50', '--', '--deadline-ms', '10');
  expect(status).toBe(1);
  const commands = [...stdout.matchAll(/^ {2}g-counter-workbench simulate (.*)$/gm)].map((match) => match[1]);
  expect(commands).toHaveLength(2);
  const shrunk = simulate(...(commands[1]?.split(' ') ?? []));
  expect(shrunk.status).toBe(1);
  expect(shrunk.stdout).toMatch(/^- n\d did not answer its final/m);
  expect(JSON.parse(latest('results.json')).stats.all.count).toBeLessThan(10);
});

test.each([
  [['--seeds', '0'], "--seeds takes a whole number from 1 to 1000000, not '0'"],
  [
    ['--nemesis', 'flood'],
    "--nemesis takes all, partition, isolate-store, loss, duplicate, delay, kill, pause, not 'flood'",
  ],
  [['--bin', 'bin/g-counter'], "Unknown option '--bin'"],
  [['--seds', '3'], "Unknown option '--seds' (did you mean --seeds?)"],
  [['-w', 'pears'], "--workload takes g-counter, pn-counter, peers, etcd, not 'pears' (did you mean peers?)"],
  [['-w', 'echo'], "the workload echo is Maelstrom's; the workbench has g-counter, pn-counter, peers, etcd"],
  [['--', '--deadline-ms', 'x'], "--deadline-ms takes a number from 1 to 1000000, not 'x'"],
])('%j fails with one line and status 2', (args, complaint) => {
  const stderr = `g-counter-workbench: ${complaint}; see --help\n`;
  expect(simulate(...args)).toEqual({ status: 2, stdout: '', stderr });
});
