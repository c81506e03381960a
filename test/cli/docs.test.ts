/**
 * The documents are true, as far as programs can tell: flags and variables are those of the help texts, metrics those of
 * a server, and the transcripts run and print what they say.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { etcdFigures } from '../../src/cli/server/etcd-figures.ts';
import { Metrics } from '../../src/server/http/metrics.ts';
import { allText, documents, filesBelow, sorted, textOf } from '../support/documents.ts';
import { blocksOf, rowsOf, spansOf } from '../support/markdown.ts';
import { startServer, stopServers } from '../support/server-process.ts';
import { normalized, outputPattern, transcriptFrom } from '../support/transcript.ts';

afterAll(stopServers);

const read = (path: string): string => readFileSync(path, 'utf8');

/** The commands of runnable and other blocks, without what they print. */
const commandsIn = (text: string): string[] =>
  blocksOf(text).flatMap(({ info, lines }) =>
    info.startsWith('console') ? lines.filter((line) => line.startsWith('$ ')) : info === 'sh' ? lines : [],
  );

const run = (command: string, args: readonly string[], cwd = '.'): Promise<string> =>
  new Promise((done) => {
    execFile(command, args, { cwd: resolve(cwd), encoding: 'utf8' }, (_, stdout) => done(stdout));
  });

const helpOf = async (program: string, commands: readonly string[] = []): Promise<string> => {
  const texts = [[], ...commands.map((command) => [command])].map((words) =>
    run(process.execPath, [`dist/${program}.cjs`, ...words, '--help']),
  );
  return (await Promise.all(texts)).join('\n');
};

const flagsIn = (text: string): string[] =>
  sorted([...text.matchAll(/(?<![\w-])--[a-z][a-z0-9-]*/g)].map(String));

const SERVER_PAGES = ['docs/operations.md', 'docs/cluster.md', 'docs/etcd.md'];

/** Each program, and the documents that have its flags in their tables. */
const programs = {
  'g-counter': { help: helpOf('g-counter'), pages: ['docs/node.md'] },
  'g-counter-workbench': {
    help: helpOf('g-counter-workbench', ['test', 'simulate', 'compare', 'replay', 'serve']),
    pages: ['docs/workbench.md'],
  },
  'g-counter-server': { help: helpOf('g-counter-server'), pages: SERVER_PAGES },
  'g-counter-etcd': { help: helpOf('g-counter-etcd'), pages: ['docs/cluster.md', 'docs/etcd.md'] },
  'g-counter-cluster': { help: helpOf('g-counter-cluster'), pages: ['docs/cluster.md'] },
};

test.each(Object.entries(programs))('each flag of %s is on its page', async (_, { help, pages }) => {
  const flags = flagsIn(await help);
  const written = new Set(pages.flatMap((page) => flagsIn(textOf(page))));
  expect(flags.length).toBeGreaterThan(2);
  expect(flags.filter((flag) => !written.has(flag))).toEqual([]);
});

test.each(sorted(Object.values(programs).flatMap(({ pages }) => pages)))(
  'each flag in a table of %s is one of its program',
  async (page) => {
    const owners = Object.values(programs).filter(({ pages }) => pages.includes(page));
    const flags = flagsIn((await Promise.all(owners.map(({ help }) => help))).join('\n'));
    const tabled = flagsIn(
      rowsOf(textOf(page))
        .map(({ first }) => first)
        .join('\n'),
    );
    expect(tabled.length).toBeGreaterThan(2);
    expect(tabled.filter((flag) => !flags.includes(flag))).toEqual([]);
  },
);

/** Flags of other programs: curl, Docker, etcd, npm, Node.js, systemd and Vitest. */
const foreignFlags = [
  '--advertise-client-urls',
  '--auto-compaction-mode',
  '--auto-compaction-retention',
  '--build',
  '--build-arg',
  '--cacert',
  '--cap-drop',
  '--config',
  '--detach',
  '--enable-source-maps',
  '--env',
  '--file',
  '--initial-advertise-peer-urls',
  '--initial-cluster',
  '--input-type',
  '--inspect-brk',
  '--listen-client-urls',
  '--listen-peer-urls',
  '--name',
  '--no-file-parallelism',
  '--now',
  '--project-name',
  '--publish',
  '--quota-backend-bytes',
  '--read-only',
  '--security-opt',
  '--tag',
  '--volume',
  '--write-out',
];

test('each flag in the documents is in the help of a program', async () => {
  const helps = await Promise.all(Object.values(programs).map(({ help }) => help));
  const known = new Set(flagsIn(helps.join('\n')));
  expect(flagsIn(allText).filter((flag) => !known.has(flag))).toEqual(foreignFlags);
});

/** Flags that cannot be given in the environment. */
const notInEnvironment = new Set(['--host', '--from', '--version', '--help']);

const variableOf = (flag: string): string => flag.slice(2).toUpperCase().replaceAll('-', '_');

