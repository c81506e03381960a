/**
 * g-counter-server: named counters over HTTP. Reads the options, starts the store and the cluster, and serves until it is
 * told to stop or must. Exits with 0 after a clean stop; with 1 if the disk failed or the server could not run; with 2 if
 * the command line is wrong.
 */
import { asError } from '../../runtime/error.ts';
import { uniqueIntegers } from '../../runtime/random.ts';
import {
  systemClock,
  systemRandom,
  afterThisTurn,
  stderrLog,
  timeOfDay,
  wallClockMs,
} from '../../runtime/system.ts';
import type { TlsMaterial } from '../../runtime/tls-material.ts';
import { measureLag } from '../../server/http/event-loop-lag.ts';
import { Metrics } from '../../server/http/metrics.ts';
import { HttpServer } from '../../server/http/server.ts';
import page from '../../server/page/page.html';
import { lockDirectory } from '../../store/disk/lock.ts';
import { openDirectory } from '../../store/disk/system-files.ts';
import { DiskStore } from '../../store/disk/disk-store.ts';
import { UsageError, reportsUsage } from '../arguments.ts';
import { listenErrorText } from '../listen-error.ts';
import { dataDirError } from './data-dir-error.ts';
import { connectionsWithin } from './file-limit.ts';
import { processFigures } from './process-figures.ts';
import { restore } from './restore.ts';
import { startCluster } from './server-cluster.ts';
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
  if (args[0] === 'restore') return restoreOrExplain(args.slice(1));
  const options = serverOptionsFrom(args, process.env);
  if (options.help) return void process.stdout.write(`${serverHelp}\n`);
  if (options.version) return void process.stdout.write(`${version}\n`);
  await run(options);
}

/** For a person at a terminal, not for whoever collects logs. */
async function restoreOrExplain(args: readonly string[]): Promise<void> {
  try {
    await restore(args);
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
  const maxConnections = connectionsWithin(options.maxConnections);
  if (maxConnections < options.maxConnections) {
    const text = `the system's limit of open files leaves room for --max-connections ${maxConnections}, not ${options.maxConnections}`;
    note('warning', `${text}; raise it with ulimit -n`);
  }
  const metrics = new Metrics(processFigures);
  const bootId = uniqueIntegers(systemRandom)().toString(36);
  const server = new HttpServer({
    access: { ...options, isInsecure: options.cluster.isInsecure },
    tls,
    page,
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
  let useTls = (latest: TlsMaterial): void => server.useTls(latest);
  const reload = (): void => {
    try {
      const latest = options.tls.read();
      if (latest === undefined) return;
      useTls(latest);
      note('info', 'the TLS certificate has been read again');
      warnOfCertificate(latest);
    } catch (error) {
      note('error', `the TLS certificate stays as it was: ${asError(error).message}`);
    }
  };
  onStopSignal(stop, undefined, tls === undefined ? undefined : reload);
  const port = await server.listen(options.host, options.port).catch((error: unknown) => {
    throw new Error(listenErrorText(error, options.host, options.port), { cause: error });
  });
  measureLag(systemClock, (lagMs) => metrics.loopLag(lagMs));
  const startMs = systemClock.nowMs();
  const explain = (error: unknown): never => {
    throw dataDirError(error, options.dataDir);
  };
  const files = await openDirectory(options.dataDir).catch(explain);
  const lock = await lockDirectory(options.dataDir, bootId).catch(explain);
  const store = await DiskStore.open({
    files,
    nodeId: options.nodeId,
    limits: {
      maxCounters: options.maxCounters,
      maxNodes: options.maxNodes,
      windowMs: options.idempotencyWindowMs,
      maxIdempotencyRecords: options.maxIdempotencyKeys,
    },
    clock: systemClock,
    random: systemRandom,
    wallClockMs,
    afterThisTurn,
    warn: (text) => note('warning', text),
    onFailure: (error) =>
      note('error', `the disk has failed, read-only until a restart: ${asError(error).message}`),
    onCommit: (increments, durationMs) => metrics.commit(increments, durationMs),
  }).catch(explain);
  const running = await startCluster({
    cluster: options.cluster,
    host: options.host,
    port,
    bootId,
    tls,
    files,
    store,
    info: (text) => note('info', text),
    warn: (text) => note('warning', text),
    onDuplicate: (address) => {
      note(
        'error',
        `the node id '${store.nodeId}' is taken: ${address} has run longer under it; start this server with another --node-id and --data-dir, or in another --cluster`,
      );
      stop('duplicate');
    },
  }).catch(explain);
  useTls = (latest) => {
    server.useTls(latest);
    running.useTls(latest);
  };
  server.serve(store, running.cluster);
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  note('info', `serving ${tls === undefined ? 'http' : 'https'}://${host}:${port}`, {
    node_id: store.nodeId,
    data_dir: options.dataDir,
    counters: store.counters.size,
    start_ms: Math.round(systemClock.nowMs() - startMs),
    pid: process.pid,
  });

  const reason = await stopRequest;
  await running.close();
  await server.close();
  await store.close();
  await lock.release();
  note('info', 'stopped', { reason, counters: store.counters.size });
  process.exit(store.failure === undefined && reason !== 'duplicate' ? 0 : 1);
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
