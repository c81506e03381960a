import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
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

/** A checkout that is ready, by this build's own account, with a workbench that prints its arguments. */
function project(name: string): string {
  const path = join(directory, name);
  for (const folder of ['src', 'bin', 'node_modules/tool', 'dist']) {
    mkdirSync(join(path, folder), { recursive: true });
  }
  for (const file of ['maelstrom.sh', 'src/set-up.mjs', 'src/sources.mjs']) cpSync(file, join(path, file));
  const tool = { 'node_modules/tool': { version: '1.0.0', dev: true } };
  const files = {
    'package.json': `{\n  "name": "g-counter",\n  "scripts": { "build": "node src/build.mjs" }\n}\n`,
    'package-lock.json': JSON.stringify({ packages: { '': {}, ...tool } }),
    'node_modules/.package-lock.json': JSON.stringify({ packages: tool }),
    'node_modules/tool/package.json': '{}',
    'dist/g-counter.cjs': '',
    'dist/g-counter-workbench.cjs': '',
    'src/build.mjs':
      "import { writeFileSync } from 'node:fs'; import { BUILT_FROM, hashOfSources } from './sources.mjs';\n" +
      "writeFileSync(BUILT_FROM, hashOfSources()); console.log('built');\n",
  };
  for (const [file, content] of Object.entries(files)) writeFileSync(join(path, file), content);
  launcher('g-counter-workbench', join(path, 'bin'));
  spawnSync(process.execPath, ['src/build.mjs'], { cwd: path });
  return path;
}

/** Runs a script that is to use the workbench. `npm` says what is called, and fails as it does without a network. */
function onWorkbench(
  file: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
  cwd = directory,
) {
  const { status, stdout, stderr } = spawnSync(file, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ENGINE: 'workbench', PATH: `${offline()}:${process.env['PATH'] ?? ''}`, ...env },
  });
  return { status, said: stdout.replaceAll(/[<>]/g, '').split('\n').slice(1).join(' ').trim(), stderr };
}

/** A folder with an npm that can install nothing, and whose `ci` begins as npm's does. */
function offline(): string {
  const folder = join(directory, 'offline');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'npm'),
    '#!/bin/sh\necho "npm $*"\nif [ "$1" = ci ]; then rm -rf node_modules; exit 1; fi\nexec node src/build.mjs\n',
  );
  chmodSync(join(folder, 'npm'), 0o755);
  return folder;
}

const CHALLENGE =
  'test -w g-counter --bin bin/g-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition --check strict';

describe('with the workbench as its engine', () => {
  let ready: string;
  beforeAll(() => {
    ready = project('ready');
  });

  test('the standard challenge is judged by every read', () => {
    expect(onWorkbench(join(ready, 'maelstrom.sh')).said).toBe(CHALLENGE);
  });

  test('arguments go through unchanged', () => {
    const args = ['test', '-w', 'g-counter', '--bin', 'x'];
    expect(onWorkbench(join(ready, 'maelstrom.sh'), args).said).toBe(args.join(' '));
  });
});

describe('called by a link, it sets up its own checkout', () => {
  let stranger: string;
  beforeAll(() => {
    stranger = join(directory, 'stranger');
    mkdirSync(join(stranger, 'links'), { recursive: true });
    writeFileSync(join(stranger, 'package.json'), '{ "name": "stranger" }');
    writeFileSync(join(stranger, 'package-lock.json'), '{}');
    project('linked');
    symlinkSync(join(directory, 'linked/maelstrom.sh'), join(stranger, 'absolute'));
    symlinkSync('../../linked/maelstrom.sh', join(stranger, 'links/relative'));
    symlinkSync('links/relative', join(stranger, 'twice'));
    symlinkSync(join(directory, 'linked'), join(stranger, 'folder'));
    mkdirSync(join(stranger, 'deep/er'), { recursive: true });
    symlinkSync('../../links', join(stranger, 'deep/er/links'));
  });

  test.each(['absolute', 'links/relative', 'twice', 'folder/maelstrom.sh', 'deep/er/links/relative'])(
    '%s',
    (link) => {
      expect(onWorkbench(join(stranger, link)).said).toBe(CHALLENGE);
    },
  );

  test.each(['two words', 'line\nfeeds\n\n', '-P', "it's $HOME"])(
    'that is in a folder of the name %j',
    (name) => {
      const folder = join(directory, 'odd');
      mkdirSync(join(folder, `links ${name}`), { recursive: true });
      renameSync(project('plain'), join(folder, name));
      symlinkSync(`../${name}/maelstrom.sh`, join(folder, `links ${name}`, 'link'));
      symlinkSync(`odd/links ${name}/link`, join(directory, 'odd-link'));
      expect(onWorkbench(join(directory, 'odd-link')).said).toBe(CHALLENGE);
      rmSync(join(directory, 'odd-link'));
      expect(onWorkbench(`./${name}/maelstrom.sh`, [], {}, folder).said).toBe(CHALLENGE);
      expect(onWorkbench('sh', ['maelstrom.sh'], {}, join(folder, name)).said).toBe(CHALLENGE);
    },
  );

  test('by a name that looks like a flag too', () => {
    symlinkSync('absolute', join(stranger, '-n'));
    expect(onWorkbench('sh', ['--', '-n'], {}, stranger).said).toBe(CHALLENGE);
  });

  test('by a name on the PATH too', () => {
    const PATH = `${stranger}:${offline()}:${process.env['PATH'] ?? ''}`;
    expect(onWorkbench('twice', [], { PATH }).said).toBe(CHALLENGE);
  });

  test.each(['a copy', 'a hard link'])('%s of it in another project does nothing there', (what) => {
    const file = join(stranger, 'maelstrom.sh');
    if (what === 'a copy') cpSync('maelstrom.sh', file);
    else linkSync(join(directory, 'linked/maelstrom.sh'), file);
    const { status, said, stderr } = onWorkbench(file);
    rmSync(file);
    expect([status, said, stderr]).toEqual([
      1,
      '',
      `maelstrom.sh: ${realpathSync(stranger)} is not a checkout of g-counter\n`,
    ]);
  });
});

