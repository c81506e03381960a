/** Forms and beacons of pages in Chromium, as docs/http-api.md has them, to a server of another origin. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Pages, chromiumSuffix, hasChromium, launchChromium, servePages } from './support/chromium.ts';
import { textOf } from './support/documents.ts';
import { eventually } from './support/eventually.ts';
import { blocksOf } from './support/markdown.ts';
import { startServer, stopServers } from './support/server-process.ts';

const example = blocksOf(textOf('docs/http-api.md')).find(({ lines }) => lines.join().includes('<form'));

describe.skipIf(!hasChromium)(`forms and beacons${chromiumSuffix}`, () => {
  let pages: Pages;
  let url: string;
  let browser: Browser;
  const documents: Record<string, string> = {};

  beforeAll(async () => {
    pages = await servePages(documents);
    const server = await startServer({ args: ['--allow-origin', pages.origin] });
    url = `http://127.0.0.1:${server.port}`;
    documents['/'] = example?.lines.join('\n').replaceAll('https://HOST', url) ?? '';
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    pages?.close();
    await stopServers();
  });

  const valueOf = async (key: string): Promise<string> =>
    (await fetch(`${url}/counter/${key}`, { headers: { accept: 'text/plain' } })).text();

  test('the form of the example adds 1, shows the badge, and the beacon adds what it says as the page is left', async () => {
    const page = await browser.newPage();
    await page.goto(pages.origin);
    await page.locator('button').click();
    await page.waitForURL(`${url}/badge/likes.svg`);
    expect(await page.locator('title').textContent()).toBe('likes: 1');
    expect(await valueOf('likes')).toBe('1\n');
    await eventually(async () => expect(await valueOf('seconds')).toBe('5\n'));
    await page.reload();
    expect(await valueOf('likes')).toBe('1\n');
    await page.close();
  });

  test.each([
    ['without data', 'undefined', '1\n'],
    [
      'of JSON in a Blob, for which browsers ask with credentials',
      `new Blob(['{}'], { type: 'application/json' })`,
      '0\n',
    ],
    ['of a FormData', 'new FormData()', '0\n'],
  ])('a beacon %s', async (name, data, value) => {
    const key = encodeURIComponent(name);
    const page = await browser.newPage();
    await page.goto(pages.origin);
    const isOver = Promise.any([page.waitForEvent('requestfinished'), page.waitForEvent('requestfailed')]);
    await page.evaluate(`navigator.sendBeacon('${url}/counter/incr/${key}', ${data})`);
    await isOver;
    expect(await valueOf(key)).toBe(value);
    await page.close();
  });

  test('a form of an origin that is not named does not count', async () => {
    const others = await servePages({ '/': documents['/']?.replaceAll('likes', 'disliked') ?? '' });
    const page = await browser.newPage();
    await page.goto(others.origin);
    await page.locator('button').click();
    await page.waitForURL(`${url}/counter/incr/disliked`);
    expect(await page.content()).toContain('foreign_origin');
    expect(await valueOf('disliked')).toBe('0\n');
    await page.close();
    others.close();
  });
});
