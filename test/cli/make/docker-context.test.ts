/** Docker builds from what .dockerignore lets through: enough to make the bundles of, which are then those of here. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { stopServers, temporaryDirectory } from '../../support/server-process.ts';

afterAll(stopServers);

test('the server that is built from the files that Docker is given is the one that is built here', () => {
  const context = temporaryDirectory();
  const lines = readFileSync('.dockerignore', 'utf8').split('\n');
  expect(lines).toContain('*');
  // What is in dist/ would save the build.
  const taken = lines
    .filter((line) => line.startsWith('!') && !line.startsWith('!dist/'))
    .map((line) => line.slice(1));
  for (const path of taken) cpSync(path, join(context, path), { recursive: true });
  expect(['test', 'data', 'deploy'].filter((path) => existsSync(join(context, path)))).toEqual([]);
  symlinkSync(resolve('node_modules'), join(context, 'node_modules'));
  execFileSync(process.execPath, ['src/build.mjs'], { cwd: context, stdio: 'pipe' });
  const bundle = 'dist/g-counter-server.cjs';
  expect(readFileSync(join(context, bundle), 'utf8') === readFileSync(bundle, 'utf8')).toBe(true);
});
