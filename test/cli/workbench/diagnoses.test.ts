/** Each mistake of docs/diagnoses.md is recognised in a program that makes it, and nothing is in the same program without it. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { diagnosisIds } from '../../../src/workbench/diagnosis/diagnose.ts';
import { type Lesson, lessonsIn } from '../../support/diagnosis-programs.ts';
import { textOf } from '../../support/documents.ts';
import { listFrom, objectFrom } from '../../support/json.ts';
import { bySuite } from '../../support/suite.ts';
import { WorkbenchDirectory } from '../../support/workbench-process.ts';

const lessons = lessonsIn(textOf('docs/diagnoses.md'));

/** Each in one language, the next one in the other; in the soak tests the other way round. */
const places = bySuite({ test: [0, 3], soak: [1, 2] });
const tried = lessons.filter((_, index) => places.includes(index % 4));

/** Runs a program, and returns what was printed, what was recognised, and whether every read was right. */
async function judged(program: string, { language, flags }: Lesson) {
  const workbench = new WorkbenchDirectory();
  try {
    const bin = join(workbench.path, `program.${language}`);
    writeFileSync(bin, program);
    chmodSync(bin, 0o755);
    const { stdout } = await workbench.run(['test', '-w', 'g-counter', '--bin', bin, ...flags]);
    const latest = join(workbench.path, 'store', 'latest');
    const results = objectFrom(parseJson(readFileSync(join(latest, 'results.json'), 'utf8')));
    const report = readFileSync(join(latest, 'report.html'), 'utf8');
    const diagnoses = listFrom(results['diagnoses']).map(objectFrom);
    const valid = objectFrom(objectFrom(results['verdicts'])['strict'])['valid'];
    return { stdout, report, ids: diagnoses.map(({ id }) => id), valid };
  } finally {
    workbench.remove();
  }
}

test('each mistake that is recognised has a section with programs in both languages', () => {
  const taught = lessons.map(({ id, language }) => `${id} ${language}`);
  expect(taught.toSorted()).toEqual(diagnosisIds.flatMap((id) => [`${id} mjs`, `${id} py`]).toSorted());
});

const MOST_RUNS = 5;

describe('a program with the mistake', () => {
  test.concurrent.each(tried)('$id, $language, is told so', async (lesson) => {
    let { stdout, ids, report } = await judged(lesson.wrong, lesson);
    // What takes a fault, or a coincidence, may need another run.
    for (let run = 1; run < MOST_RUNS && ids.length === 0; run++) {
      ({ stdout, ids, report } = await judged(lesson.wrong, lesson));
    }
    expect({ ids, stdout }).toEqual({ ids: [lesson.id], stdout });
    expect(stdout).toMatch(new RegExp(`^- ${lesson.id}(?: \\(\\d+ times; the first\\))?: `, 'm'));
    expect(stdout).toContain(`\n  More: docs/diagnoses.md#${lesson.id}\n`);
    expect(report).toContain('<h2>Why, and what to try</h2>');
    expect(report).toContain(`<h3>${lesson.id}`);
    const [, advice = ''] = stdout.split('Why, and what to try:');
    expect(advice.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});

/** Several mistakes have the same cure. In the soak test, it is tried with the flags of each. */
const cures = [
  ...new Map(
    tried.map((lesson) => [lesson.cured + bySuite({ test: '', soak: lesson.flags.join(' ') }), lesson]),
  ).values(),
];

describe('a program without the mistake', () => {
  test.concurrent.each(cures)('$id, $language, is right and told nothing', async (lesson) => {
    const { stdout, ids, valid } = await judged(lesson.cured, lesson);
    expect({ ids, valid, stdout }).toEqual({ ids: [], valid: true, stdout });
  });
});
