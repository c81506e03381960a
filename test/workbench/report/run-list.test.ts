import { expect, test } from 'vitest';
import { NodeFailure } from '../../../src/workbench/nodes/stopped.ts';
import { type StoredRun, runListPage } from '../../../src/workbench/report/run-list.ts';
import { add, inputOf, read, unanswered } from '../../support/report-runs.ts';

const run = (timestamp: string, of: Partial<StoredRun> = {}): StoredRun => ({
  test: 'g-counter',
  timestamp,
  files: ['history.jsonl', 'node-logs/n0.log', 'report.html', 'results.json'],
  results: inputOf([add(0, 1, 3), read(2, 3, 3), read(4, 5, 3, { final: true })]).results,
  ...of,
});

const listed = (results: unknown): string => runListPage([run('20261122T102838.041Z', { results })]);

/** The text of each cell, without what only a narrow screen shows. */
const cells = (page: string): string[] =>
  [...page.matchAll(/<td[^>]*>([^]*?)<\/td>/g)].map(([, content = '']) =>
    content
      .replaceAll(/<[^>]+>/g, ' ')
      .replaceAll(/\s+/g, ' ')
      .trim(),
  );

/** The verdicts of each run, from Maelstrom's check on. */
const verdicts = (page: string): string[] =>
  [...page.matchAll(/<td class="verdict [^>]*>([^]*?)<\/td>/g)].map(([, content = '']) =>
    content.replaceAll(/<[^>]+>/g, ' ').trim(),
  );

test('the newest run comes first, whatever it tested', () => {
  const runs = [
    run('20261122T102838.041Z'),
    run('20261124T102838.041Z', { test: 'pn-counter', results: undefined }),
    run('20261123T102838.041Z'),
  ];
  expect([...runListPage(runs).matchAll(/>(2026112\dT)/g)].map(([, day]) => day)).toEqual([
    '20261124T',
    '20261123T',
    '20261122T',
  ]);
});

test('each run has both verdicts, and says which decides', () => {
  const stale = [add(0, 1, 3), read(2, 3, 0), read(4, 5, 3, { final: true })];
  expect(verdicts(listed(inputOf(stale, {}, {}, { check: 'maelstrom' }).results))).toEqual([
    'VALID decides',
    'INVALID',
  ]);
  expect(verdicts(listed(inputOf(stale).results))).toEqual(['VALID', 'INVALID decides']);
});

test('a pass that proves little is not listed as a clean one', () => {
  const { results } = inputOf([add(0, 1, 3), read(2, 3, 3), unanswered(4, 5, { final: true })]);
  expect(verdicts(listed(results))[0]).toBe('VALID, though no final read was answered');
});

test('of many doubts, the list shows the first and the number of the others', () => {
  const offences = [1, 2].map((timeMs) => ({
    node: `n${timeMs}`,
    timeMs,
    kind: 'line' as const,
    text: 'wrote x',
    silenced: true,
  }));
  const { results } = inputOf(
    [add(0, 1, 3), read(2, 3, 3), unanswered(4, 5, { final: true })],
    {},
    {},
    { offences },
  );
  expect(verdicts(listed(results))[0]).toBe('VALID, though no final read was answered, and 2 more');
});

test('a run that has not finished says so', () => {
  expect(verdicts(listed(undefined))).toEqual(['unfinished']);
});

test('a run that never started shows its reason in the place of its figures', () => {
  const reason = 'n1 exited with status 3';
  const page = listed(inputOf([], {}, {}, { stopped: new NodeFailure(reason), check: 'maelstrom' }).results);
  expect(verdicts(page)).toEqual(['NONE decides', 'INVALID']);
  expect(cells(page)).toContain(reason);
  expect(cells(page)).not.toContain('0');
});

test('a run names its program', () => {
  const { results } = inputOf([], {}, {}, { program: ['test/mutants/mutant', 'no-barrier', '<b>'] });
  expect(listed(results)).toContain('<code>test/mutants/mutant no-barrier &#39;&lt;b&gt;&#39;</code>');
});

test('a run from before there were two verdicts is listed with its one', () => {
  const { stats, messages, options } = inputOf([add(0, 1, 3), read(2, 3, 0)]).results;
  const { network: _, ...before } = options;
  const page = listed({
    valid: false,
    problems: ['the read of 0 misses 3'],
    stats,
    messages,
    options: before,
  });
  expect(verdicts(page)).toEqual(['–', 'INVALID']);
  expect(cells(page).slice(3, 5)).toEqual(['2', '5']);
  expect(page).toContain('3 nodes; 3 clients; 100/s for 10 s');

  const crashed = listed({ valid: false, problems: ['n1 exited'], stats: { all: { count: 0 } } });
  expect(cells(crashed)).toContain('n1 exited');
});

test('results of another version or program are listed as far as they are understood', () => {
  for (const results of [
    null,
    7,
    'text',
    [],
    {},
    { stats: { all: 3 } },
    { verdicts: 3 },
    { verdicts: { strict: { valid: 'perhaps' } }, program: 'bin/g-counter' },
  ]) {
    expect(verdicts(listed(results))).toEqual(['unfinished']);
  }
  expect(verdicts(listed({ verdicts: { strict: { valid: true, remarks: 3 } }, program: [3] }))).toEqual([
    '–',
    'VALID',
  ]);
});

test('a run links to its report and its other files, with their names encoded', () => {
  const page = runListPage([
    run('a b', { test: '"><script>', files: ['report.html', 'node-logs/n#0?.log'] }),
  ]);
  expect(page).toContain('href="./%22%3E%3Cscript%3E/a%20b/report.html"');
  expect(page).toContain('node-logs/n%230%3F.log');
  expect(page).not.toContain('<script');
});

test('a list without runs says so', () => {
  expect(runListPage([])).toContain('no runs yet');
});
