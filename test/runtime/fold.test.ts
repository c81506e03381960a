import { expect, test } from 'vitest';
import { COLUMNS, fold } from '../../src/runtime/fold.ts';

test('text that fits stays as it is', () => {
  const text = 'x'.repeat(39) + ' ' + 'y'.repeat(40);
  expect(text).toHaveLength(COLUMNS);
  expect(fold(text)).toEqual([text]);
  expect(fold('')).toEqual(['']);
});

test('text that does not is broken between words, and what follows is indented', () => {
  const text = `${'x'.repeat(39)} ${'y'.repeat(41)} z`;
  expect(fold(text, '    ')).toEqual(['x'.repeat(39), `    ${'y'.repeat(41)} z`]);
});

test('a phrase stays together if it fits', () => {
  const text = `${'x'.repeat(60)}, one phrase, another one, ${'y'.repeat(40)} ${'z'.repeat(40)}`;
  expect(fold(text)).toEqual([
    `${'x'.repeat(60)}, one phrase,`,
    `  another one, ${'y'.repeat(40)}`,
    `  ${'z'.repeat(40)}`,
  ]);
});

test('of a word that does not fit, the end stays', () => {
  const path = `/${'long/'.repeat(40)}node`;
  const lines = fold(`${path} and ${path}: 3 nodes`);
  expect(lines.map((line) => line.length)).toEqual([80, 80, 9]);
  expect(lines[0]).toMatch(/^….*long\/node$/);
  expect(lines[1]).toMatch(/^ {2}and ….*long\/node:$/);
});
