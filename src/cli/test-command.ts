import { stderrLog, systemClock, systemRandom, timestamp } from '../runtime/system.ts';
import { latencyDistributions } from '../workbench/latency.ts';
import { type FaultName, faultNames } from '../workbench/nemesis.ts';
import { storeModels } from '../workbench/kv-service.ts';
import { processHosts } from '../workbench/process-host.ts';
import { showProgress } from '../workbench/progress.ts';
import { type Results, cutShort, formatResults, summarise } from '../workbench/results.ts';
import { Interrupted, NodeFailure, Run, type RunOptions } from '../workbench/run.ts';
import { StoreDirectory } from '../workbench/store-directory.ts';
import {
  UsageError,
  choiceFrom,
  numberFrom,
  parseOptions,
  programFrom,
  splitNodeArguments,
} from './arguments.ts';

export const testHelp = `Usage: g-counter-workbench test -w g-counter --bin FILE [options] [-- arguments for FILE]

  -w, --workload NAME      what clients ask: g-counter
  --bin FILE               the program to run as a node, once per node
  --node-count N           that many nodes, named from n0 (default: five nodes, n1 to n5)
  --concurrency N          clients at work at once; 10n means ten per node (default 1n)
  --rate HZ                operations per second, of all clients together (default 5)
  --time-limit SECONDS     how long clients work (default 60)
  --recovery-time SECONDS  how long the cluster is left alone between healing and the final reads (default 10)
  --latency MS             mean latency between nodes and services, one way (default 0)
  --latency-dist NAME      constant, uniform or exponential (default constant)
  --nemesis FAULTS         what breaks, comma-separated (default: nothing):
                             partition       nodes lose each other
                             isolate-store   nodes lose the store, or only its answers
                             loss, duplicate, delay
                                             messages are lost, come twice, come late
                             kill, pause     nodes are killed and started again, stop and go on
                             all             all of these
  --nemesis-interval S     mean time between changes of a fault (default 10)
  --store-model NAME       which past state seq-kv answers from: random, as Maelstrom does (default), stalest or latest
  --availability SHARE     fail unless this share of operations succeeds: a fraction, or total
  --seed N                 what all random choices derive from (default: a new one, shown at the start)
  --log-stderr             show what nodes write to stderr
  --log-net-send           show every message when it is sent
  --log-net-recv           show every message when it arrives

Results go to store/g-counter/<time>/, and store/latest leads to the newest. Exit status: 0 valid, 1 invalid,
2 unknown or a bad command line, 255 the workbench failed.`;

