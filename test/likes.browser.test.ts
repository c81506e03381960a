/** The page of docs/ that counts likes, just as it is there, in Chromium, with a server of another origin. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Pages, chromiumSuffix, hasChromium, launchChromium, servePages } from './support/chromium.ts';
import { textOf } from './support/documents.ts';
import { eventually } from './support/eventually.ts';
import { blocksOf } from './support/markdown.ts';
import {
  type ServerProcess,
  startServer,
  stopServers,
  temporaryDirectory,
} from './support/server-process.ts';
import { Certificate } from './support/tls.ts';

const HOST = 'count.example.org';

describe.skipIf(!hasChromium)(`the page that counts likes${chromiumSuffix}`, () => {
  let pages: Pages;
  let server: ServerProcess;
  let browser: Browser;

  beforeAll(async () => {
    pages = await servePages({
      '/counting': readFileSync('docs/likes.html', 'utf8'),
      '/likes.css': readFileSync('docs/likes.css', 'utf8'),
      '/client.js': readFileSync('dist/package/client.js', 'utf8'),
    });
    const tokensFile = join(temporaryDirectory(), 'tokens');
    const tokens = blocksOf(textOf('docs/operations.md')).find(({ lines }) =>
      lines.join().includes('likes/'),
    );
    writeFileSync(tokensFile, `${tokens?.lines.join('\n')}\n`);
    const access = ['--allow-host', HOST, '--allow-origin', pages.origin, '--tokens-file', tokensFile];
    server = await startServer({
      args: [...access, ...new Certificate('first').args],
      env: { TOKEN: 'the-token-of-the-server' },
    });
    browser = await launchChromium(`--host-resolver-rules=MAP ${HOST}:443 127.0.0.1:${server.port}`);
  });
  afterAll(async () => {
    await browser?.close();
    pages?.close();
    await stopServers();
  });

  /** The page, once it shows how often it is liked. */
  async function open(options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
    const page = await browser.newPage({ ...options, ignoreHTTPSErrors: true });
    await page.goto(`${pages.origin}/counting`);
    await page.waitForFunction(`document.querySelector('button output').value !== ''`);
    return page;
  }

  const likes = (page: Page): Promise<string> => page.locator('button').innerText();

  /** What `fetch` gets in the page, with its token or another. */
  const ask = (page: Page, path: string, token = '8c3f6a0d9b'): Promise<string> =>
    page.evaluate(
      async ([url, bearer]) => {
        const response = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${bearer}` } });
        return `${response.status} ${await response.text()}`;
      },
      [`https://${HOST}${path}`, token] as const,
    );

  /** Increments counters by a client in the page, with its token. */
  const increment = (page: Page, amounts: Readonly<Record<string, number>>): Promise<void> =>
    page.evaluate(`(async () => {
      const { CounterClient } = await import('/client.js');
      const client = new CounterClient({ endpoints: ['https://${HOST}'], token: '8c3f6a0d9b' });
      for (const [post, amount] of Object.entries(${JSON.stringify(amounts)})) client.increment('likes/' + post, amount);
      await client.close();
    })()`);

  test('has at most 30 lines', () => {
    expect(readFileSync('docs/likes.html', 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(30);
  });

  test('counts each like, and everybody sees it', async () => {
    const page = await open();
    expect(await likes(page)).toBe('♥ 0');
    await page.locator('button').click();
    await page.locator('button').click();
    await eventually(async () => expect(await likes(page)).toBe('♥ 2'));
    const other = await open();
    expect(await likes(other)).toBe('♥ 2');
    await Promise.all([page.close(), other.close()]);
  });

  test('shows the posts that are liked most, and nothing that is no post', async () => {
    let page = await open();
    await increment(page, { tea: 40, bees: 30, rain: 41, '<b>spam</b>': 99, constructor: 98 });
    await page.close();
    page = await open();
    await page.waitForSelector('li');
    expect(await page.locator('li').allTextContents()).toEqual(['rain41', 'tea40', 'bees30', 'counting2']);
    await page.close();
  });

  test('has a badge of the likes', async () => {
    const page = await open();
    await page.waitForFunction(`document.querySelector('img').complete`);
    expect(await page.evaluate(`document.querySelector('img').naturalHeight`)).toBe(20);
    await page.close();
  });

  test('has a token that permits nothing else, and can read why', async () => {
    const page = await open();
    expect(await ask(page, '/counter/incr/likes%2Ftea')).toContain('200 {"key":"likes/tea"');
    expect(await ask(page, '/counter/incr/orders')).toContain('403 {"error":{"code":"forbidden"');
    expect(await ask(page, '/counter/merge/likes%2Ftea')).toContain('403 {"error":{"code":"forbidden"');
    expect(await ask(page, '/counter/incr/likes%2Ftea', 'wrong')).toContain(
      '401 {"error":{"code":"unauthorized"',
    );
    await page.close();
  });

  test('fits a phone', async () => {
    const page = await open({ viewport: { width: 390, height: 844 } });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await page.close();
  });
});
