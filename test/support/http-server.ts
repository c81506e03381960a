import { randomUUID } from 'node:crypto';
import { subscribe } from 'node:diagnostics_channel';
import { ServerResponse } from 'node:http';
import { vi } from 'vitest';
import { afterThisTurn, systemClock, systemRandom, wallClockMs } from '../../src/runtime/system.ts';
import { openApiText } from '../../src/server/http/openapi/document.ts';
import { Metrics } from '../../src/server/http/metrics.ts';
import { HttpServer, type ServerOptions, type Timeouts } from '../../src/server/http/server.ts';
import { openDirectory } from '../../src/store/disk/system-files.ts';
import { DiskStore } from '../../src/store/disk/disk-store.ts';
import { isObject } from '../../src/runtime/json.ts';
import { documentedAs } from './api-document.ts';
import { objectFrom } from './json.ts';
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
  host = '127.0.0.1',
): Promise<HttpServerFixture> {
  const errors: unknown[] = [];
  const server = new HttpServer({
    access: { tokens: undefined, isInsecure: false, allowedOrigins: [], allowedHosts: [], host: '127.0.0.1' },
    page: '<!doctype html>',
    openApi: () => openApiText('0.0.0'),
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
  const port = await server.listen(host, 0);
  ports.add(port);
  const close = server.close.bind(server);
  // Another server may get the port then.
  server.close = () => close().finally(() => ports.delete(port));
  return { server, port, errors };
}

/** Of these servers. */
const ports = new Set<number>();

// Every response of these servers has to be in the OpenAPI document, however it was asked for.
subscribe('http.server.request.start', (message) => {
  const response = isObject(message) ? message['response'] : undefined;
  if (!(response instanceof ServerResponse) || !ports.has(response.req.socket.localPort ?? 0)) return;
  const [writeHead, end] = [vi.spyOn(response, 'writeHead'), vi.spyOn(response, 'end')];
  response.once('finish', () => {
    const { method = '', url = '' } = response.req;
    const [status, headers] = writeHead.mock.calls[0] ?? [];
    const lines = Object.entries(objectFrom(headers)).map(([name, value]) => [name, String(value)]);
    // Node sends no body to HEAD, whatever it is given.
    const body = method === 'HEAD' ? '' : String(end.mock.calls[0]?.[0] ?? '');
    documentedAs(method, url, { status: status ?? 0, headers: Object.fromEntries(lines), body });
  });
});
