/** What command lines ask `test` to do, and which it refuses: as Maelstrom v0.2.4 reads them. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/cli/arguments.ts';
import { ProgramError } from '../../../src/cli/workbench/program.ts';
import { type TestPlan, testPlan } from '../../../src/cli/workbench/test-command.ts';
import type { RunOptions } from '../../../src/workbench/nodes/options.ts';
import { faultNames } from '../../../src/workbench/sim/nemesis.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'g-counter-options-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const node = process.execPath;

function planOf(...args: string[]): TestPlan {
  const plan = testPlan(['-w', 'g-counter', '--bin', node, ...args]);
  if (plan === undefined) throw new Error('only help is asked for');
  return plan;
}

function optionsOf(...args: string[]): RunOptions {
  const [options] = planOf(...args).runs;
  if (options === undefined) throw new Error('there is no run');
  return options;
}

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

describe('nodes are put together as Jepsen does it', () => {
  const list = (): string => file('nodes', 'f1\n f2 \r\nf3\n\n');

  test.each([
    [[], 'n1 n2 n3 n4 n5'],
    [['--node-count', '3'], 'n0 n1 n2'],
    [['--nodes', 'a,b, d'], 'a b d'],
    [['--nodes', 'a,b,'], 'a b'],
    [['-n', 'a'], 'a'],
    [['-n', 'a', '--node', 'b', '-nd'], 'a b d'],
    [['--nodes', 'a', '-n', 'b'], 'a b'],
    [['-n', 'b', '--nodes', 'a'], 'a b'],
    // Only --nodes gives way to --node-count.
    [['--nodes', 'a,b', '--node-count', '2'], 'n0 n1'],
    [['--node-count', '2', '-n', 'b'], 'n0 n1 b'],
  ])('%j: %s', (args, names) => {
    expect(optionsOf(...args).nodeIds.join(' ')).toBe(names);
  });

  test('names in a file come first, one a line', () => {
    expect(optionsOf('--nodes-file', list()).nodeIds).toEqual(['f1', 'f2', 'f3']);
    const all = ['-n', 'a', '--nodes', 'b', '--nodes-file', list()];
    expect(optionsOf(...all).nodeIds).toEqual(['f1', 'f2', 'f3', 'b', 'a']);
    expect(optionsOf('--nodes-file', list(), '--node-count', '1').nodeIds).toEqual(['f1', 'f2', 'f3', 'n0']);
  });

  test('a byte-order mark is no part of the first name', () => {
    expect(optionsOf('--nodes-file', file('nodes', '\ufeffa\r\nb\r\n')).nodeIds).toEqual(['a', 'b']);
  });

  test.each([
    [['--nodes', ''], "'' cannot be the name of a node"],
    [['--nodes', 'a,,b'], "'' cannot be the name of a node"],
    [['-n', 'a/b'], "'a/b' cannot be the name of a node"],
    [['-n', '..'], "'..' cannot be the name of a node"],
    [['-n', 'c1'], "'c1' is the name of a client, not of a node"],
    [['-n', 'seq-kv'], "'seq-kv' is the name of a service, not of a node"],
    [['--nodes', 'a,b,a'], "'a' is the name of two nodes"],
    [['--node-count', '1', '-n', 'n0'], "'n0' is the name of two nodes"],
    [['--nodes', Array.from({ length: 1001 }, (_, i) => `a${i}`).join(',')], '1001 nodes are more than 1000'],
  ])('%j is refused', (args, complaint) => {
    expect(() => planOf(...args)).toThrow(new UsageError(complaint));
  });

  test('a file that cannot be read is refused', () => {
    expect(() => planOf('--nodes-file', join(directory, 'none'))).toThrow(
      /^--nodes-file .*none cannot be read/,
    );
  });
});

describe('numbers are those that Maelstrom takes', () => {
  test.each([
    [['--concurrency', '4'], { concurrency: 4 }],
    [['--concurrency', '2n', '--node-count', '3'], { concurrency: 6 }],
    [['--node-count', '3'], { concurrency: 3 }],
    [['--nodes', 'a,b'], { concurrency: 2 }],
    [['--concurrency', '0'], { concurrency: 0 }],
    [['--concurrency', '0n'], { concurrency: 0 }],
    [['--rate', '0'], { rate: 0 }],
    [['--rate', '1e3'], { rate: 1000 }],
    [['--rate', '0.5'], { rate: 0.5 }],
    [['--time-limit', '1'], { timeLimitMs: 1000 }],
    [
      ['--latency', '7', '--latency-dist', 'exponential'],
      { latencyMs: 7, latencyDistribution: 'exponential' },
    ],
    // A latency of 0 with this distribution makes Maelstrom fail; there is nothing wrong with it.
    [['--latency', '0', '--latency-dist', 'uniform'], { latencyMs: 0, latencyDistribution: 'uniform' }],
    [['--nemesis', 'partition'], { faults: new Set(['partition']) }],
    [['--nemesis', 'partition , kill'], { faults: new Set(['partition', 'kill']) }],
    [['--nemesis', 'partition,'], { faults: new Set(['partition']) }],
    [['--nemesis-interval', '1/2'], { nemesisIntervalMs: 500 }],
    [['--nemesis-interval', '0.25'], { nemesisIntervalMs: 250 }],
    [['--recovery-time', '0.5'], { recoveryTimeMs: 500 }],
    [['--seed', '7'], { seed: 7 }],
    [['-wpn-counter'], { workload: 'pn-counter' }],
    [['--workload=pn-counter'], { workload: 'pn-counter' }],
    [['--rate', '3', '--rate', '4'], { rate: 4 }],
  ])('%j', (args, options) => {
    expect(optionsOf(...args)).toMatchObject(options);
  });

  test.each([
    [['--availability', '9/10'], 0.9],
    [['--availability', '0.5'], 0.5],
    [['--availability', '1'], 1],
    [['--availability', '0'], 0],
    [['--availability', 'total'], 1],
    [[], undefined],
  ])('%j demands %s', (args, share) => {
    expect(planOf(...args).availability).toBe(share);
  });

  test.each([
    [['--time-limit', '1.5'], "--time-limit takes a whole number from 1 to 1000000, not '1.5'"],
    [['--time-limit', '0'], "--time-limit takes a whole number from 1 to 1000000, not '0'"],
    [['--time-limit', '1e1'], "--time-limit takes a whole number from 1 to 1000000, not '1e1'"],
    [['--latency', '1.5'], "--latency takes a whole number from 0 to 1000000, not '1.5'"],
    [['--latency=-1'], "--latency takes a whole number from 0 to 1000000, not '-1'"],
    [['--node-count', '0'], "--node-count takes a whole number from 1 to 1000, not '0'"],
    [['--node-count', '1.5'], "--node-count takes a whole number from 1 to 1000, not '1.5'"],
    [['--test-count', '0'], "--test-count takes a whole number from 1 to 1000000, not '0'"],
    [['--concurrency', 'n'], "--concurrency takes a number like 6 or 2n, not 'n'"],
    [['--concurrency', '1/2'], "--concurrency takes a number like 6 or 2n, not '1/2'"],
    [['--rate=-1'], "--rate takes a number from 0 to 1000000, not '-1'"],
    [['--rate', '1/2'], "--rate takes a number from 0 to 1000000, not '1/2'"],
    [['--rate', ''], "--rate takes a number from 0 to 1000000, not ''"],
    [
      ['--nemesis-interval', '0'],
      "--nemesis-interval takes a number or a fraction from 0.001 to 1000000, not '0'",
    ],
    [
      ['--nemesis-interval', '1/0'],
      "--nemesis-interval takes a number or a fraction from 0.001 to 1000000, not '1/0'",
    ],
    [['--availability', '2'], "--availability takes a number or a fraction from 0 to 1, not '2'"],
    [['--availability', '3/2'], "--availability takes a number or a fraction from 0 to 1, not '3/2'"],
    [['--nemesis', ''], "--nemesis takes names of faults, not ''"],
    [['--nemesis', ',kill'], "--nemesis takes names of faults, not ',kill'"],
    [['--latency-dist', 'zipf'], "--latency-dist takes constant, uniform, exponential, not 'zipf'"],
    [['--log-stderr=yes'], "Option '--log-stderr' does not take an argument"],
    // Flags are not abbreviated.
    [['--lat', '3'], "Unknown option '--lat'"],
  ])('%j is refused', (args, complaint) => {
    expect(() => planOf(...args)).toThrow(new UsageError(complaint));
  });
});

describe('--nemesis all', () => {
  const all = (...args: string[]): RunOptions => optionsOf('--seed', '1', '--nemesis', 'all', ...args);

  test('has the defaults of a first run', () => {
    expect(all()).toMatchObject({
      adversary: true,
      faults: new Set(faultNames),
      rate: 100,
      concurrency: 50,
      timeLimitMs: 10_000,
      recoveryTimeMs: 3000,
      nemesisIntervalMs: 500,
      storeModel: 'stalest',
    });
    expect(all('--node-count', '3').concurrency).toBe(30);
    expect(all('--time-limit', '6').nemesisIntervalMs).toBe(300);
    expect(all('--time-limit', '600').nemesisIntervalMs).toBe(1000);
  });

  test.each([
    [['--rate', '5'], { rate: 5 }],
    [['--concurrency', '1n'], { concurrency: 5 }],
    [['--time-limit', '60'], { timeLimitMs: 60_000, nemesisIntervalMs: 1000 }],
    [['--recovery-time', '10'], { recoveryTimeMs: 10_000 }],
    [['--nemesis-interval', '10'], { nemesisIntervalMs: 10_000 }],
    [['--latency', '7'], { latencyMs: 7 }],
    [['--store-model', 'random'], { storeModel: 'random' }],
  ])('%j wins over them', (args, options) => {
    expect(all(...args)).toEqual({ ...all(), ...options });
  });

  test('is more than all faults by name, which begin and end on their own', () => {
    const named = optionsOf('--seed', '1', '--nemesis', faultNames.join(','));
    expect(named).toEqual({ ...optionsOf('--seed', '1'), faults: new Set(faultNames) });
    expect(named.adversary).toBe(false);
  });
});

describe('a near miss is told what was meant', () => {
  test.each([
    [['--nemisis', 'partition'], "Unknown option '--nemisis' (did you mean --nemesis?)"],
    [['--time-limt=3'], "Unknown option '--time-limt' (did you mean --time-limit?)"],
    [
      ['--nemesis', 'partitions'],
      "--nemesis takes all, partition, isolate-store, loss, duplicate, delay, kill, pause, not 'partitions' (did you mean partition?)",
    ],
    [['-w', 'gcounter'], "--workload takes g-counter, pn-counter, not 'gcounter' (did you mean g-counter?)"],
    [['-w', 'echo'], "the workload echo is Maelstrom's; the workbench has g-counter, pn-counter"],
    [['-w', 'lin-kv'], "the workload lin-kv is Maelstrom's; the workbench has g-counter, pn-counter"],
    [['-w', 'flood'], "--workload takes g-counter, pn-counter, not 'flood'"],
  ])('%j', (args, complaint) => {
    expect(() => planOf(...args)).toThrow(new UsageError(complaint));
  });
});

describe('flags of Maelstrom that have no meaning here', () => {
  test.each([
    ['--topology', 'tree4'],
    ['--max-txn-length', '5'],
    ['--key-count', '3'],
    ['--consistency-models', 'strict-serializable'],
    ['--max-writes-per-key', '16'],
    ['--leave-db-running'],
    ['--no-ssh'],
    ['--logging-json'],
    ['--username', 'admin'],
    ['--password', 'secret'],
    ['--strict-host-key-checking'],
    ['--ssh-private-key', 'id_rsa'],
  ])('%s is accepted and named', (...args) => {
    const { meaningless, runs } = planOf('--seed', '1', ...args);
    expect(meaningless).toEqual([args[0]]);
    expect(runs).toEqual(planOf('--seed', '1').runs);
  });

  test('they are named in the order in which they are given, and only they', () => {
    expect(planOf('--username', 'x', '--rate', '3', '--no-ssh').meaningless).toEqual([
      '--username',
      '--no-ssh',
    ]);
    expect(planOf('--rate', '3').meaningless).toEqual([]);
  });

  test.each([
    ['--topology', 'torus', "--topology takes grid, line, total, tree, tree2, tree3, tree4, not 'torus'"],
    ['--max-txn-length', '0', "--max-txn-length takes a whole number from 1 to 9007199254740991, not '0'"],
    ['--key-count', 'x', "--key-count takes a whole number from 1 to 9007199254740991, not 'x'"],
    [
      '--max-writes-per-key',
      '1.5',
      "--max-writes-per-key takes a whole number from 1 to 9007199254740991, not '1.5'",
    ],
  ])('%s %s is refused, as there', (flag, value, complaint) => {
    expect(() => planOf(flag, value)).toThrow(new UsageError(complaint));
  });
});

test('arguments without a flag are for the node, before -- and after it', () => {
  expect(planOf('node.js', '--rate', '3', 'x', '--', '--rate', 'y').nodeArguments).toEqual([
    'node.js',
    'x',
    '--rate',
    'y',
  ]);
  expect(planOf().nodeArguments).toEqual([]);
});

test('--log-stderr, --log-net-send and --log-net-recv ask for what they say', () => {
  expect(planOf()).toMatchObject({ logStderr: false, logSend: false, logReceive: false });
  expect(planOf('--log-stderr')).toMatchObject({ logStderr: true, logSend: false, logReceive: false });
  expect(planOf('--log-net-send')).toMatchObject({ logStderr: false, logSend: true, logReceive: false });
  expect(planOf('--log-net-recv')).toMatchObject({ logStderr: false, logSend: false, logReceive: true });
});

test('Maelstrom decides, unless every read is to, and its network is the default', () => {
  expect(planOf().check).toBe('maelstrom');
  expect(planOf('--check', 'strict').check).toBe('strict');
  expect(optionsOf().network).toBe('maelstrom');
  expect(optionsOf('--network', 'ideal').network).toBe('ideal');
  expect(() => planOf('--check', 'strickt')).toThrow(
    new UsageError("--check takes maelstrom, strict, not 'strickt' (did you mean strict?)"),
  );
  expect(() => planOf('--network', 'real')).toThrow(
    new UsageError("--network takes maelstrom, ideal, not 'real'"),
  );
});

test('--test-count makes that many runs, each with the next seed', () => {
  const seeds = (...args: string[]): number[] => planOf(...args).runs.map(({ seed }) => seed);
  expect(seeds('--test-count', '3', '--seed', '7')).toEqual([7, 8, 9]);
  expect(seeds('--seed', '7')).toEqual([7]);
  expect(() => planOf('--test-count', '2', '--seed', String(Number.MAX_SAFE_INTEGER))).toThrow(
    /leaves no room/,
  );
});

test.each(['-h', '--help'])('%s asks for help, whatever else is missing', (flag) => {
  expect(testPlan([flag])).toBeUndefined();
});

describe('the program', () => {
  const plan = (bin: string) => testPlan(['-w', 'g-counter', '--bin', bin]);

  test('a name without a slash is looked for on the PATH', () => {
    expect(plan('sh')?.bin).toMatch(/^\/.*\/sh$/);
  });

  test('a path is taken as it is', () => {
    expect(plan('bin/g-counter')?.bin).toBe('bin/g-counter');
    // package.json is in the current directory: it is this file that is meant, and no other on the PATH.
    expect(() => plan('package.json')).toThrow(
      new ProgramError('package.json is not executable: chmod +x package.json'),
    );
  });

  test('not found, not executable and a directory are told apart', () => {
    const script = file('script', '#!/bin/sh\n');
    expect(() => plan(script)).toThrow(new ProgramError(`${script} is not executable: chmod +x ${script}`));
    chmodSync(script, 0o755);
    expect(plan(script)?.bin).toBe(script);
    expect(() => plan('nope')).toThrow(
      new ProgramError('nope is not found: looked in the current directory and on the PATH'),
    );
    expect(() => plan('./nope')).toThrow(new ProgramError('./nope is not found'));
    const folder = join(directory, 'folder');
    mkdirSync(folder);
    expect(() => plan(folder)).toThrow(new ProgramError(`${folder} is a directory, not a program`));
    expect(() => plan('src')).toThrow(new ProgramError('src is a directory, not a program'));
    expect(() => plan('')).toThrow(ProgramError);
  });
});

test.each([
  [['--bin', node], '-w is missing: g-counter or pn-counter'],
  [['-w', 'g-counter'], '--bin is missing: the program to test'],
])('%j is not enough', (args, complaint) => {
  expect(() => testPlan(args)).toThrow(new UsageError(complaint));
});
