import { randomUUID } from 'node:crypto';
import { afterThisTurn, systemClock, systemRandom, wallClockMs } from '../../src/runtime/system.ts';
import { openApiText } from '../../src/server/http/openapi/document.ts';
import { Metrics } from '../../src/server/http/metrics.ts';
import { HttpServer, type ServerOptions, type Timeouts } from '../../src/server/http/server.ts';
import { openDirectory } from '../../src/store/disk/system-files.ts';
import { DiskStore } from '../../src/store/disk/disk-store.ts';
import { temporaryDirectory } from './server-process.ts';

export const openStore = async (): Promise<DiskStore> =>
  DiskStore.open({
    files: await openDirectory(temporaryDirectory()),
    nodeId: undefined,
    limits: { maxCounters: 1000, maxNodes: 1000, windowMs: 60_000, maxIdempotencyRecords: 1000 },
    clock: systemClock,
    random: systemRandom,
    wallClockMs,
    afterThisTurn,
    warn: () => {},
    onFailure: () => {},
    onCommit: () => {},
  });

export interface HttpServerFixture {
  readonly server: HttpServer;
  readonly port: number;
  /** What should not have happened. */
  readonly errors: readonly unknown[];
}

const PATIENT: Timeouts = {
  headMs: 20_000,
  requestMs: 20_000,
  idleMs: 20_000,
  stallMs: 20_000,
  stopMs: 20_000,
};

/** The HTTP server in this process, with other timeouts than the program has, and without a store. */
export async function openHttpServer(
  timeouts: Partial<Timeouts> = {},
  options: Partial<ServerOptions> = {},
): Promise<HttpServerFixture> {
  const errors: unknown[] = [];
  const server = new HttpServer({
    access: { tokens: undefined, isInsecure: false, allowedOrigins: [], allowedHosts: [], host: '127.0.0.1' },
    page: '<!doctype html>',
    openApi: openApiText('0.0.0'),
    maxConnections: 100,
    maxWatchers: 100,
    maxNodes: 1000,
    timeouts: { ...PATIENT, ...timeouts },
    bootId: randomUUID().replaceAll('-', ''),
    clock: systemClock,
    afterThisTurn,
    metrics: new Metrics(),
    onRequest: () => {},
    onError: (error) => errors.push(error),
    ...options,
  });
  return { server, port: await server.listen('127.0.0.1', 0), errors };
}
