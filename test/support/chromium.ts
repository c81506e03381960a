/** Headless Chromium, and an origin of its own for the pages it shows. Tests of it are skipped where it is not installed. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const executablePath = spawnSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).stdout.trim();

export const hasChromium = executablePath !== '';

/** What to add to the name of a test that needs it. */
export const chromiumSuffix = hasChromium ? '' : ' (skipped: chromium is not installed)';

/** With more arguments on its command line. */
export const launchChromium = (...args: readonly string[]): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [...args],
    // As users have it: a page that is left may be kept, and come back as it was.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });

/** Documents for a browser. */
export interface Pages {
  /** Another one than that of any server of counters. */
  readonly origin: string;
  close(): void;
}

const TYPES: Readonly<Record<string, string>> = { '.css': 'text/css', '.js': 'text/javascript' };

/** Serves documents by path: HTML, unless the path says something else. */
export async function servePages(documents: Readonly<Record<string, string>>): Promise<Pages> {
  const server = createServer(({ url = '' }, response) => {
    const document = documents[url];
    const type = `${TYPES[extname(url)] ?? 'text/html'}; charset=utf-8`;
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': type });
    response.end(document);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the pages have no port');
  return {
    origin: `http://localhost:${address.port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
