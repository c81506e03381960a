import { expect, test } from 'vitest';
import { sideBySide } from '../../../src/workbench/nodes/side-by-side.ts';
import { add, inputOf, read } from '../../support/report-runs.ts';

/** Figures as wide as they get: clients wait five seconds at most. */
const { results } = inputOf([add(0, 5000, 3), read(0, 5000, 99, { final: true })]);
const slow = { ...results, messages: { ...results.messages, perOperation: 123_456 } };

test('each program has a column under its name', () => {
  const [head = '', ...rows] = sideBySide(['bin/g-counter', 'other'], [slow, slow]);
  expect(head.trim().split(/ +/)).toEqual(['bin/g-counter', 'other']);
  expect(head.indexOf('other')).toBe(rows[0]?.lastIndexOf('INVALID'));
  expect([head, ...rows].filter((row) => row.length > 80)).toEqual([]);
});

test('names that just fit head their columns', () => {
  const lines = sideBySide(['x'.repeat(24), 'y'.repeat(24)], [slow, slow]);
  expect(lines[0]?.trim()).toBe(`${'x'.repeat(24)}   ${'y'.repeat(24)}`);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

test.each([
  ['one name is a little too long', 'x'.repeat(24), 'y'.repeat(25)],
  ['one name is long', 'bin/g-counter', `test/mutants/${'x'.repeat(60)} no-barrier`],
  ['both are', `${'a/'.repeat(100)}node --flag`, `${'b/'.repeat(100)}node ${'--flag '.repeat(30).trim()}`],
  ['both are the same but for their ends', `${'a/'.repeat(40)}node1`, `${'a/'.repeat(40)}node2`],
])('the table fits 80 columns where %s', (_, a, b) => {
  const lines = sideBySide([a, b], [slow, slow]);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  const [legend, table] = [lines.slice(0, lines.indexOf('')), lines.slice(lines.indexOf('') + 1)];
  const [ofA = '', ofB = ''] = legend.join(' ').split(/ (?=B: )/);
  expect(ofA).toMatch(/^A: .+/);
  expect(ofA.slice(-5)).toBe(a.slice(-5));
  expect(ofB.slice(-5)).toBe(b.slice(-5));
  expect(table[0]).toMatch(/^ +A +B$/);
});
