/**
 * g-counter-server: named counters over HTTP. Reads the options, starts the store and the cluster, and serves until it is
 * told to stop or must. Exits with 0 after a clean stop; with 1 if the disk failed or the server could not run; with 2 if
 * the command line is wrong.
 */
import { asError } from '../../runtime/error.ts';
import { uniqueIntegers } from '../../runtime/random.ts';
import { systemClock, systemRandom, afterThisTurn, stderrLog, timeOfDay } from '../../runtime/system.ts';
import type { TlsMaterial } from '../../runtime/tls-material.ts';
import { measureLag } from '../../server/http/event-loop-lag.ts';
import { Metrics } from '../../server/http/metrics.ts';
import { openApiText } from '../../server/http/openapi/document.ts';
import { HttpServer } from '../../server/http/server.ts';
import { Tokens } from '../../server/http/tokens.ts';
import page from '../../server/page/page.html';
import { UsageError, reportsUsage } from '../arguments.ts';
import { listenErrorText } from '../listen-error.ts';
import { startDiskEngine } from './disk-engine.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { startEtcdEngine } from './etcd-engine.ts';
import { exportCounters } from './export.ts';
import { connectionsWithin } from './file-limit.ts';
import { importDirectory } from './import.ts';
import { processFigures } from './process-figures.ts';
import { restore } from './restore.ts';
import type { Environment } from './settings.ts';
import { TlsFiles } from './tls-files.ts';
import { type ServerCliOptions, serverHelp, serverOptionsFrom } from './server-options.ts';
import { onStopSignal } from '../stop-signals.ts';
import { version } from '../version.ts';

const TIMEOUTS = { headMs: 10_000, requestMs: 30_000, idleMs: 65_000, stallMs: 60_000, stopMs: 10_000 };

/** Logs one JSON object a line. */
function note(level: 'info' | 'warning' | 'error', message: string, details: object = {}): void {
  stderrLog(JSON.stringify({ time: timeOfDay(), level, message, ...details }));
}

async function main(args: string[]): Promise<void> {
  // Goes on if nobody reads the log any more.
  process.stderr.on('error', () => {});
  const command = COMMANDS.get(args[0] ?? '');
  if (command !== undefined) return doOrExplain(command, args.slice(1));
  const options = serverOptionsFrom(args, process.env);
  if (options.help) return void process.stdout.write(`${serverHelp}\n`);
  if (options.version) return void process.stdout.write(`${version}\n`);
  await run(options);
}

type Command = (args: string[], environment: Environment) => Promise<void>;

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['restore', restore],
  ['import', importDirectory],
  ['export', exportCounters],
]);

/** For a person at a terminal, not for whoever collects logs. */
async function doOrExplain(command: Command, args: string[]): Promise<void> {
  try {
    await command(args, process.env);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    process.stderr.write(`g-counter-server: ${asError(error).message}\n`);
    process.exitCode = 1;
  }
}

