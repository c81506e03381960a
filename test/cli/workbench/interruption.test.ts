/** Ctrl-C, whenever it comes: the right status, and what there is is kept. */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { eventually } from '../../support/eventually.ts';
import { WorkbenchDirectory, answerInit, readJsonLines } from '../../support/workbench-process.ts';

const directory = new WorkbenchDirectory();
afterAll(() => directory.remove());

const node = resolve('bin/g-counter');
const mutant = resolve('test/mutants/mutant');

const results = (): unknown =>
  parseJson(readFileSync(join(directory.path, 'store', 'latest', 'results.json'), 'utf8'));

const short = ['test', '-w', 'g-counter', '--node-count', '3', '--rate', '100', '--recovery-time', '0'];
const one = ['test', '-w', 'g-counter', '--node-count', '1', '--rate', '100'];

test('while nodes are starting', async () => {
  const silent = directory.program('silent', `: > ${directory.path}/started; exec sleep 60`);
  const started = (): boolean => existsSync(join(directory.path, 'started'));
  const { status, stdout, stderr } = await directory.interrupt([...one, '--bin', silent], started);
  expect(stdout).toMatch(/^Maelstrom's check +UNKNOWN/m);
  expect({ status, stderr }).toEqual({ status: 2, stderr: '' });
  expect(results()).toMatchObject({ valid: 'unknown', stats: { all: { count: 0 } } });
});

test('Ctrl-C ends the run at once, without a verdict, and leaves no process behind', async () => {
  const pids = join(directory.path, 'pids');
  const watched = directory.program('watched', `echo $$ >> ${pids}\nexec ${node}`);
  const { status, stdout } = await directory.interrupt(
    [...short, '--bin', watched, '--time-limit', '60', '--log-net-send'],
    () => readdirSync(directory.path).includes('pids') && readFileSync(pids, 'utf8').split('\n').length === 4,
  );
  expect(status).toBe(2);
  expect(stdout).toMatch(/^every read +UNKNOWN: .*\nMaelstrom's check +UNKNOWN: the run was cut short$/m);
  for (const pid of readFileSync(pids, 'utf8').trim().split('\n')) {
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
  }
});

test('operations in flight when a run is cut short are not held against the node', async () => {
  const silent = directory.program('silent', `${answerInit}sleep 60`);
  const { status, stdout } = await directory.interrupt(
    [...short, '--node-count', '1', '--concurrency', '10n', '--bin', silent, '--log-net-send'],
    (stderr) => stderr.includes('"type":"add"'),
  );
  expect(stdout).toMatch(/^every read +UNKNOWN: the run was cut short; until then, nothing was wrong$/m);
  expect(status).toBe(2);
  const outcomes = readJsonLines(join(directory.path, 'store', 'latest', 'history.jsonl')).map(
    (event) => event['type'],
  );
  expect(outcomes.filter((type) => type === 'invoke')).toHaveLength(outcomes.length / 2);
  expect(outcomes).toContain('info');
});

test('problems before a run is cut short still count', async () => {
  const flags = ['--check', 'strict', '--time-limit', '60', '--log-net-recv'];
  const args = [...short, '--bin', mutant, ...flags, '--', 'forget-node'];
  const { status, stdout } = await directory.interrupt(
    args,
    (stderr) => stderr.split('"type":"read_ok"').length > 100,
  );
  expect(stdout).toMatch(/^- interrupted$/m);
  expect(stdout).toMatch(/^every read +INVALID/m);
  expect(status).toBe(1);
});

test('during the recovery', async () => {
  const args = [...one, '--bin', node, '--time-limit', '1', '--recovery-time', '600'];
  const { status, stdout } = await directory.interrupt(args, (output) => output.includes('recovering'));
  expect(stdout).toMatch(/^Maelstrom's check +UNKNOWN/m);
  expect(status).toBe(2);
  expect(results()).toMatchObject({ valid: 'unknown' });
});

test('between two programs that are compared', async () => {
  const second = directory.program('second', `: > ${directory.path}/second-started; exec sleep 60`);
  const args = ['compare', node, second, '--node-count', '1', '--time-limit', '600'];
  const { status, stdout } = await directory.interrupt(args, (output) => output.includes('600 s'));
  expect(stdout).toMatch(/^Maelstrom's check +UNKNOWN/m);
  expect(status).toBe(2);
  expect(existsSync(join(directory.path, 'second-started'))).toBe(false);
});

test('during a simulated run', async () => {
  const args = ['simulate', '--node-count', '3', '--rate', '1000', '--time-limit', '100000'];
  const { status, stdout, stderr } = await directory.interrupt(args, (output) =>
    output.includes('simulating'),
  );
  expect(stdout).toMatch(/^every read +UNKNOWN/m);
  expect({ status, stderr }).toEqual({ status: 2, stderr: '' });
  expect(results()).toMatchObject({ valid: 'unknown' });
});

test('during a search', async () => {
  const args = ['simulate', '--seeds', '100000'];
  const { status, stdout, stderr } = await directory.interrupt(args, (output) =>
    output.includes('simulating'),
  );
  expect(stdout).toMatch(
    /^\d+ of 100000 seeds, .*\nUNKNOWN: interrupted; until then, no seed had failed\n$/m,
  );
  expect({ status, stderr }).toEqual({ status: 2, stderr: '' });
});

test('while the failure that a search has found is shrunk', async () => {
  const args = [
    'simulate',
    '--seeds',
    '20',
    '--latency',
    '50',
    '--time-limit',
    '40',
    '--',
    '--deadline-ms',
    '10',
  ];
  const { status, stdout } = await directory.interrupt(args, (output) => output.includes('to see it again'));
  expect(stdout).toMatch(/^seed \d+ fails/m);
  expect(stdout).toMatch(/^interrupted while shrinking; .*\n {2}g-counter-workbench simulate .*\n$/m);
  expect(status).toBe(1);
});

test('during a simulated cluster of servers, of which nothing is kept', async () => {
  const args = ['simulate', '-w', 'peers', '--time-limit', '100000'];
  const { status, stdout, stderr } = await directory.interrupt(args, (output) =>
    output.includes('simulating'),
  );
  expect(stdout).toMatch(/^simulating [^]*, seed \d+\n$/);
  expect({ status, stderr }).toEqual({ status: 2, stderr: 'g-counter-workbench: interrupted\n' });
});

test('during a replay', async () => {
  const fixture = join(directory.path, 'fixture.jsonl');
  writeFileSync(
    fixture,
    '{"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}\n',
  );
  const deaf = directory.program('deaf', `: > ${directory.path}/deaf-started; exec sleep 60`);
  const expecting = `${readFileSync(fixture, 'utf8')}{"src":"n0","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}\n`;
  writeFileSync(fixture, expecting);
  const started = (): boolean => readdirSync(directory.path).includes('deaf-started');
  const { status, stdout, stderr } = await directory.interrupt(['replay', fixture, '--bin', deaf], started);
  expect({ status, stdout, stderr }).toEqual({
    status: 2,
    stdout: '',
    stderr: 'g-counter-workbench: interrupted\n',
  });
});

test('a second one does not wait for anything', async () => {
  const args = ['simulate', '--node-count', '3', '--rate', '1000', '--time-limit', '100000'];
  const { process, output, finished } = directory.start(args);
  await eventually(() => expect(output()).toContain('simulating'));
  process.kill('SIGTERM');
  process.kill('SIGHUP');
  const { status, stdout, stderr } = await finished;
  expect(stdout).toMatch(/^simulating [^]*, seed \d+\n$/);
  expect({ status, stderr }).toEqual({ status: 2, stderr: 'g-counter-workbench: interrupted\n' });
});
