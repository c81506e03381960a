/**
 * A disk that is full: one line, status 255, and what there is is kept. A limit on the size of files stands in for it, which
 * fails the same writes.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { WorkbenchDirectory } from '../../support/workbench-process.ts';

const directory = new WorkbenchDirectory();
afterAll(() => directory.remove());

const latest = (file: string): string => readFileSync(join(directory.path, 'store', 'latest', file), 'utf8');

const ofProgram = (stderr: string): string[] =>
  stderr.split('\n').filter((line) => line.startsWith('g-counter-workbench: '));

const one = ['-w', 'g-counter', '--node-count', '1', '--rate', '1000', '--concurrency', '10n'];

test.each([
  ['test', ['test', ...one, '--bin', resolve('bin/g-counter'), '--time-limit', '600']],
  ['simulate', ['simulate', ...one, '--time-limit', '100000']],
])('%s ends when messages cannot be recorded any more, with the results until then', async (_, args) => {
  const { status, stdout, stderr } = await directory.start(args, 100).finished;
  expect(ofProgram(stderr)).toEqual([
    expect.stringMatching(
      /: store\/g-counter\/[\dTZ.]+\/messages\.jsonl cannot be written: E\w+: .*, write$/,
    ),
  ]);
  expect(stdout).toMatch(/^every read +UNKNOWN/m);
  expect(stdout).not.toContain('report.html');
  expect(status).toBe(255);
  expect(parseJson(latest('results.json'))).toMatchObject({ valid: 'unknown' });
  expect(latest('messages.jsonl').length).toBeGreaterThan(10_000);
});

test('results that cannot be written at all are shown nonetheless', async () => {
  const args = [
    'test',
    ...one,
    '--bin',
    resolve('bin/g-counter'),
    '--time-limit',
    '1',
    '--recovery-time',
    '0',
  ];
  const { status, stdout, stderr } = await directory.start([...args, '--rate', '1'], 0).finished;
  expect(ofProgram(stderr)).toEqual([
    expect.stringMatching(/results\.json cannot be written: E\w+: .*, write$/),
  ]);
  expect(stdout).toMatch(/^every read +VALID/m);
  expect(status).toBe(255);
});

test.skipIf(!existsSync('/dev/full'))('a full disk behind stdout is told on stderr (needs /dev/full)', () => {
  const { status, stderr } = spawnSync('sh', ['-c', 'bin/g-counter-workbench --help >/dev/full'], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({
    status: 255,
    stderr: 'g-counter-workbench: ENOSPC: no space left on device, write\n',
  });
});
