/** The page works below a prefix, behind a proxy that strips it: all that it asks for arrives. */
import { type IncomingMessage, type Server, createServer, request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ServerProcess, startServer, stopServers } from '../../support/server-process.ts';

const PREFIX = '/gc';

let server: ServerProcess;
let proxy: Server;
let origin: string;
/** What came below the prefix, and what came beside it. */
const asked = { below: [] as string[], beside: [] as string[] };

beforeAll(async () => {
  server = await startServer();
  proxy = createServer((incoming, outgoing) => {
    const { url = '', method, headers } = incoming;
    const isBelow = url === PREFIX || url.startsWith(`${PREFIX}/`);
    asked[isBelow ? 'below' : 'beside'].push(`${method} ${url.split('?')[0]}`);
    // As Nginx does, it decodes slashes.
    const path = (url.slice(isBelow ? PREFIX.length : 0) || '/').replaceAll(/%2f/gi, '/');
    const host = `127.0.0.1:${server.port}`;
    const onward = request(
      { host: '127.0.0.1', port: server.port, method, path, headers: { ...headers, host } },
      (response: IncomingMessage) => {
        outgoing.writeHead(response.statusCode ?? 0, response.headers);
        response.pipe(outgoing);
      },
    );
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});

afterAll(async () => {
  vi.unstubAllGlobals();
  proxy.closeAllConnections();
  proxy.close();
  await stopServers();
});

beforeEach(() => {
  asked.below.length = 0;
  asked.beside.length = 0;
});

/** Stands for any element of the page. */
class AnyElement {
  readonly hidden = true;
}

/** Where EventSources have been opened. */
const watched: string[] = [];

class SilentEventSource {
  constructor(url: string) {
    watched.push(url);
  }
  addEventListener(): void {}
}

/** What the page's modules offer that is used here; they are compiled for browsers. */
interface PageApi {
  listCounters(
    prefix: string,
    limit: number,
    cursor: null,
    signal: AbortSignal,
  ): Promise<{ counters: unknown[] }>;
  increment(key: string, amount: number): Promise<number>;
  describeCluster(): Promise<unknown>;
  checkHealth(): Promise<unknown>;
}
interface PageWatch {
  readonly CounterWatch: new (events: object) => { open(prefix: string): void };
}

/** Loads a module of the page as a browser would that has found the page at a path. */
async function load<Module>(name: string, pathname: string): Promise<Module> {
  vi.resetModules();
  vi.stubGlobal('location', { origin, pathname });
  vi.stubGlobal('document', { querySelector: () => new AnyElement() });
  vi.stubGlobal('sessionStorage', { getItem: () => null });
  for (const type of ['HTMLElement', 'HTMLFormElement', 'HTMLInputElement']) vi.stubGlobal(type, AnyElement);
  vi.stubGlobal('isSecureContext', true);
  vi.stubGlobal('EventSource', SilentEventSource);
  const path: string = `../../../src/server/page/${name}.ts`;
  const module: Module = await import(path);
  return module;
}

describe.each([`${PREFIX}/`, PREFIX])('found at %s', (pathname) => {
  test('the page comes from the server', async () => {
    const response = await fetch(origin + pathname);
    expect([response.status, (await response.text()).slice(0, 15)]).toEqual([200, '<!doctype html>']);
  });

  test('it adds, lists, and asks for health and peers', async () => {
    const page = await load<PageApi>('api', pathname);
    const key = `of ${pathname}`;
    expect(await page.increment(key, 3)).toBe(3);
    expect(await page.listCounters(key, 1, null, AbortSignal.timeout(60_000))).toMatchObject({
      counters: [{ key, value: 3 }],
    });
    expect(await page.checkHealth()).toMatchObject({ status: 'ok' });
    expect(await page.describeCluster()).toMatchObject({ nodeId: 'node-1' });
    expect(asked.beside).toEqual([]);
    expect(asked.below.length).toBe(4);
  });

  test.each(['a/b', '.', '..', '%2F', '\\'])('it adds to the key %j', async (key) => {
    const page = await load<PageApi>('api', pathname);
    await page.increment(key, 1);
    const { counters } = await page.listCounters(key, 1, null, AbortSignal.timeout(60_000));
    expect(counters).toMatchObject([{ key }]);
  });

  test('it watches', async () => {
    const { CounterWatch } = await load<PageWatch>('watch', pathname);
    new CounterWatch({}).open('k');
    const response = await fetch(watched.at(-1) ?? '');
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    await response.body?.cancel();
    expect(asked.beside).toEqual([]);
  });
});

test('without a prefix it finds the server as before', async () => {
  const page = await load<PageApi>('api', '/');
  expect(await page.checkHealth()).toMatchObject({ status: 'ok' });
  expect(asked).toEqual({ below: [], beside: ['GET /health'] });
});