describe('what is ready is left alone, whatever its times say', () => {
  test.each([
    ['as cp -r leaves it', () => {}],
    ['with a lock file that is newer than what is installed', (path) => touch(path, 'package-lock.json')],
    ['with sources that are newer than the build', (path) => touch(path, 'src/build.mjs')],
    ['without tools, which the build has no need of any more', (path) => removeFrom(path, 'node_modules')],
  ] satisfies [string, (path: string) => void][])('a copy %s', (name, change) => {
    const copy = join(directory, `copy ${name}`);
    spawnSync('cp', ['-r', project(`original ${name}`), copy]);
    change(copy);
    expect(onWorkbench(join(copy, 'maelstrom.sh')).said).toBe(CHALLENGE);
  });

  const touch = (path: string, file: string): void => utimesSync(join(path, file), 2e9, 2e9);
  const removeFrom = (path: string, file: string): void => rmSync(join(path, file), { recursive: true });
});

describe('what is not ready is set up', () => {
  test.each([
    ['a source that has changed, with the same time', 'src/other.mjs', '// new\n'],
    ['a bundle that is missing', 'dist/g-counter.cjs', undefined],
    ['a build that did not end', 'dist/sources.sha256', undefined],
  ])('%s is built, without a network', (name, file, content) => {
    const path = project(`changed ${name}`);
    if (content === undefined) rmSync(join(path, file));
    else {
      writeFileSync(join(path, file), content);
      utimesSync(join(path, file), 0, 0);
    }
    expect(onWorkbench(join(path, 'maelstrom.sh')).said).toBe(
      `building (npm run build) npm run --silent build built ${CHALLENGE}`,
    );
  });

  const withoutTool: [string, string, string][] = [
    ['another version is wanted', 'package-lock.json', '{"packages":{"node_modules/tool":{"version":"2"}}}'],
    ['only what is for production was installed', 'node_modules/.package-lock.json', '{"packages":{}}'],
    [
      'what was installed is for another system',
      'package-lock.json',
      `{"packages":{"node_modules/x":{"optional":true,"os":["${process.platform}"],"cpu":["${process.arch}"]}}}`,
    ],
  ];

  test.each(withoutTool)('if %s, npm ci is run, and if it fails, nothing is lost', (name, file, content) => {
    const path = project(`old ${name}`);
    writeFileSync(join(path, file), content);
    writeFileSync(join(path, 'src/new.mjs'), '');
    const { status, said, stderr } = onWorkbench(join(path, 'maelstrom.sh'));
    expect([status, stderr]).toEqual([1, 'maelstrom.sh: npm ci failed; node_modules is as it was before\n']);
    expect(said).toMatch(/^installing development tools \(npm ci\) npm ci /);
    expect(existsSync(join(path, 'node_modules/tool/package.json'))).toBe(true);
  });

  test.each([
    { NODE_ENV: 'production' },
    { npm_config_omit: 'dev optional' },
    { npm_config_production: 'true' },
  ])('with %j, the real npm installs the tools of the build too', (env) => {
    const path = project(`production ${Object.keys(env).join()}`);
    for (const old of ['node_modules', 'dist']) rmSync(join(path, old), { recursive: true });
    mkdirSync(join(path, 'tool'));
    mkdirSync(join(path, 'dist'));
    writeFileSync(join(path, 'tool/package.json'), '{"name":"tool","version":"1.0.0"}');
    const manifest = {
      name: 'g-counter',
      scripts: { build: "node -p \"'built with ' + require('tool/package.json').name\"" },
      devDependencies: { tool: 'file:tool' },
    };
    writeFileSync(join(path, 'package.json'), JSON.stringify(manifest, null, 2));
    const lock = {
      name: 'g-counter',
      lockfileVersion: 3,
      requires: true,
      packages: {
        '': { name: 'g-counter', devDependencies: manifest.devDependencies },
        'node_modules/tool': { resolved: 'tool', link: true },
        tool: { version: '1.0.0', dev: true },
      },
    };
    writeFileSync(join(path, 'package-lock.json'), JSON.stringify(lock));
    const withNpm = { ...env, PATH: process.env['PATH'] ?? '' };
    expect(onWorkbench(join(path, 'maelstrom.sh'), [], withNpm).said).toContain('built with tool');
  });
});

