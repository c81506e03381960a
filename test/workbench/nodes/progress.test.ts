import { expect, test } from 'vitest';
import { showProgress } from '../../../src/workbench/nodes/progress.ts';
import type { Status } from '../../../src/workbench/nodes/run.ts';
import { VirtualClock } from '../../../src/workbench/sim/virtual-clock.ts';
import { TestScreen } from '../../support/screen.ts';

const status: Status = {
  phase: 'working',
  elapsedMs: 1234,
  operations: 100,
  ok: 97,
  inFlight: 3,
  fault: '',
};

const pass = (clock: VirtualClock, ms: number): Promise<void> =>
  clock.run(new Promise((resolve) => clock.after(ms, resolve)));

test('on a terminal, one line is redrawn four times a second, and nothing is left of it', async () => {
  const clock = new VirtualClock();
  const screen = new TestScreen(80);
  let operations = 0;
  const progress = showProgress(screen, clock, () => ({ ...status, operations: operations++ }));
  await pass(clock, 1100);
  expect(screen.rows).toEqual(['   1.2 s  working  3 operations, 97 ok, 3 in flight  no fault']);
  progress.end();
  expect(screen.rows).toEqual(['']);
  await pass(clock, 1000);
  expect(screen.rows).toEqual(['']);
});

test('a line that is longer than the terminal is wide is cut', async () => {
  const clock = new VirtualClock();
  const screen = new TestScreen(60);
  const nodes = Array.from({ length: 25 }, (_, i) => `n${i}`).join(' ');
  showProgress(screen, clock, () => ({ ...status, fault: `partition: ${nodes}` }));
  await pass(clock, 300);
  expect(screen.rows).toEqual(['   1.2 s  working  100 operations, 97 ok, 3 in flight  p…']);
  screen.columns = 30;
  await pass(clock, 300);
  expect(screen.rows.at(-1)).toHaveLength(27);
});

test('a line that stays is not mixed with the status', async () => {
  const clock = new VirtualClock();
  const screen = new TestScreen(80);
  const progress = showProgress(screen, clock, () => status);
  await pass(clock, 300);
  progress.log('n0: noise');
  expect(screen.rows).toEqual(['n0: noise', '']);
  await pass(clock, 300);
  progress.end();
  expect(screen.rows).toEqual(['n0: noise', '']);
});

test('elsewhere, there is a line every five seconds, whole', async () => {
  const clock = new VirtualClock();
  const screen = new TestScreen();
  const progress = showProgress(screen, clock, () => ({ ...status, fault: 'x'.repeat(200) }));
  await pass(clock, 12_000);
  progress.log('n0: noise');
  progress.end();
  const line = `   1.2 s  working  100 operations, 97 ok, 3 in flight  ${'x'.repeat(200)}\n`;
  expect(screen.text).toBe(`${line}${line}n0: noise\n`);
});
