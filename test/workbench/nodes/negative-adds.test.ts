/** A node that cannot count down, under the workload pn-counter. */
import { expect, test } from 'vitest';
import type { AddOperation, Outcome } from '../../../src/workbench/nodes/history.ts';
import { formatResults } from '../../../src/workbench/nodes/format-results.ts';
import { remarkOnNegativeAdds, watchNegativeAdds } from '../../../src/workbench/nodes/negative-adds.ts';
import { simulate } from '../../../src/workbench/nodes/simulation.ts';
import { shippedNode, shippedPnNode, standard } from '../../support/run-options.ts';

const add = (delta: number, outcome: Outcome): AddOperation => ({
  process: 0,
  node: 'n0',
  f: 'add',
  delta,
  final: false,
  invoked: { index: 0, timeMs: 0 },
  completed: { index: 1, timeMs: 1 },
  outcome,
  error: 'no',
});

const said = (...operations: AddOperation[]): string[] => {
  const texts: string[] = [];
  const watch = watchNegativeAdds((text) => texts.push(text));
  for (const operation of operations) watch(operation);
  return texts;
};

test('it is said once, after three negative adds were refused', () => {
  const refused = add(-1, 'fail');
  expect(said(refused, refused)).toEqual([]);
  const texts = said(refused, add(1, 'ok'), refused, refused, refused, refused);
  expect(texts).toHaveLength(1);
  expect(texts[0]).toMatch(/^every negative add is refused so far: no\. /);
});

test('it is not said if one succeeded, nor about silence, nor about adds that are not negative', () => {
  const refused = add(-1, 'fail');
  expect(said(refused, add(-2, 'ok'), refused, refused, refused)).toEqual([]);
  expect(said(...Array.from({ length: 9 }, () => add(-1, 'info')))).toEqual([]);
  expect(said(...Array.from({ length: 9 }, () => add(0, 'fail')))).toEqual([]);
});

test('both verdicts on the run say it', async () => {
  const { results } = await simulate({ ...standard, workload: 'pn-counter' }, shippedNode);
  const remark = expect.stringMatching(/^all \d+ negative adds were refused$/);
  expect(results.verdicts.strict).toEqual({ valid: true, problems: [], remarks: [remark] });
  expect(results.verdicts.maelstrom).toEqual({ valid: true, problems: [], remarks: [remark] });
  expect(formatResults(results)).toMatch(
    /^every read +VALID, though\n- all \d+ negative adds were refused\nMaelstrom's check +VALID, though\n- all/m,
  );
});

test('a node that counts down gets no remark', async () => {
  const { run } = await simulate({ ...standard, workload: 'pn-counter' }, shippedPnNode);
  expect(remarkOnNegativeAdds(run.operations)).toEqual([]);
});
