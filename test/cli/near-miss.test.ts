import { expect, test } from 'vitest';
import { didYouMean } from '../../src/cli/near-miss.ts';

const words = ['partition', 'isolate-store', 'loss', 'kill', 'pause', 'all', 'w'];

test.each([
  ['partitions', ' (did you mean partition?)'],
  ['partiton', ' (did you mean partition?)'],
  ['parittion', ' (did you mean partition?)'],
  ['Partition', ' (did you mean partition?)'],
  ['isolatestore', ' (did you mean isolate-store?)'],
  ['los', ' (did you mean loss?)'],
  ['kil', ' (did you mean kill?)'],
  // Three edits, or most of a short word, are another word.
  ['partitioned!', ''],
  ['flood', ''],
  ['hall', ' (did you mean all?)'],
  ['lass', ' (did you mean loss?)'],
  ['mess', ''],
  ['x', ''],
  ['', ''],
])('%j: %s', (word, guess) => {
  expect(didYouMean(word, words)).toBe(guess);
});

test('the nearest candidate wins, whatever the order', () => {
  expect(didYouMean('node', ['nodes', 'mode', 'node'], '--')).toBe(' (did you mean --node?)');
  expect(didYouMean('noded', ['mode', 'nodes', 'node'], '--')).toBe(' (did you mean --nodes?)');
});
