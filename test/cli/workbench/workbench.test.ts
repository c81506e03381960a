/** The workbench as a user starts it: real processes, short runs. */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { type Finished, WorkbenchDirectory, readJsonLines } from '../../support/workbench-process.ts';

const workbenches = new WorkbenchDirectory();
const directory = workbenches.path;
afterAll(() => workbenches.remove());

const workbench = (args: readonly string[]): Promise<Finished> => workbenches.run(args);

/** A program that is not a proper node. */
const program = (name: string, script: string): string => workbenches.program(name, script);

const short = ['test', '-w', 'g-counter', '--node-count', '3', '--rate', '100', '--recovery-time', '0'];
const node = resolve('bin/g-counter');
const mutant = resolve('test/mutants/mutant');

describe('test', () => {
  test('a valid run exits with 0, shows its figures, and records its results', async () => {
    const nemesis = ['--nemesis', 'partition', '--nemesis-interval', '0.5'];
    const args = [...short, '--bin', node, '--time-limit', '2', '--seed', '5', ...nemesis];
    const { status, stdout } = await workbench(args);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^.*: n0 n1 n2, 3 clients, 100 operations\/s for 2 s,\n {2}partition every 0\.5 s, seed 5$/m,
    );
    expect(stdout).toMatch(/^add +\d+ +\d+ +0 +0 +100\.0( +\d+\.\d){4}$/m);
    expect(stdout).toMatch(/^messages +\d+, \d\.\d\d per operation; between servers \d+, \d\.\d\d$/m);
    expect(stdout).toMatch(/^acceptable +\[(\d+) \1\]$/m);
    expect(stdout).toMatch(/^final +n0 (\d+), n1 \1, n2 \1$/m);
    expect(stdout).toMatch(/^every read +VALID: \d+ reads, each with all adds acknowledged before it$/m);
    expect(stdout).toMatch(/^Maelstrom's check +VALID: 3 final reads, each an acceptable sum$/m);

    const run = join(directory, 'store', 'latest');
    expect(readlinkSync(run)).toMatch(/^g-counter\/\d{8}T\d{6}\.\d{3}Z$/);
    expect(readdirSync(run).toSorted()).toEqual([
      'history.jsonl',
      'latency-quantiles.svg',
      'latency-raw.svg',
      'messages.jsonl',
      'messages.svg',
      'node-logs',
      'rate.svg',
      'report.html',
      'results.json',
      'timeline.svg',
      'value.svg',
    ]);
    expect(readdirSync(join(run, 'node-logs'))).toEqual(['n0.log', 'n1.log', 'n2.log']);
    const results: unknown = parseJson(readFileSync(join(run, 'results.json'), 'utf8'));
    expect(results).toMatchObject({
      valid: true,
      check: 'maelstrom',
      program: [node],
      verdicts: { maelstrom: { valid: true, remarks: [] }, strict: { valid: true, problems: [] } },
      options: { seed: 5, faults: ['partition'] },
    });
    const events = readJsonLines(join(run, 'history.jsonl'));
    expect(events.map((event) => event['index'])).toEqual(events.map((_, index) => index));
    expect(events.filter((event) => event['final'] === true && event['type'] === 'ok')).toHaveLength(6);
    const messages = readJsonLines(join(run, 'messages.jsonl'));
    expect(messages.filter((message) => message['dest'] === 'seq-kv').length).toBeGreaterThan(100);
  });

  test('a planted bug exits with 1 and is explained', async () => {
    const { status, stdout } = await workbench([
      ...short,
      '--check',
      'strict',
      '--bin',
      mutant,
      '--time-limit',
      '3',
      '--',
      'no-barrier',
    ]);
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /^- the read of \d+ from n\d .* misses \d+ of the \d+ acknowledged before it began$/m,
    );
    expect(stdout).toMatch(/^every read +INVALID: \d+ problems$/m);
  });

  test('arguments after -- reach the node', async () => {
    const args = [...short, '--bin', node, '--time-limit', '1', '--', '--store', 'lin-kv'];
    expect((await workbench(args)).status).toBe(0);
    const services = readJsonLines(join(directory, 'store', 'latest', 'messages.jsonl'))
      .map((message) => message['dest'])
      .filter((dest) => String(dest).endsWith('-kv'));
    expect(new Set(services)).toEqual(new Set(['lin-kv']));
  });

  test('--log-net-send, --log-net-recv and --log-stderr show what they say', async () => {
    const args = ['--log-net-send', '--log-net-recv', '--log-stderr', '--', '--verbose', '--store', 'memory'];
    const noisy = program('noisy', `echo "noise" >&2\nexec ${node} "$@"`);
    const { stderr } = await workbench([...short, '--bin', noisy, '--time-limit', '1', ...args]);
    expect(stderr).toMatch(/^send {"id":0,"src":"c0","dest":"n0","body":{"type":"init",/m);
    expect(stderr).toMatch(/^recv {"id":\d+,"src":"n0","dest":"c0","body":{"type":"init_ok",/m);
    expect(stderr).toMatch(/^n1: noise$/m);
    expect(readFileSync(join(directory, 'store', 'latest', 'node-logs', 'n1.log'), 'utf8')).toBe('noise\n');
  });

  test('--availability total is not met when an operation fails', async () => {
    const args = [...short, '--bin', node, '--time-limit', '1', '--availability', 'total'];
    expect((await workbench(args)).status).toBe(0);
    const impatient = ['--latency', '20', '--', '--deadline-ms', '30'];
    const { status, stdout } = await workbench([...args, ...impatient]);
    expect(status).toBe(1);
    expect(stdout).toContain('of all operations succeeded, 100.00 % were demanded');
  });

  test('a run directory that cannot be written gives one line', async () => {
    const { stderr, status } = spawnSync(
      'sh',
      [
        '-c',
        `mkdir -p x && cd x && : > store && ${resolve('bin/g-counter-workbench')} ${short.join(' ')} --bin ${node}`,
      ],
      {
        cwd: directory,
        encoding: 'utf8',
      },
    );
    expect(status).toBe(255);
    expect(stderr).toMatch(/^g-counter-workbench: .*store.*\n$/);
  });

  test.each([
    [[], 2, 'which command? test, simulate, compare, serve or replay; see --help'],
    [['frobnicate'], 2, "unknown command 'frobnicate'; see --help"],
    [['tets'], 2, "unknown command 'tets' (did you mean test?); see --help"],
    [['test'], 254, '-w is missing: g-counter or pn-counter; see --help'],
    [
      [...short, '--bin', node, '--time-limit', '0'],
      254,
      "--time-limit takes a whole number from 1 to 1000000, not '0'; see --help",
    ],
    [[...short, '--bin', 'nope'], 255, 'nope is not found: looked in the current directory and on the PATH'],
    [['compare', node, 'nope'], 2, 'nope is not found: looked in the current directory and on the PATH'],
    [
      ['compare', node, node, '--latency', '1.5'],
      2,
      "--latency takes a whole number from 0 to 1000000, not '1.5'; see --help",
    ],
    [['replay', 'x.jsonl', '--bin', './nope'], 2, './nope is not found'],
  ])('%j fails with one line and status %i', async (args, status, complaint) => {
    expect(await workbench(args)).toEqual({
      status,
      stdout: '',
      stderr: `g-counter-workbench: ${complaint}\n`,
    });
  });

  test('flags without meaning here are named in one line, and the run goes its way', async () => {
    const flags = ['--topology', 'line', '--username', 'x', '--time-limit', '1'];
    const { status, stderr } = await workbench([...short, '--bin', node, ...flags]);
    expect(stderr).toMatch(/^g-counter-workbench: no meaning here: --topology, --username$/m);
    expect(status).toBe(0);
  });

  test('nodes have the names that are given to them', async () => {
    const args = [...short, '--bin', node, '--time-limit', '1', '--nodes', 'a,b'];
    const withoutCount = args.filter(
      (arg, index) => arg !== '--node-count' && args[index - 1] !== '--node-count',
    );
    const { status, stdout } = await workbench(withoutCount);
    expect(stdout).toMatch(/^final +a (\d+), b \1$/m);
    expect(status).toBe(0);
    expect(readdirSync(join(directory, 'store', 'latest', 'node-logs'))).toEqual(['a.log', 'b.log']);
  });

  test('--test-count runs a test until a run is not valid', async () => {
    const args = ['-w', 'g-counter', '--node-count', '1', '--time-limit', '1', '--recovery-time', '0'];
    const good = await workbench(['test', ...args, '--bin', node, '--test-count', '2', '--seed', '3']);
    expect(good.stdout).toMatch(/^run 1 of 2$[^]*seed 3$[^]*^run 2 of 2$[^]*seed 4$/m);
    expect(good.status).toBe(0);
    const bad = program('bad', 'exit 3');
    const { stdout, status } = await workbench(['test', ...args, '--bin', bad, '--test-count', '2']);
    expect(stdout).toContain('run 1 of 2');
    expect(stdout).not.toContain('run 2 of 2');
    expect(status).toBe(255);
  });

  test('without clients at work, nothing is asked, and the verdicts say so', async () => {
    const args = [...short, '--bin', node, '--time-limit', '1', '--concurrency', '0'];
    const { status, stdout } = await workbench(args);
    expect(stdout).toMatch(/, 0 clients, /);
    expect(stdout).toMatch(/^every read +VALID, though no read was answered$/m);
    expect(status).toBe(0);
  });
});

describe('compare', () => {
  test('two programs are shown side by side, and the worse one decides the exit status', async () => {
    const flags = [
      '-w',
      'g-counter',
      '--node-count',
      '3',
      '--rate',
      '100',
      '--time-limit',
      '2',
      '--recovery-time',
      '0',
    ];
    const args = ['compare', node, `${mutant} no-barrier`, ...flags, '--check', 'strict'];
    const { status, stdout } = await workbench(args);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^every read +VALID +INVALID \(\d+ problems\)$/m);
    expect(stdout).toMatch(/^Maelstrom's check +VALID +\w+/m);
    expect(stdout).toMatch(/^ {2}between servers +\d\.\d\d +\d\.\d\d$/m);
    expect(stdout).toMatch(/^read, ms \(p50 \/ p95 \/ p99\)( +[\d.]+ \/ [\d.]+ \/ [\d.]+){2}$/m);
  });

  test('one program is not enough', async () => {
    expect(await workbench(['compare', node])).toMatchObject({
      status: 2,
      stderr: 'g-counter-workbench: compare takes two programs, not 1; see --help\n',
    });
  });
});
