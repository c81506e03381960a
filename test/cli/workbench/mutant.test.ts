import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'g-counter-mutant-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('where the planted bugs are not built, their launcher says what builds them', () => {
  const launcher = join(directory, 'test/mutants/mutant');
  mkdirSync(join(directory, 'test/mutants'), { recursive: true });
  cpSync('test/mutants/mutant', launcher);
  const { status, stdout, stderr } = spawnSync(launcher, ['no-barrier'], { encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({
    status: 1,
    stdout: '',
    stderr: 'test/mutants/mutant: the planted bugs are not built; npm run build:test builds them\n',
  });
});