async function run(options: ServerCliOptions): Promise<void> {
  for (const warning of options.warnings) note('warning', warning);
  const tls = options.tls.read();
  if (tls !== undefined) warnOfCertificate(tls);
  const restricted = options.tokensFile.read();
  const tokens = options.token === undefined ? undefined : new Tokens(options.token);
  tokens?.restrict(restricted ?? []);
  const maxConnections = connectionsWithin(options.maxConnections);
  if (maxConnections < options.maxConnections) {
    const text = `the system's limit of open files leaves room for --max-connections ${maxConnections}, not ${options.maxConnections}`;
    note('warning', `${text}; raise it with ulimit -n`);
  }
  let engine: Engine | undefined;
  // It takes some milliseconds, which a start need not wait for.
  let openApi: string | undefined;
  const metrics = new Metrics(() => [...(engine?.figures() ?? []), ...processFigures()]);
  const bootId = uniqueIntegers(systemRandom)().toString(36);
  const server = new HttpServer({
    access: { ...options, tokens, isInsecure: isInsecure(options) },
    tls,
    page,
    openApi: () => (openApi ??= openApiText(version)),
    maxConnections,
    maxWatchers: options.maxWatchers,
    maxNodes: options.maxNodes,
    timeouts: TIMEOUTS,
    bootId,
    clock: systemClock,
    afterThisTurn,
    metrics,
    onRequest: options.verbose
      ? (method, path, status, durationMs) =>
          note('info', `${method} ${path} ${status}`, { duration_ms: Math.round(durationMs * 1000) / 1000 })
      : () => {},
    onError: (error) =>
      note('error', asError(error).message, { stack: error instanceof Error ? error.stack : undefined }),
  });
  let stop: (reason: string) => void = () => {};
  const stopRequest = new Promise<string>((resolve) => (stop = resolve));
  const reload = (): void => {
    reloadFrom(options.tls, 'the TLS certificate', (latest) => {
      server.useTls(latest);
      engine?.useTls(latest);
      warnOfCertificate(latest);
    });
    reloadFrom(options.tokensFile, 'the list of restricted tokens', (latest) => tokens?.restrict(latest));
  };
  onStopSignal(stop, undefined, tls === undefined && restricted === undefined ? undefined : reload);
  const port = await server.listen(options.host, options.port).catch((error: unknown) => {
    throw new Error(listenErrorText(error, options.host, options.port), { cause: error });
  });
  measureLag(systemClock, (lagMs) => metrics.loopLag(lagMs));
  const startMs = systemClock.nowMs();
  const starting = startEngine(options, {
    host: options.host,
    port,
    bootId,
    tls,
    metrics,
    info: (text) => note('info', text),
    warn: (text) => note('warning', text),
    error: (text) => note('error', text),
    stop: () => stop('failure'),
  });
  engine = await Promise.race([starting, stopRequest.then(() => undefined)]);
  if (engine === undefined) {
    note('info', 'stopped before it served', { reason: await stopRequest });
    process.exit(0);
  }
  server.serve(engine.store, engine.cluster);
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const { store } = engine;
  note('info', `serving ${tls === undefined ? 'http' : 'https'}://${host}:${port}`, {
    node_id: store.nodeId,
    ...engine.details,
    counters: (await store.health()).counters,
    start_ms: Math.round(systemClock.nowMs() - startMs),
    pid: process.pid,
  });

  const reason = await stopRequest;
  await engine.leave();
  await server.close();
  const { counters } = await store.health();
  await engine.close();
  note('info', 'stopped', { reason, counters });
  process.exit(engine.hasFailed ? 1 : 0);
}

function startEngine(
  { engine, nodeId, ...options }: ServerCliOptions,
  wiring: EngineOptions,
): Promise<Engine> {
  const limits = {
    maxCounters: options.maxCounters,
    maxNodes: options.maxNodes,
    windowMs: options.idempotencyWindowMs,
    maxIdempotencyRecords: options.maxIdempotencyKeys,
  };
  return engine.store === 'disk'
    ? startDiskEngine(engine, nodeId, limits, wiring)
    : startEtcdEngine(engine, nodeId, limits, wiring);
}

/** Servers on etcd have no peers that anybody could register. */
const isInsecure = ({ engine }: ServerCliOptions): boolean =>
  engine.store === 'disk' && engine.cluster.isInsecure;

/** Uses what files hold now, and goes on as before if that is nothing that could be used. */
function reloadFrom<T>(files: { read(): T | undefined }, name: string, use: (latest: T) => void): void {
  try {
    const latest = files.read();
    if (latest === undefined) return;
    use(latest);
    note('info', `${name} has been read again`);
  } catch (error) {
    note('error', `${name} stays as it was: ${asError(error).message}`);
  }
}

function warnOfCertificate(tls: TlsMaterial): void {
  const fault = TlsFiles.fault(tls);
  if (fault !== undefined) note('warning', fault);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (reportsUsage('g-counter-server', error)) return;
  note('error', asError(error).message);
  process.exit(1);
});
