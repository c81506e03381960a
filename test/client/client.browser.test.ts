/** The client in a page of Chromium, whose origin is not that of the servers: the scenarios, and what only pages have. */
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Pages, chromiumSuffix, hasChromium, launchChromium, servePages } from '../support/chromium.ts';
import { ClientSite } from '../support/client-site.ts';
import { type Outside, TOKEN } from '../support/outside.ts';
import { testScenarios } from './run-scenarios.ts';

let browser: Browser;
let pages: Pages;
let documents: Readonly<Record<string, string>>;

beforeAll(async () => {
  if (!hasChromium) return;
  const { outputFiles } = await build({
    entryPoints: ['test/client/page.ts'],
    bundle: true,
    format: 'iife',
    target: 'es2022',
    write: false,
  });
  const script = outputFiles.map(({ text }) => text).join('');
  documents = { '/': `<!doctype html><script>${script}</script>`, '/other': '<!doctype html>' };
  pages = await servePages(documents);
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  pages?.close();
});

testScenarios({
  canRun: hasChromium,
  suffix: chromiumSuffix,
  origin: () => pages.origin,
  async runOn(site) {
    const page = await browser.newPage();
    await page.exposeFunction('ask', (method: Exclude<keyof Outside, 'endpoints'>, argument: never) =>
      site[method](argument),
    );
    return async (claim) => {
      // Ends what an earlier one may have left.
      await page.goto(pages.origin);
      await page.evaluate(`run(${JSON.stringify([claim, site.endpoints])})`);
    };
  },
});

describe.skipIf(!hasChromium)(`a page${chromiumSuffix}`, () => {
  let site: ClientSite;

  beforeAll(async () => void (site = await ClientSite.open('one server', pages.origin)));
  afterAll(() => site.close());

  /** Opens a page that has a client of the servers. */
  async function openClient(origin = pages.origin): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(origin);
    const options = { endpoints: site.endpoints, token: TOKEN };
    await page.evaluate(`globalThis.client = new CounterClient(${JSON.stringify(options)})`);
    return page;
  }

  const other = (): string => `${pages.origin}/other`;

  test.each([
    ['has counted nothing before', ''],
    ['has counted before', "await client.increment('before');"],
  ])('delivers what waits when it is left, if it %s', async (name, before) => {
    const page = await openClient();
    const key = `left, ${name}`;
    await page.evaluate(
      `(async () => { ${before} client.increment('${key}', 3); location.href = '/other'; })()`,
    );
    await page.waitForURL(other());
    await expect(site.shows([[key, 3]])).resolves.toBeUndefined();
    await page.close();
  });

  test.each(['pagehide', 'visibilitychange'])(
    'delivers what it counts as it is left, at %s',
    async (event) => {
      const page = await openClient();
      const key = `at ${event}`;
      await page.evaluate(`addEventListener('${event}', () => void client.increment('${key}', 3))`);
      await page.evaluate("location.href = '/other'");
      await page.waitForURL(other());
      await expect(site.shows([[key, 3]])).resolves.toBeUndefined();
      await page.close();
    },
  );

  test('that comes back as it was left, while no server answered, counts once', async () => {
    const page = await openClient();
    await page.evaluate("client.increment('kept')");
    const killed = site.kill();
    await page.evaluate("globalThis.outcome = client.increment('kept', 2); location.href = '/other';");
    await page.waitForURL(other());
    await killed;
    await page.evaluate('history.back()');
    // A page that comes back does not load.
    await page.waitForURL(`${pages.origin}/`, { waitUntil: 'commit' });
    expect(await page.evaluate('outcome')).toBe(3);
    await site.shows([['kept', 3]]);
    await page.close();
  });

  test('whose origin is not allowed can neither count nor read', async () => {
    const stranger = await servePages(documents);
    const page = await openClient(stranger.origin);
    const codes = await page.evaluate(`(async () => {
      const abort = new AbortController();
      const outcome = client.increment('stranger', 1, { signal: abort.signal }).catch(String);
      const read = await client.read('stranger').catch(({ code }) => code);
      abort.abort('enough');
      return [await outcome, read];
    })()`);
    expect(codes).toEqual(['enough', 'unavailable']);
    await site.shows([['stranger', 0]]);
    await page.close();
    stranger.close();
  });
});
