/** Which type of response a client gets: JSON, unless it prefers another. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { preferred } from '../../../src/server/http/negotiation.ts';
import { type ServerProcess, startServer, stopServers } from '../../support/server-process.ts';

const ORIGIN = 'https://friend.example';
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer({ args: ['--allow-origin', ORIGIN] });
  await server.increment('likes', 1234);
});
afterAll(stopServers);

test.each([
  [undefined, 'json'],
  ['', 'json'],
  ['*/*', 'json'],
  ['text/plain', 'text'],
  ['TEXT/Plain', 'text'],
  ['text/*', 'text'],
  ['text/plain; charset=utf-8', 'text'],
  ['text/plain;charset="UTF-8"', 'text'],
  ['text/plain; charset=latin1', 'json'],
  ['text/plain;format=flowed', 'json'],
  ['text/plain, application/json', 'json'],
  ['text/plain, */*', 'json'],
  ['text/plain, */*;q=0.9', 'text'],
  ['text/plain, application/json;q=0.999', 'text'],
  ['text/plain;q=0.5, application/json;q=0.4', 'text'],
  ['text/plain;q=0.4, application/json;q=0.5', 'json'],
  ['text/plain;q=0', 'json'],
  ['application/json;q=0, */*;q=0.1', 'text'],
  ['text/*;q=0.9, text/plain;q=0.1, application/*;q=0.2', 'json'],
  ['image/png', 'json'],
  ['text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8', 'json'],
  ['text/plain;q=2', 'json'],
  ['application/json;q=0.5;x="a,text/plain;q=1"', 'json'],
  [',,;q=1,', 'json'],
])('who accepts %j gets %s', (accept, expected) => {
  expect(preferred(accept, ['application/json', 'text/plain'])).toMatch(expected);
});

test('what is in quotes separates nothing, whether they close or not', () => {
  expect(preferred(`text/plain;x="${',text/plain'.repeat(1000)}`, ['application/json', 'text/plain'])).toBe(
    'application/json',
  );
});

test('the value is a bare number for those who prefer plain text, whose caches tell it from JSON', async () => {
  for (const path of ['/counter/likes', '/counter/never', '/count']) {
    const text = await server.get(path, { accept: 'text/plain', origin: ORIGIN });
    expect([text.body, text.headers['content-type']]).toEqual([
      path.endsWith('likes') ? '1234\n' : '0\n',
      'text/plain; charset=utf-8',
    ]);
    expect(text.headers.vary).toBe('accept, origin');
    const json = await server.get(path, { accept: '*/*' });
    expect([json.headers['content-type'], json.headers.vary]).toEqual(['application/json', 'accept']);
  }
  const head = await server.ask('HEAD', '/counter/likes', { accept: 'text/plain' });
  expect([head.headers['content-length'], head.body]).toEqual(['5', '']);
});

test('an increment is answered with the bare new value for those who prefer it', async () => {
  for (const [path, value] of [
    ['/counter/incr/text', '5\n'],
    ['/increment', '5\n'],
  ] as const) {
    const { status, body } = await server.post(path, { amount: 5 }, { accept: 'text/plain' });
    expect([status, body]).toEqual([200, value]);
  }
});

test('errors are JSON for everybody', async () => {
  const { status, headers } = await server.get('/counter/%00', { accept: 'text/plain' });
  expect([status, headers['content-type']]).toEqual([400, 'application/json']);
});