test('the tables of the server give each flag its variable', async () => {
  const help = await programs['g-counter-server'].help;
  const expected = flagsIn(help.split('Try it')[0] ?? '')
    .filter((flag) => !notInEnvironment.has(flag))
    .map((flag) => `${flag} ${variableOf(flag)}`);
  const withoutFlag = [...help.matchAll(/\b(?:TOKEN|CLUSTER_KEY|ETCD_USER)\b(?=[,.])/g)].map(
    (match) => ` ${String(match)}`,
  );
  const rows = SERVER_PAGES.flatMap((page) => rowsOf(textOf(page))).filter(
    ({ cells }) => (cells.get('environment') ?? '') !== '',
  );
  const written = rows.map(
    ({ first, cells }) => `${flagsIn(first).join()} ${(cells.get('environment') ?? '').slice(1, -1)}`,
  );
  expect(sorted(written)).toEqual(sorted([...expected, ...withoutFlag]));
});

test('each variable in the documents is read by a program, and each that is read is documented', async () => {
  const help = await programs['g-counter-server'].help;
  const ofServer = [
    ...flagsIn(help)
      .filter((flag) => !notInEnvironment.has(flag))
      .map(variableOf),
    'TOKEN',
    'CLUSTER_KEY',
    'ETCD_USER',
  ];
  const header = /^(?:#.*\n)+/.exec(read('maelstrom.sh'))?.[0] ?? '';
  const ofScript = [...header.matchAll(/\$([A-Z_]+)|\b([A-Z_]+)=/g)].map(
    ([, used, set]) => used ?? set ?? '',
  );
  const ofMake = [
    ...(await run('node', ['dist/g-counter-make.cjs', 'help'])).matchAll(
      /^ {2}([A-Z_]+)$|^ {2}([A-Z_]+) {2}/gm,
    ),
  ].map(([, long, short]) => long ?? short ?? '');
  const ofTests = filesBelow('test')
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => [...read(path).matchAll(/process\.env\['(\w+)'\]/g)].map(([, name = '']) => name))
    .filter((name) => !['ETCD', 'PATH', 'SUITE'].includes(name));
  const ofCompose = filesBelow('deploy')
    .filter((path) => basename(path).startsWith('compose.'))
    .flatMap((path) => [...read(path).matchAll(/\$\{([A-Z_]+):-/g)].map(([, name = '']) => name));
  const known = sorted([...ofServer, ...ofScript, ...ofMake, ...ofTests, ...ofCompose]);
  const code = [...spansOf(allText), ...commandsIn(allText)].join('\n');
  const written = [
    ...[...code.matchAll(/\$([A-Z][A-Z_]+)|\b([A-Z][A-Z_]+)=/g)].map(([, used, set]) => used ?? set ?? ''),
    ...spansOf(allText).filter((span) => /^[A-Z]+(?:_[A-Z]+)+$/.test(span)),
    ...spansOf(allText).filter((span) => known.includes(span)),
  ];
  // Those of etcdctl are etcd's.
  expect(sorted(written).filter((name) => !name.startsWith('ETCDCTL_'))).toEqual(known);
});

test('the metrics in the documents are those that the server has', async () => {
  const server = await startServer();
  const { body } = await server.get('/metrics?counters=');
  const onEtcd = new Metrics(() =>
    etcdFigures({ slot: undefined, leaseLeftMs: 0, claimsLost: 0, answersRecovered: 0, waiting: 0 }),
  ).text([]);
  const families = sorted(
    [...`${body}\n${onEtcd}`.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => `${name} ${type}`),
  );
  const rows = ['docs/operations.md', 'docs/etcd.md']
    .flatMap((page) => rowsOf(textOf(page)))
    .filter(
      ({ first, cells }) =>
        /^`(?:g_counter|process)_/.test(first) &&
        (process.platform === 'linux' || !cells.get('meaning')?.includes('on Linux')),
    );
  expect(families.length).toBeGreaterThan(5);
  expect(rows.map(({ first, cells }) => `${first.slice(1, -1)} ${cells.get('type')}`).toSorted()).toEqual(
    families,
  );
  const mentioned = [...allText.matchAll(/\bg_counter_\w+/g)].map(String);
  expect(mentioned.filter((name) => !families.some((family) => family.startsWith(`${name} `)))).toEqual([]);
});

const transcripts = [...documents].flatMap(([path, text]) =>
  blocksOf(text).flatMap((block) => {
    const transcript = transcriptFrom(block);
    return transcript === undefined ? [] : [{ name: `${path}, line ${block.line}`, transcript }];
  }),
);

describe('transcripts', () => {
  /** What runs leave behind stays out of the project's folder. */
  const directory = mkdtempSync(join(tmpdir(), 'g-counter-docs-'));
  for (const name of ['bin', 'dist', 'package.json', 'test'])
    symlinkSync(resolve(name), join(directory, name));
  afterAll(() => rmSync(directory, { recursive: true }));

  test('there are some', () => expect(transcripts.length).toBeGreaterThan(5));

  test.concurrent.each(transcripts)('$name runs and prints what it says', async ({ transcript }) => {
    const port = transcript.needsServer ? (await startServer()).port : 8080;
    for (const { command, output } of transcript.steps) {
      const printed = await run(
        'sh',
        ['-c', command.replaceAll('localhost:8080', `127.0.0.1:${port}`)],
        directory,
      );
      expect(`$ ${command}\n${normalized(printed)}`).toMatch(
        outputPattern(`$ ${command}\n${output}`, transcript.hasAnyNumbers),
      );
    }
  });
});
