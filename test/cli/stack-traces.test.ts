/** Stack traces of the built programs lead to the sources. */
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../support/server-process.ts';

/** Makes the first write to stdout throw, wherever it is. */
const BROKEN_STDOUT = `data:text/javascript,${encodeURIComponent(
  "process.stdout.write = () => { throw new TypeError('broken\\n stdout'); };",
)}`;

const stackOf = (program: string): string =>
  spawnSync(process.execPath, ['--import', BROKEN_STDOUT, program, '--help'], { encoding: 'utf8' }).stderr;

test('a stack trace names the file, line and column of the TypeScript source', () => {
  const stack = stackOf('bin/g-counter');
  expect(stack).toMatch(/^TypeError: broken\n stdout\n {4}at /m);
  const [, path = '', line] = /^ {4}at main \((.*\.ts):(\d+):\d+\)$/m.exec(stack) ?? [];
  expect(path).toBe(join(process.cwd(), 'src/cli/node/main.ts'));
  expect(readFileSync(path, 'utf8').split('\n')[Number(line) - 1]).toContain('process.stdout.write(');
});

test('without a source map, a stack trace names lines of the bundle', () => {
  const directory = temporaryDirectory();
  for (const folder of ['bin', 'dist']) cpSync(folder, join(directory, folder), { recursive: true });
  rmSync(join(directory, 'dist/g-counter.cjs.map'));
  const stack = stackOf(join(directory, 'bin/g-counter'));
  expect(stack).toMatch(/^TypeError: broken\n stdout\n {4}at /m);
  expect(stack).toContain(`    at main (${join(directory, 'dist/g-counter.cjs')}:`);
});
