/** A run of processes on a terminal, and its end. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { type ProcessRunOptions, runProcesses } from '../../../src/workbench/process-run.ts';
import { TestScreen } from '../../support/screen.ts';
import { standard } from '../../support/run-options.ts';

const bin = resolve('bin/g-counter');
const home = process.cwd();
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'g-counter-process-run-'));
  process.chdir(directory);
});
afterAll(() => {
  process.chdir(home);
  rmSync(directory, { recursive: true });
});

const runOn = (screen: TestScreen, stop: AbortController, of: Partial<ProcessRunOptions> = {}) =>
  runProcesses({
    bin,
    nodeArguments: [],
    options: {
      ...standard,
      nodeIds: ['n0'],
      concurrency: 1,
      timeLimitMs: 1000,
      recoveryTimeMs: 0,
      faults: new Set(),
    },
    check: 'strict',
    screen,
    stop: stop.signal,
    ...of,
  });

const ERASE = '\r\x1b[K';

test('nothing is left of the progress after a run', async () => {
  const screen = new TestScreen(80);
  const { results } = await runOn(screen, new AbortController());
  expect(results.valid).toBe(true);
  expect(screen.text).toMatch(/working {2}\d+ operations/);
  expect(screen.rows).toEqual(['']);
});

test('what is logged is not mixed with the progress', async () => {
  const screen = new TestScreen(1000);
  await runOn(screen, new AbortController(), { logSend: true, logReceive: true });
  const odd = screen.rows.filter((row) => !/^(?:send|recv) \{.*\}$/.test(row));
  expect(odd).toEqual(['']);
});

test('nothing is left of the progress, nor of ^C, when a run is interrupted', async () => {
  const screen = new TestScreen(60);
  const stop = new AbortController();
  screen.onText = (text) => {
    if (!text.includes('working') || stop.signal.aborted) return;
    screen.write('^C');
    stop.abort();
  };
  const { results } = await runOn(screen, stop);
  expect(results.valid).toBe('unknown');
  expect(screen.rows).toEqual(['']);
});

test('a run that is to stop before it has begun does not begin', async () => {
  const stop = new AbortController();
  stop.abort();
  const { results } = await runOn(new TestScreen(80), stop);
  expect(results).toMatchObject({ valid: 'unknown', stats: { all: { count: 0 } } });
});

test('a signal while results are being written changes nothing about them', async () => {
  const screen = new TestScreen(80);
  const stop = new AbortController();
  screen.onText = (text) => {
    if (text === ERASE) stop.abort();
  };
  const { results, directory: recorded, failure } = await runOn(screen, stop);
  expect(stop.signal.aborted).toBe(true);
  expect([results.valid, failure]).toEqual([true, undefined]);
  expect(parseJson(readFileSync(join(recorded, 'results.json'), 'utf8'))).toMatchObject({ valid: true });
  expect(existsSync(join(recorded, 'report.html'))).toBe(true);
});
