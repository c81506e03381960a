/**
 * The program behind the Makefile: starts a cluster of three, shows what it does by requests to its servers, stops it.
 * It runs in containers where there is Docker, or else as local processes, and says which.
 */
import { dirname, join, resolve } from 'node:path';
import { EXIT_USAGE, UsageError, numberFrom } from '../arguments.ts';
import { didYouMean } from '../near-miss.ts';
import { type Context, allHealthy, checks, knowEachOther } from './checks.ts';
import { Client } from './client.ts';
import { Containers, findCompose } from './containers.ts';
import { type Deployment, SERVERS } from './deployment.ts';
import { Failure } from './failure.ts';
import { Narrator } from './narrator.ts';
import { Processes } from './processes.ts';

const DIST = dirname(resolve(process.argv[1] ?? ''));
const MAX_PORT = 65_535;
const WITH_TOKEN = ' \\\n      -H "Authorization: Bearer $(cat deploy/secrets/token)"';
/** Beyond the ports of the three servers are those of the servers that targets start. */
const PORTS = SERVERS + 2;

const tests = [...checks].map(([name, { summary }]) => `  ${name.padEnd(26)} ${summary}`);

const help = `Usage: make [TARGET] [ON=containers|processes] [BASE_PORT=N]

Starts three servers that count together, and shows what they do.

  start                      build and start them; this is what make alone does
  test-full                  all of the tests below
${tests.join('\n')}
  logs                       show the logs of the servers as they are written
  stop                       stop the servers; what they have counted stays
  help                       print this text

A test starts the servers if they do not run, and leaves them running.

  ON          where they run: in containers, which is the default where there
              is Docker with Compose, or as local processes
  BASE_PORT   the port of the first server (default 8081); the next four ports
              are for the others and for those that tests start
  NODE_IMAGE  the image that the containers' image is made from
  COMPOSE_PROJECT_NAME
              what the names of the containers begin with (default g-counter)

Exit status: 0 passed, 1 failed, 2 a bad target or setting (make itself exits
with 2 whenever this program fails).`;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface Settings {
  /** Undefined to choose. */
  readonly on: string | undefined;
  readonly basePort: number;
  /** What Compose calls the whole. */
  readonly project: string;
}

function settingsFrom(environment: NodeJS.ProcessEnv): Settings {
  const on = environment['ON'] || undefined;
  if (on !== undefined && on !== 'containers' && on !== 'processes') {
    throw new UsageError(`ON takes containers or processes, not '${on}'`);
  }
  const range = { min: 1, max: MAX_PORT - PORTS + 1, integer: true };
  const basePort = numberFrom('BASE_PORT', environment['BASE_PORT'] || '8081', range);
  return { on, basePort, project: environment['COMPOSE_PROJECT_NAME'] || 'g-counter' };
}

const processesOf = ({ basePort }: Settings, narrator: Narrator): Processes =>
  new Processes({ dist: DIST, basePort, narrator });

/** Returns the containers, or why there can be none. */
function containersOf({ basePort, project }: Settings, narrator: Narrator): Containers | string {
  const found = findCompose();
  if ('obstacle' in found) return found.obstacle;
  return new Containers({ root: join(DIST, '..'), project, basePort, compose: found.compose, narrator });
}

const needDocker = (obstacle: string): Failure => new Failure(`containers need Docker: ${obstacle}`);

/** Chooses where the servers run: where they are asked for, else where they run already, else where they can. */
async function choose(settings: Settings, narrator: Narrator): Promise<Deployment> {
  const { on } = settings;
  const processes = processesOf(settings, narrator);
  if (on === 'processes' || (on === undefined && processes.isStarted)) return processes;
  const containers = containersOf(settings, narrator);
  if (typeof containers === 'string') {
    if (on === 'containers') throw needDocker(containers);
    narrator.step(`no containers here: ${containers}`);
    return processes;
  }
  if (on === 'containers' || containers.isStarted) return containers;
  // Somebody may have started `npm run cluster` in another terminal.
  return (await answering(processes, narrator)) === SERVERS ? processes : containers;
}

/** Stops whatever make has started, wherever that is. */
async function stop(settings: Settings, narrator: Narrator): Promise<string> {
  const { on } = settings;
  const candidates: Deployment[] = on === 'containers' ? [] : [processesOf(settings, narrator)];
  if (on !== 'processes') {
    const containers = containersOf(settings, narrator);
    if (typeof containers !== 'string') candidates.push(containers);
    else if (on === 'containers') throw needDocker(containers);
  }
  const started = candidates.filter(({ isStarted }) => isStarted);
  const done: string[] = [];
  for (const deployment of started.length > 0 ? started : candidates.slice(0, 1)) {
    done.push(await deployment.stop());
  }
  return done.join('; ');
}

