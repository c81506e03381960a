import { createReadStream, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, sep } from 'node:path';
import { asError } from '../../runtime/error.ts';
import { parseJson } from '../../runtime/json.ts';
import { type StoredRun, runListPage } from '../../workbench/report/run-list.ts';
import { UsageError, numberFrom, parseOptions } from '../arguments.ts';

/** Runs and their logs are nobody else's business. */
const HOST = '127.0.0.1';
const MAX_PORT = 65_535;

export const serveHelp = `Usage: g-counter-workbench serve [--port N] [--store DIR]

  --port N       where to listen, on this machine only (default 8080; 0 takes any free port)
  --store DIR    where the runs are (default store)

Lists past runs in a browser, newest first, with their verdicts, figures and reports. Ctrl-C ends it. Exit status: 0
ended, 1 the port is not to be had, 2 a bad command line.`;

const specs = {
  port: { type: 'string', default: '8080' },
  store: { type: 'string', default: 'store' },
  help: { type: 'boolean', default: false },
} as const;

/** Serves past runs until it is told to end, and resolves with the exit status. */
export async function serveCommand(args: string[]): Promise<number> {
  const { values } = parseOptions(args, specs, false);
  if (values.help) {
    console.log(serveHelp);
    return 0;
  }
  const port = numberFrom('port', values.port, { min: 0, max: MAX_PORT, integer: true });
  if (!statSync(values.store, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`--store ${values.store} is not a directory; a run makes one`);
  }
  const server = createServer((request, response) => {
    try {
      answer(realpathSync(values.store), request, response);
    } catch (error) {
      // Somebody is tidying up the store while it is being read.
      plain(response, 500, asError(error).message);
    }
  });
  try {
    const address = await listen(server, port);
    console.log(`runs in ${values.store}: http://${HOST}:${address.port}/`);
  } catch (error) {
    const reason = asError(error).message;
    process.stderr.write(`g-counter-workbench: cannot listen on port ${port}: ${reason}\n`);
    return 1;
  }
  await untilSignal();
  server.close();
  server.closeAllConnections();
  return 0;
}

function listen(server: Server, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('there is no address'));
      else resolve(address);
    });
  });
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

const contentTypes = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
  ['.json', 'application/json'],
  // Browsers show these; under their own names they would only be downloaded.
  ['.jsonl', 'text/plain; charset=utf-8'],
  ['.log', 'text/plain; charset=utf-8'],
  ['.txt', 'text/plain; charset=utf-8'],
]);

function answer(root: string, request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Cache-Control', 'no-cache');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return plain(response, 405, 'only GET and HEAD are answered');
  }
  const path = pathOf(request.url ?? '/');
  if (path === '/') {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
    response.end(runListPage(storedRuns(root)));
    return;
  }
  const file = path === undefined ? undefined : fileBelow(root, path);
  if (file === undefined) return plain(response, 404, 'there is no such file');
  const type = contentTypes.get(extname(file.path)) ?? 'application/octet-stream';
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': file.size });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  // A file may still be written to; what was promised is what is sent.
  const stream = createReadStream(file.path, { end: Math.max(0, file.size - 1) });
  stream.once('error', () => response.destroy());
  if (file.size === 0) response.end();
  else stream.pipe(response);
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}

/** The path of a URL, decoded; undefined if it makes no sense. */
function pathOf(url: string): string | undefined {
  try {
    return decodeURIComponent(url.split(/[?#]/)[0] ?? '/');
  } catch {
    return undefined;
  }
}

/** A file that really is below `root`, wherever dots and symbolic links in `path` lead. */
function fileBelow(root: string, path: string): { readonly path: string; readonly size: number } | undefined {
  try {
    const real = realpathSync(join(root, path));
    const stats = statSync(real);
    return real.startsWith(root + sep) && stats.isFile() ? { path: real, size: stats.size } : undefined;
  } catch {
    return undefined;
  }
}

/** `<root>/<test>/<timestamp>/`. Symbolic links such as `latest` lead to runs that are found anyway. */
function storedRuns(root: string): StoredRun[] {
  return directoriesIn(root).flatMap((test) =>
    directoriesIn(join(root, test)).map((timestamp): StoredRun => {
      const path = join(root, test, timestamp);
      const files = readdirSync(path, { recursive: true, encoding: 'utf8' })
        .filter((name) => statSync(join(path, name), { throwIfNoEntry: false })?.isFile())
        .map((name) => name.replaceAll(sep, '/'));
      return { test, timestamp, files: files.toSorted(), results: resultsIn(path) };
    }),
  );
}

const directoriesIn = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);

function resultsIn(path: string): unknown {
  try {
    return parseJson(readFileSync(join(path, 'results.json'), 'utf8'));
  } catch {
    return undefined;
  }
}