const specs = {
  workload: { type: 'string', short: 'w' },
  bin: { type: 'string' },
  'node-count': { type: 'string' },
  concurrency: { type: 'string', default: '1n' },
  rate: { type: 'string', default: '5' },
  'time-limit': { type: 'string', default: '60' },
  'recovery-time': { type: 'string', default: '10' },
  latency: { type: 'string', default: '0' },
  'latency-dist': { type: 'string', default: 'constant' },
  nemesis: { type: 'string', default: '' },
  'nemesis-interval': { type: 'string', default: '10' },
  'store-model': { type: 'string', default: 'random' },
  availability: { type: 'string' },
  seed: { type: 'string' },
  'log-stderr': { type: 'boolean', default: false },
  'log-net-send': { type: 'boolean', default: false },
  'log-net-recv': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const EXIT_STATUS = { true: 0, false: 1, unknown: 2 } as const;

/** Runs one test and resolves with the exit status. */
export async function testCommand(args: string[]): Promise<number> {
  const { own, forNode } = splitNodeArguments(args);
  const { values } = parseOptions(own, specs, false);
  if (values.help) {
    console.log(testHelp);
    return 0;
  }
  const workload = choiceFrom('workload', values.workload ?? '', ['g-counter']);
  if (values.bin === undefined) throw new UsageError('--bin is missing: which program is to be tested?');
  const bin = programFrom(values.bin);
  const availability = values.availability === undefined ? undefined : availabilityFrom(values.availability);
  const options = runOptionsFrom(values);
  console.log(describeRun(bin, options));

  const directory = new StoreDirectory('store', workload, timestamp());
  const run = new Run(options, {
    clock: systemClock,
    startHost: processHosts({
      bin,
      args: forNode,
      logDirectory: directory.logs,
      onStderr: values['log-stderr'] ? (nodeId, line) => stderrLog(`${nodeId}: ${line}`) : undefined,
    }),
    onSend: (message) => {
      if (values['log-net-send']) stderrLog(`send ${JSON.stringify(message)}`);
    },
    onDelivery: (delivery) => {
      directory.recordDelivery(delivery);
      if (!values['log-net-recv']) return;
      stderrLog(`${delivery.receivedMs === undefined ? 'lost' : 'recv'} ${JSON.stringify(delivery.message)}`);
    },
  });
  const stopped = await conduct(run);
  const judged = summarise(options, run.operations, run.messageCounts, availability);
  const results = stopped === undefined ? judged : stopped(judged);
  await directory.finish(run.operations, results);
  console.log(`${formatResults(results)}\nresults in ${directory.path}`);
  return EXIT_STATUS[`${results.valid}`];
}

/** Lets the run happen. Answers how its results are to be amended if it was cut short. */
async function conduct(run: Run): Promise<((results: Results) => Results) | undefined> {
  const interrupt = (): void => run.interrupt();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const endProgress = showProgress(process.stderr, systemClock, () => run.status());
  try {
    await run.execute();
    return undefined;
  } catch (error) {
    if (error instanceof NodeFailure) return (results) => cutShort(results, error.message, false);
    if (error instanceof Interrupted) return (results) => cutShort(results, error.message, 'unknown');
    throw error;
  } finally {
    endProgress();
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

type Values = ReturnType<typeof parseOptions<typeof specs>>['values'];

function runOptionsFrom(values: Values): RunOptions {
  const nodeCount = values['node-count'];
  const nodeIds =
    nodeCount === undefined
      ? ['n1', 'n2', 'n3', 'n4', 'n5']
      : Array.from(
          { length: numberFrom('node-count', nodeCount, { min: 1, integer: true }) },
          (_, i) => `n${i}`,
        );
  const secondsFrom = (flag: 'time-limit' | 'recovery-time' | 'nemesis-interval'): number =>
    1000 * numberFrom(flag, values[flag], { min: 0 });
  return {
    seed:
      values.seed === undefined
        ? Math.floor(systemRandom.next() * 2 ** 32)
        : numberFrom('seed', values.seed, { min: 0, integer: true }),
    nodeIds,
    concurrency: concurrencyFrom(values.concurrency, nodeIds.length),
    rate: numberFrom('rate', values.rate, { min: 0 }),
    timeLimitMs: secondsFrom('time-limit'),
    recoveryTimeMs: secondsFrom('recovery-time'),
    latencyMs: numberFrom('latency', values.latency, { min: 0 }),
    latencyDistribution: choiceFrom('latency-dist', values['latency-dist'], latencyDistributions),
    faults: faultsFrom(values.nemesis),
    nemesisIntervalMs: secondsFrom('nemesis-interval'),
    storeModel: choiceFrom('store-model', values['store-model'], storeModels),
  };
}

/** `3` is three clients, `10n` ten for each node. */
function concurrencyFrom(text: string, nodeCount: number): number {
  if (!/^[1-9]\d*n?$/.test(text))
    throw new UsageError(`--concurrency takes a number like 6 or 2n, not '${text}'`);
  return text.endsWith('n') ? Number(text.slice(0, -1)) * nodeCount : Number(text);
}

function faultsFrom(text: string): Set<FaultName> {
  const names = text.split(',').map((name) => name.trim());
  const chosen = names
    .filter((name) => name !== '')
    .map((name) => choiceFrom<FaultName | 'all'>('nemesis', name, ['all', ...faultNames]));
  return new Set(chosen.flatMap((name): readonly FaultName[] => (name === 'all' ? faultNames : [name])));
}

function availabilityFrom(text: string): number {
  if (text === 'total') return 1;
  const share = numberFrom('availability', text, { min: 0 });
  if (share > 1) throw new UsageError(`--availability takes a fraction up to 1, or total, not '${text}'`);
  return share;
}

function describeRun(bin: string, options: RunOptions): string {
  const { nodeIds, concurrency, rate, timeLimitMs, latencyMs, latencyDistribution, seed } = options;
  const latency = latencyMs === 0 ? '' : `, latency ${latencyMs} ms ${latencyDistribution}`;
  const nemesis = [...options.faults].map(
    (fault) => `, ${fault} every ${options.nemesisIntervalMs / 1000} s`,
  );
  const clients = `${concurrency} client${concurrency === 1 ? '' : 's'}`;
  return `${bin}: ${nodeIds.join(' ')}, ${clients}, ${rate} operations/s for ${timeLimitMs / 1000} s${latency}${nemesis.join('')}, seed ${seed}`;
}
