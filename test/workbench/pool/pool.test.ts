/** The search over seeds, with threads that fail as they are told. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Clock } from '../../../src/runtime/clock.ts';
import { type SeedSearch, simulateSeeds } from '../../../src/workbench/pool/pool.ts';
import { eventually } from '../../support/eventually.ts';
import { TestScreen } from '../../support/screen.ts';

let directory: string;
let program: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'g-counter-pool-'));
  program = join(directory, 'thread.cjs');
  writeFileSync(
    program,
    `const { parentPort, workerData: { wrong, broken, endless } } = require('node:worker_threads');
     parentPort.on('message', (seed) => {
       if (seed === broken) throw new Error('out of order');
       while (seed >= endless);
       parentPort.postMessage({ seed, valid: !wrong.includes(seed), operations: 10 });
     });`,
  );
});
afterAll(() => rmSync(directory, { recursive: true }));

/** A clock on which each look takes a millisecond. */
function tickingClock(): Clock {
  let nowMs = 0;
  return { nowMs: () => nowMs++, after: () => ({ cancel: () => {} }) };
}

interface Threads {
  readonly wrong?: readonly number[];
  readonly broken?: number;
  readonly endless?: number;
}

/** A search on a screen that shows what is logged as well. */
function searchOn(
  screen: TestScreen,
  { wrong = [], ...others }: Threads,
  of: Partial<SeedSearch> = {},
): SeedSearch {
  return {
    program,
    task: { wrong, ...others },
    first: 1,
    count: 20,
    keepGoing: false,
    clock: tickingClock(),
    log: (text) => screen.write(`${text}\n`),
    progress: screen,
    stop: new AbortController().signal,
    ...of,
  };
}

test('nothing is left of the progress when the search ends', async () => {
  const screen = new TestScreen(80);
  expect(await simulateSeeds(searchOn(screen, {}))).toEqual([]);
  expect(screen.text).toContain('\r\x1b[K7 of 20 seeds, 70 operations');
  expect(screen.rows).toEqual([
    expect.stringMatching(/^simulating 20 seeds from 1, on \d+ threads$/),
    expect.stringMatching(/^20 of 20 seeds, 200 operations, [\d.]+ seeds\/s, 0 failed$/),
    '',
  ]);
});

test('the progress fits a narrow terminal', async () => {
  const screen = new TestScreen(30);
  await simulateSeeds(searchOn(screen, {}, { log: () => {} }));
  expect(screen.text).toContain('7 of 20 seeds, 70 operatio…');
  expect(screen.rows).toEqual(['']);
});

test('failures that are listed are not mixed with the progress', async () => {
  const screen = new TestScreen(80);
  const failures = await simulateSeeds(searchOn(screen, { wrong: [3, 5] }, { keepGoing: true }));
  expect(new Set(failures)).toEqual(new Set([3, 5]));
  expect(screen.rows.slice(1, 3).toSorted()).toEqual(['seed 3 fails', 'seed 5 fails']);
});

test('the first failure ends a search that does not keep going', async () => {
  const screen = new TestScreen();
  const failures = await simulateSeeds(searchOn(screen, { wrong: [3] }, { count: 1_000_000 }));
  expect(failures).toEqual([3]);
});

test('a thread that breaks down ends the search, and nothing is left of the progress', async () => {
  const screen = new TestScreen(80);
  await expect(simulateSeeds(searchOn(screen, { broken: 7 }, { log: () => {} }))).rejects.toThrow(
    'out of order',
  );
  expect(screen.rows).toEqual(['']);
});

test('a search that is to stop ends its threads in the midst of a seed', async () => {
  const screen = new TestScreen(80);
  const stop = new AbortController();
  const of = { stop: stop.signal, log: () => {} };
  const search = simulateSeeds(searchOn(screen, { wrong: [2], endless: 6 }, { ...of, keepGoing: true }));
  await eventually(() => expect(screen.text).toContain('5 of 20 seeds'));
  stop.abort();
  expect(await search).toEqual([2]);
  expect(screen.rows).toEqual(['']);
});
