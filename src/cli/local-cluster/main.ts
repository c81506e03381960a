import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { readLines } from '../../runtime/lines.ts';
import { isObject, parseJson } from '../../runtime/json.ts';
import { numberFrom, parseOptions, reportsUsage } from '../arguments.ts';
import { onStopSignal } from '../stop-signals.ts';

const help = `Usage: npm run cluster -- [options]

Starts servers on this machine that count together, and stops them at Ctrl-C.

  --nodes N          how many servers (default 3)
  --base-port N      the port of the first; the others take those that follow (default 8081)
  --data-dir PATH    where they keep their counters, each in a directory of its own (default data/cluster)
  --help             print this text

Exit status: 0 all have stopped when they were told to, 1 one has not or has ended before, 2 a bad command line.`;

const specs = {
  nodes: { type: 'string', default: '3' },
  'base-port': { type: 'string', default: '8081' },
  'data-dir': { type: 'string', default: 'data/cluster' },
  help: { type: 'boolean', default: false },
} as const;

const HOST = '127.0.0.1';
const MAX_NODES = 100;
const MAX_PORT = 65_535;
const STOP = 'SIGTERM';

interface Node {
  readonly id: string;
  readonly port: number;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function main(args: string[]): Promise<number> {
  // Servers do not end because nobody reads what they say.
  process.stdout.on('error', () => {});
  const { values } = parseOptions(args, specs, false);
  if (values.help) {
    say(help);
    return 0;
  }
  const count = numberFrom('nodes', values.nodes, { min: 1, max: MAX_NODES, integer: true });
  const range = { min: 1, max: MAX_PORT - count + 1, integer: true };
  const basePort = numberFrom('base-port', values['base-port'], range);
  const nodes = Array.from({ length: count }, (_, i): Node => ({ id: `node-${i + 1}`, port: basePort + i }));

  const taken = await takenOf(nodes.map(({ port }) => port));
  if (taken.length > 0) {
    const ports = taken.length === 1 ? `port ${taken[0]} is` : `ports ${taken.join(', ')} are`;
    process.stderr.write(`g-counter-cluster: ${ports} taken; choose others with --base-port\n`);
    return 1;
  }
  // Two such clusters on one machine have different ports, and so they leave each other alone.
  const name = `local-${basePort}`;
  introduce(nodes, name);
  return run(nodes, name, values['data-dir']);
}

function introduce(nodes: readonly Node[], name: string): void {
  const [first, last] = [nodes[0]?.port, nodes.at(-1)?.port];
  say(`The cluster ${name}, which ends with Ctrl-C: ${nodes.map(urlOf).join(' ')}`);
  say('Count on one, and read from another:');
  say(`  curl -X POST http://${HOST}:${first}/increment; curl http://${HOST}:${last}/count`);
}

const urlOf = ({ port }: Node): string => `http://${HOST}:${port}/`;

/** Runs the servers until they have ended. Resolves with the exit status. */
async function run(nodes: readonly Node[], name: string, dataDir: string): Promise<number> {
  const children = new Set<ChildProcess>();
  let isStopping = false;
  let hasFailed = false;

  process.once('exit', () => {
    for (const child of children) child.kill('SIGKILL');
  });
  onStopSignal(() => {
    isStopping = true;
    for (const child of children) child.kill(STOP);
  });
  const ends = nodes.map(async ({ id, port }) => {
    const peers = nodes.filter((other) => other.id !== id).map((other) => `${HOST}:${other.port}`);
    const child = start({ id, port }, name, join(dataDir, id), peers);
    const tell = (text: string): void => say(text.replaceAll(/^/gm, `${id} | `));
    children.add(child);
    const end = endOf(child);
    if (child.stderr !== null)
      readLines(
        child.stderr,
        (line) => tell(readable(line)),
        () => {},
      );
    const why = await end;
    children.delete(child);
    // One that has only just been started ends by the signal itself.
    if (isStopping && (why === 'with status 0' || why === `by ${STOP}`)) return;
    hasFailed = true;
    tell(`error: it has ended${isStopping ? '' : ' by itself'}, ${why}`);
  });
  await Promise.all(ends);
  return hasFailed ? 1 : 0;
}

function start({ id, port }: Node, name: string, dataDir: string, peers: readonly string[]): ChildProcess {
  const program = join(resolve(process.argv[1] ?? ''), '../g-counter-server.cjs');
  const args = ['--port', `${port}`, '--node-id', id, '--data-dir', dataDir, '--cluster', name];
  if (peers.length > 0) args.push('--peers', peers.join(','));
  return spawn(process.execPath, [...process.execArgv, program, ...args], {
    // What is set for a single server, such as PORT or ADVERTISE, would be wrong for several.
    env: {},
    // In a group of its own it does not get the signals of the terminal besides ours.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/** Resolves with how a process has ended, when all that it said has been read. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((done) => {
    child.once('error', (error) => done(error.message));
    child.once('close', (status, signal) => done(signal === null ? `with status ${status}` : `by ${signal}`));
  });
}

/** What people who watch several servers need not be told with each line. */
const UNSAID = new Set(['time', 'level', 'message', 'node_id', 'data_dir', 'start_ms', 'pid']);

/** A line of a server's log for people: `warning: the message (counters 3)`. */
function readable(line: string): string {
  const note = noteFrom(line);
  if (note === undefined) return line;
  const details = Object.entries(note).filter(([name]) => !UNSAID.has(name));
  const said = details.map(([name, value]) => `${name.replaceAll('_', ' ')} ${String(value)}`).join(', ');
  const mark = note['level'] === 'info' ? '' : `${String(note['level'])}: `;
  return `${mark}${String(note['message'])}${said === '' ? '' : ` (${said})`}`;
}

function noteFrom(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = parseJson(line);
    return isObject(json) && typeof json['message'] === 'string' ? json : undefined;
  } catch {
    return undefined;
  }
}

async function takenOf(ports: readonly number[]): Promise<number[]> {
  const areTaken = await Promise.all(ports.map(isTaken));
  return ports.filter((_, i) => areTaken[i]);
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', (error) => done('code' in error && error.code === 'EADDRINUSE'));
    server.listen(port, HOST, () => server.close(() => done(false)));
  });
}

main(process.argv.slice(2)).then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    if (!reportsUsage('g-counter-cluster', error)) throw error;
  },
);
