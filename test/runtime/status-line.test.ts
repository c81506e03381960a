import { expect, test } from 'vitest';
import { StatusLine } from '../../src/runtime/status-line.ts';
import { TestScreen } from '../support/screen.ts';

test('a status takes the place of the one before', () => {
  const screen = new TestScreen(40);
  const line = new StatusLine(screen);
  line.show('a long status');
  line.show('short');
  expect(screen.rows).toEqual(['short']);
});

test('what does not fit is cut, and the cut is shown', () => {
  const screen = new TestScreen(10);
  const line = new StatusLine(screen);
  line.show('1234567');
  expect(screen.rows).toEqual(['1234567']);
  line.show('12345678');
  expect(screen.rows).toEqual(['123456…']);
});

test('the width is that of the terminal at the moment', () => {
  const screen = new TestScreen(10);
  const line = new StatusLine(screen);
  screen.columns = 8;
  line.show('1234567890');
  expect(screen.rows).toEqual(['1234…']);
  screen.columns = 20;
  line.show('1234567890');
  expect(screen.rows).toEqual(['1234567890']);
});

test('a terminal that does not know its width has 80 columns', () => {
  const screen = new TestScreen(0);
  new StatusLine(screen).show('x'.repeat(100));
  expect(screen.text).toBe(`\r\x1b[K${'x'.repeat(76)}…`);
});

test('nothing is left of a status that is erased, nor of the ^C of a terminal', () => {
  const screen = new TestScreen(20);
  const line = new StatusLine(screen);
  line.show('a status that is as wide as the terminal');
  screen.write('^C');
  line.erase();
  screen.write('next\n');
  expect(screen.rows).toEqual(['next', '']);
});

test('what was never shown is not erased', () => {
  const screen = new TestScreen(20);
  const line = new StatusLine(screen);
  line.erase();
  line.show('x');
  line.erase();
  line.erase();
  expect(screen.text).toBe('\r\x1b[Kx\r\x1b[K');
});