describe('a release that is downloaded', () => {
  /** Runs a fresh checkout where curl gives `release`, whose launcher is `launched`, and says that it has `length` bytes. */
  function downloading(name: string, launched: string, length?: (bytes: number) => number | undefined) {
    const path = project(`download ${name}`);
    const folder = join(path, 'fake');
    mkdirSync(join(folder, 'maelstrom'), { recursive: true });
    const write = (file: string, lines: string): void => {
      writeFileSync(join(folder, file), `#!/bin/sh\n${lines}\n`);
      chmodSync(join(folder, file), 0o755);
    };
    write('maelstrom/maelstrom', launched);
    const archive = join(folder, 'release.tar.bz2');
    spawnSync('tar', ['-cjf', archive, '-C', folder, 'maelstrom']);
    const { size } = statSync(archive);
    const said = length === undefined ? size : length(size);
    const header = said === undefined ? '' : `\\r\\nContent-Length: ${said}`;
    write('java', ':');
    write(
      'curl',
      `case "$*" in
        *-fsSIL*) printf 'HTTP/1.1 302\\r\\ncontent-length: 7\\r\\n\\r\\nHTTP/2 200${header}\\r\\n\\r\\n' ;;
        *) while [ "$1" != -o ]; do shift; done; cp '${archive}' "$2" ;;
      esac`,
    );
    const run = () =>
      spawnSync(join(path, 'maelstrom.sh'), ['x'], {
        encoding: 'utf8',
        env: { PATH: `${folder}:/usr/bin:/bin:${join(process.execPath, '..')}`, ENGINE: '' },
      });
    return { run, first: run(), isThere: existsSync(join(path, '.maelstrom/maelstrom/maelstrom')) };
  }

  const WORKS = '[ "$*" = "test --help" ] || { echo "ran $*"; exit 7; }';

  test('is started once, and then used', () => {
    const { run, first, isThere } = downloading('good', WORKS);
    expect([first.status, first.stdout, isThere]).toEqual([
      7,
      'engine: Maelstrom (release v0.2.4 is being downloaded)\nran x\n',
      true,
    ]);
    expect(run().stdout).toBe('engine: Maelstrom (it has been downloaded before)\nran x\n');
  });

  test('may come from a server that does not say its length', () => {
    expect(downloading('unsaid', WORKS, () => undefined).first.stdout).toContain('ran x\n');
  });

  test.each([
    ['too short', WORKS, (bytes: number) => bytes + 1, 'does not have its \\d+ bytes'],
    ['too long', WORKS, (bytes: number) => bytes - 1, 'does not have its \\d+ bytes'],
    ['broken', 'echo no main manifest >&2; exit 1', undefined, 'does not start: no main manifest'],
  ])('and is %s is not used, and today not tried again', (name, launched, length, why) => {
    const { run, first, isThere } = downloading(name, launched, length);
    expect([first.status, isThere]).toEqual([1, false]);
    expect(first.stderr).toMatch(
      new RegExp(`^maelstrom.sh: the download ${why}; ENGINE=workbench does without it\n$`),
    );
    expect(run().stdout).toMatch(/^engine: the built-in workbench \(Maelstrom could not be downloaded today/);
  });
});

test('where nothing can be written, a failed download is not noted, and nothing is said of that', () => {
  const path = project('closed');
  writeFileSync(join(path, '.maelstrom'), '');
  const folder = join(path, 'fake');
  mkdirSync(folder);
  for (const [name, line] of Object.entries({ java: ':', curl: 'exit 6' })) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${line}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  const PATH = `${folder}:${process.env['PATH'] ?? ''}`;
  const { said, stderr } = onWorkbench(join(path, 'maelstrom.sh'), [], { ENGINE: '', PATH });
  expect([said, stderr]).toEqual([CHALLENGE, '']);
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