/** Resolves with how many of the servers answer. */
async function answering({ servers, token }: Deployment, narrator: Narrator): Promise<number> {
  const client = new Client(token, narrator);
  const answers = await Promise.all(servers.map((server) => client.tryToAsk(server, 'GET', '/health')));
  return answers.filter((answer) => answer !== undefined).length;
}

async function ready(context: Context): Promise<void> {
  await allHealthy(context);
  await knowEachOther(context, context.deployment.servers);
}

async function start(context: Context): Promise<string> {
  const { deployment, narrator } = context;
  await deployment.start();
  await ready(context);
  const [first, , last] = deployment.servers;
  narrator.step('count on the first, and read from the last; each has a page in a browser, too:');
  narrator.command(
    `curl -X POST ${first?.url}/increment${deployment.token() === undefined ? '' : WITH_TOKEN}`,
  );
  narrator.command(`curl ${last?.url}/count`);
  return 'they serve, and know each other';
}

async function runAll(context: Context): Promise<string> {
  const failed: string[] = [];
  for (const [name, check] of checks) {
    context.narrator.blank();
    context.narrator.begin(name, check.summary);
    if (!(await passes(context.narrator, name, () => check.run(context)))) failed.push(name);
  }
  context.narrator.blank();
  const passed = `${checks.size - failed.length} of ${checks.size} tests passed on ${context.deployment.what}`;
  if (failed.length > 0) throw new Failure(`${passed}; not ${failed.join(', ')}`);
  return passed;
}

/** Runs a target that tests servers, which are started if any of them does not answer. */
async function test(context: Context, check: (context: Context) => Promise<string>): Promise<string> {
  const { deployment, narrator } = context;
  if ((await answering(deployment, narrator)) < SERVERS) {
    await deployment.start();
    await ready(context);
  }
  return check(context);
}

interface Target {
  readonly summary: string;
  readonly run: (settings: Settings, narrator: Narrator) => Promise<string>;
}

/** A target that is about the servers where they run or are to run, and says where that is. */
const there =
  (run: (context: Context) => Promise<string>): Target['run'] =>
  async (settings, narrator) => {
    const deployment = await choose(settings, narrator);
    narrator.step(`on ${deployment.what}`);
    return run({ deployment, client: new Client(deployment.token, narrator), narrator });
  };

const testing = (check: (context: Context) => Promise<string>): Target['run'] =>
  there((context) => test(context, check));

const targets: ReadonlyMap<string, Target> = new Map<string, Target>([
  ['start', { summary: 'starts three servers that count together', run: there(start) }],
  ['test-full', { summary: 'all tests, one after the other', run: testing(runAll) }],
  ...[...checks].map(([name, { summary, run }]): [string, Target] => [name, { summary, run: testing(run) }]),
  [
    'logs',
    {
      summary: 'the logs of the servers, until Ctrl-C',
      run: there(({ deployment }) => deployment.followLogs()),
    },
  ],
  ['stop', { summary: 'stops the servers', run: stop }],
]);

/** Says how a target ends. Returns whether it has passed. */
async function passes(narrator: Narrator, target: string, run: () => Promise<string>): Promise<boolean> {
  try {
    narrator.end(target, true, await run());
    return true;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    narrator.end(target, false, error.message);
    return false;
  }
}

async function main([name = 'start', ...more]: string[], environment: NodeJS.ProcessEnv): Promise<number> {
  if (name === 'help' || name === '--help') {
    say(help);
    return 0;
  }
  const target = targets.get(name);
  if (target === undefined)
    throw new UsageError(`there is no target '${name}'${didYouMean(name, targets.keys())}`);
  if (more.length > 0) throw new UsageError(`takes one target, not '${[name, ...more].join(' ')}'`);
  const settings = settingsFrom(environment);
  const narrator = new Narrator(say);
  narrator.begin(name, target.summary);
  return (await passes(narrator, name, () => target.run(settings, narrator))) ? 0 : 1;
}

main(process.argv.slice(2), process.env).then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`make: ${error.message}; see make help\n`);
    process.exitCode = EXIT_USAGE;
  },
);
