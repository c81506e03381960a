/** Badges: pictures of a counter for pages of any origin. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { badgeSvg } from '../../../src/server/http/badge-svg.ts';
import { fitted } from '../../../src/server/http/text-width.ts';
import { errorOf } from '../../support/api-error.ts';
import { type ServerProcess, startServer, stopServers } from '../../support/server-process.ts';

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer();
});
afterAll(stopServers);

const MOST = Number.MAX_SAFE_INTEGER;

/** The tags of a badge, without their attributes, in order; and its texts, decoded. Throws if it is not well formed. */
function parsed(svg: string): { tags: string[]; texts: string[] } {
  const [tags, texts, open]: [string[], string[], string[]] = [[], [], []];
  let rest = svg;
  while (rest !== '') {
    const [piece, close, name, , isEmpty, text] =
      /^(?:<(\/?)([a-z]+)((?: [a-zA-Z-]+="[^"<&]*")*)(\/?)>|([^<>&]|&(?:amp|lt|gt|quot);)+)/.exec(rest) ?? [];
    if (piece === undefined) throw new Error(`not well formed: ${rest}`);
    rest = rest.slice(piece.length);
    if (name === undefined || text !== undefined) {
      if (piece.trim() !== '') texts.push(decoded(piece));
    } else if (close === '/') {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing`);
    } else {
      tags.push(name);
      if (isEmpty !== '/') open.push(name);
    }
  }
  if (open.length > 0) throw new Error(`${open.join()} is open`);
  return { tags, texts };
}

const decoded = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');

test('a badge says its label and its value, to those who see no pictures too', () => {
  const { tags, texts } = parsed(badgeSvg('likes', 1_234_567));
  expect(tags).toEqual(['svg', 'title', 'rect', 'path', 'g', 'text', 'text']);
  expect(texts).toEqual(['likes: 1,234,567', 'likes', '1,234,567']);
  expect(badgeSvg('likes', 0)).toContain('role="img"');
});

test('whatever the label is, the badge has the same elements, and only characters that XML has', () => {
  const { tags } = parsed(badgeSvg('likes', 1));
  const nasty = fc.constantFrom(
    '<',
    '>',
    '&',
    '"',
    "'",
    ']]>',
    '<!--',
    '\0',
    '\ufffe',
    '\uffff',
    '\ud800',
    '\n',
    ' ',
    '\u{1f9ee}',
  );
  const label = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(nasty).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(label, fc.maxSafeNat(), (text, value) => {
      const svg = badgeSvg(text, value);
      expect(parsed(svg).tags).toEqual(tags);
      expect(svg).not.toMatch(/[^\n\P{Cc}]|\p{Cs}|[\ufffe\uffff]/u);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test.each(['x'.repeat(10_000), 'W'.repeat(256), '漢'.repeat(85), '👩‍👩‍👧‍👦'.repeat(50), 'é'.repeat(300)])(
  'a long label is cut between characters, and the badge stays small (%#)',
  (label) => {
    const svg = badgeSvg(label, MOST);
    expect(Number(/width="(\d+)"/.exec(svg)?.[1])).toBeLessThan(420);
    const [, shown = ''] = parsed(svg).texts;
    expect(shown.endsWith('…')).toBe(true);
    const characters = Array.from(new Intl.Segmenter('en').segment(label), ({ segment }) => segment);
    const starts = characters.map((_, count) => characters.slice(0, count).join(''));
    expect(starts.slice(1)).toContain(shown.slice(0, -1));
  },
);

test('a text that fits is left as it is, and none is wider than it may be', () => {
  expect(fitted('likes', 20).text).toBe('likes');
  expect(fitted('', 20)).toEqual({ text: '', width: 0 });
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      expect(fitted(text, 20).width).toBeLessThanOrEqual(20);
    }),
    { seed: 1 },
  );
});

test('any key has its badge, with a slash in it or a name that ends in .svg', async () => {
  for (const [key, path] of [
    ['a/b', '/badge/a%2Fb.svg'],
    ['a.svg', '/badge/a.svg.svg'],
    ['<b> & "c"', `/badge/${encodeURIComponent('<b> & "c"')}.svg`],
  ] as const) {
    await server.increment(key, 1234);
    const { status, body, headers } = await server.get(path);
    expect([status, headers['content-type']]).toEqual([200, 'image/svg+xml; charset=utf-8']);
    expect(parsed(body).texts).toEqual([`${key}: 1,234`, key, '1,234']);
  }
  expect(parsed((await server.get('/badge/never.svg?label=Likes')).body).texts).toEqual([
    'Likes: 0',
    'Likes',
    '0',
  ]);
});

test('a badge is kept, and asked for again each time: unchanged, nothing is sent', async () => {
  await server.increment('cached');
  const { headers, body } = await server.get('/badge/cached.svg');
  const { etag = '' } = headers;
  expect(headers['cache-control']).toBe('no-cache');
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const again = await server.get('/badge/cached.svg', { 'if-none-match': known });
    expect([again.status, again.body, again.headers.etag]).toEqual([304, '', etag]);
    expect(again.headers['content-length']).toBeUndefined();
  }
  await server.increment('cached');
  const changed = await server.get('/badge/cached.svg', { 'if-none-match': etag });
  expect(changed.status).toBe(200);
  expect(changed.body).not.toBe(body);
  const head = await server.ask('HEAD', '/badge/cached.svg');
  expect([head.status, head.body, head.headers.etag]).toEqual([200, '', changed.headers.etag]);
});

test('a page of any origin may show it, and not read it', async () => {
  const { status, headers } = await server.get('/badge/k.svg', {
    origin: 'https://other.example',
    'sec-fetch-site': 'cross-site',
  });
  expect([status, headers['cross-origin-resource-policy']]).toEqual([200, 'cross-origin']);
  expect(headers['access-control-allow-origin']).toBeUndefined();
});

test.each([
  ['/badge/.svg', '400 invalid_key'],
  ['/badge/%00.svg', '400 invalid_key'],
  ['/badge/k.svg?label=', '400 invalid_label'],
  ['/badge/k.svg?label=%00', '400 invalid_label'],
  [`/badge/k.svg?label=${'x'.repeat(257)}`, '400 invalid_label'],
  ['/badge/k', '404 not_found'],
  ['/badge/a/b.svg', '404 not_found'],
])('%s is refused: %s', async (path, error) => {
  expect(errorOf(await server.get(path))).toBe(error);
});
