import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'g-counter-sh-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** A stand-in for a launcher that prints its arguments, one per line. */
function launcher(name: string, folder = directory): string {
  const file = join(folder, name);
  writeFileSync(file, '#!/bin/sh\nprintf "<%s>\\n" "$@"\nexit 7\n');
  chmodSync(file, 0o755);
  return file;
}

function script(env: Record<string, string>, ...args: string[]): SpawnSyncReturns<string> {
  return spawnSync('sh', [resolve('maelstrom.sh'), ...args], {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, ENGINE: '', MAELSTROM: '', MAELSTROM_JAR: '', ...env },
  });
}

test('MAELSTROM gets the arguments unchanged, and its exit status is ours', () => {
  const args = ['test', '-w', 'g-counter', '--bin', 'a path', '--time-limit', '10', '--', '', '*'];
  const { status, stdout } = script({ MAELSTROM: launcher('maelstrom') }, ...args);
  expect(stdout).toBe(
    `engine: Maelstrom (MAELSTROM says so)\n${args.map((argument) => `<${argument}>\n`).join('')}`,
  );
  expect(status).toBe(7);
});

test('without arguments, it runs the standard challenge', () => {
  const { stdout } = script({ MAELSTROM: launcher('maelstrom') });
  expect(stdout.replaceAll(/[<>]/g, '').split('\n').slice(1).join(' ').trim()).toBe(
    'test -w g-counter --bin bin/g-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition',
  );
});

describe('with the workbench as its engine', () => {
  /** A copy of the project that is set up, with a workbench that prints its arguments. */
  let project: string;
  beforeAll(() => {
    project = join(directory, 'project');
    for (const folder of ['src', 'bin', 'node_modules', 'dist']) {
      mkdirSync(join(project, folder), { recursive: true });
    }
    for (const file of ['package.json', 'package-lock.json', 'node_modules/.package-lock.json']) {
      writeFileSync(join(project, file), '');
    }
    launcher('g-counter-workbench', join(project, 'bin'));
    writeFileSync(join(project, 'dist/g-counter-workbench.cjs'), '');
    cpSync('maelstrom.sh', join(project, 'maelstrom.sh'));
  });

  const onWorkbench = (...args: string[]): string => {
    const env = { ...process.env, ENGINE: 'workbench' };
    const { stdout } = spawnSync(join(project, 'maelstrom.sh'), args, { encoding: 'utf8', env });
    return stdout.replaceAll(/[<>]/g, '').split('\n').slice(1).join(' ').trim();
  };

  test('the standard challenge is judged by every read', () => {
    expect(onWorkbench()).toBe(
      'test -w g-counter --bin bin/g-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition --check strict',
    );
  });

  test('arguments go through unchanged', () => {
    expect(onWorkbench('test', '-w', 'g-counter', '--bin', 'x')).toBe('test -w g-counter --bin x');
  });
});

test('a path in MAELSTROM is relative to the caller', () => {
  launcher('here');
  expect(script({ MAELSTROM: './here' }, 'x').stdout).toContain('<x>');
});

test('MAELSTROM_JAR is run with java', () => {
  const jar = join(directory, 'maelstrom.jar');
  writeFileSync(jar, '');
  launcher('java');
  const { stdout } = script(
    { MAELSTROM_JAR: jar, PATH: `${directory}:${process.env['PATH'] ?? ''}` },
    'test',
  );
  expect(stdout).toContain(`<-jar>\n<${jar}>\n<test>\n`);
});

test('a maelstrom on the PATH is used, unless ENGINE asks for the workbench', () => {
  launcher('maelstrom');
  const path = { PATH: `${directory}:${process.env['PATH'] ?? ''}` };
  expect(script(path, '--version').stdout).toBe('engine: Maelstrom (it is on the PATH)\n<--version>\n');
  expect(script({ ...path, ENGINE: 'workbench' }, '--version').stdout).toMatch(
    /^engine: the built-in workbench \(ENGINE says so\)\n\d+\.\d+\.\d+\n$/,
  );
});

test.each([
  [{ ENGINE: 'docker' }, "ENGINE is maelstrom or workbench, not 'docker'"],
  [{ MAELSTROM: '/nowhere/maelstrom' }, 'MAELSTROM=/nowhere/maelstrom is not a program'],
  [{ MAELSTROM_JAR: '/nowhere.jar' }, 'MAELSTROM_JAR=/nowhere.jar is not a file'],
])('%j fails with one line and status 2', (env, complaint) => {
  const { status, stdout, stderr } = script(env);
  expect({ status, stdout, stderr }).toEqual({
    status: 2,
    stdout: '',
    stderr: `maelstrom.sh: ${complaint}\n`,
  });
});
