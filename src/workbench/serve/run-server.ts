/**
 * A small web server for past runs: the list of runs at `/`, and below it the files of the run directory. It listens
 * on this machine only, under names that no page can have, and never leaves that directory, wherever dots and symbolic
 * links lead.
 */
import { createReadStream, realpathSync, statSync } from 'node:fs';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, sep } from 'node:path';
import { isLocalOrAddress, parseAuthority } from '../../runtime/authority.ts';
import { asError } from '../../runtime/error.ts';
import { runListPage } from '../report/run-list.ts';
import { storedRuns } from './stored-runs.ts';

/** Runs and their logs are private. */
export const HOST = '127.0.0.1';

export interface RunServer {
  readonly url: string;
  /** Ends all connections. */
  close(): void;
}

/**
 * Starts serving a run directory, to requests for this machine and for `hostNames`. `port` 0 takes any free port. Rejects
 * if the port cannot be used.
 */
export async function serveRuns(
  directory: string,
  port: number,
  hostNames: readonly string[],
): Promise<RunServer> {
  const server = createServer((request, response) => {
    try {
      if (!isFor(request, hostNames)) return plain(response, 421, 'this server goes by no such name');
      respond(realpathSync(directory), request, response);
    } catch (error) {
      // Runs may be deleted while they are being read.
      plain(response, 500, asError(error).message);
    }
  });
  const address = await listen(server, port);
  return {
    url: `http://${HOST}:${address.port}/`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function listen(server: Server, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the server has no address'));
      else resolve(address);
    });
  });
}

const contentTypes = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
  ['.json', 'application/json'],
  // Browsers show these; under types of their own they would only be downloaded.
  ['.jsonl', 'text/plain; charset=utf-8'],
  ['.log', 'text/plain; charset=utf-8'],
  ['.txt', 'text/plain; charset=utf-8'],
]);

function respond(root: string, request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Cache-Control', 'no-cache');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return plain(response, 405, 'only GET and HEAD are allowed');
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
  // The file may still be growing; exactly the promised length is sent.
  const stream = createReadStream(file.path, { end: Math.max(0, file.size - 1) });
  stream.once('error', () => response.destroy());
  if (file.size === 0) response.end();
  else stream.pipe(response);
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}

/**
 * Whether a request is for a name of this server. Any other is that of a page which lets it lead here, so that the
 * browser lets it read what is private.
 */
function isFor({ headersDistinct, url = '' }: IncomingMessage, hostNames: readonly string[]): boolean {
  const [host, ...others] = headersDistinct['host'] ?? [];
  if (others.length > 0) return false;
  const authority = parseAuthority(/^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? host ?? '');
  return authority !== undefined && (isLocalOrAddress(authority.host) || hostNames.includes(authority.host));
}

/** The decoded path of a URL, or undefined if it cannot be decoded. */
function pathOf(url: string): string | undefined {
  try {
    return decodeURIComponent(url.replace(/^https?:\/\/[^/?#]*\/?/i, '/').split(/[?#]/)[0] ?? '/');
  } catch {
    return undefined;
  }
}

/** The regular file at `path`, or undefined if there is none or it is really somewhere else than below `root`. */
function fileBelow(root: string, path: string): { readonly path: string; readonly size: number } | undefined {
  try {
    const real = realpathSync(join(root, path));
    const stats = statSync(real);
    return real.startsWith(root + sep) && stats.isFile() ? { path: real, size: stats.size } : undefined;
  } catch {
    return undefined;
  }
}
