import { expect, test } from 'vitest';
import { type StoredRun, runListPage } from '../../../src/workbench/report/run-list.ts';
import { inputOf, read } from '../../support/report-runs.ts';

const run = (timestamp: string, of: Partial<StoredRun> = {}): StoredRun => ({
  test: 'g-counter',
  timestamp,
  files: ['history.jsonl', 'node-logs/n0.log', 'report.html', 'results.json'],
  results: inputOf([]).results,
  ...of,
});

const verdicts = (page: string): (string | undefined)[] =>
  [...page.matchAll(/class="verdict \w+">(\w+)/g)].map(([, verdict]) => verdict);

test('the newest run comes first, whatever it tested', () => {
  const runs = [
    run('20261122T102838.041Z'),
    run('20261124T102838.041Z', { test: 'pn-counter', results: inputOf([read(0, 1, 5)]).results }),
    run('20261123T102838.041Z', { results: undefined }),
  ];
  const page = runListPage(runs);
  expect([...page.matchAll(/>(2026112\dT)/g)].map(([, day]) => day)).toEqual([
    '20261124T',
    '20261123T',
    '20261122T',
  ]);
  expect(verdicts(page)).toEqual(['INVALID', 'unfinished', 'VALID']);
});

test('results of another version or program are listed as far as they are understood', () => {
  for (const results of [
    null,
    7,
    'text',
    [],
    {},
    { stats: { all: 3 } },
    { valid: true, options: { faults: {} } },
  ]) {
    expect(verdicts(runListPage([run('20261122T102838.041Z', { results })]))).toHaveLength(1);
  }
});

test('a run links to its report and its other files, with their names encoded', () => {
  const page = runListPage([
    run('a b', { test: '"><script>', files: ['report.html', 'node-logs/n#0?.log'] }),
  ]);
  expect(page).toContain('href="/%22%3E%3Cscript%3E/a%20b/report.html"');
  expect(page).toContain('node-logs/n%230%3F.log');
  expect(page).not.toContain('<script');
});

test('a list without runs says so', () => {
  expect(runListPage([])).toContain('no runs yet');
});
