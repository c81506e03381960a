/** Restricted tokens: they permit to increment the counters below their prefixes, and nothing else. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorOf } from '../../support/api-error.ts';
import { textOf } from '../../support/documents.ts';
import { rowsOf } from '../../support/markdown.ts';
import {
  type ServerProcess,
  startServer,
  stopServers,
  temporaryDirectory,
} from '../../support/server-process.ts';

afterAll(stopServers);

type Headers = Readonly<Record<string, string>>;

const FULL = 'the-token-of-the-server';
const ofLikes = 'a-token/with+every=thing~7';
const ofTwo = 'a-token-with-two-prefixes';
const ofDefault = 'a-token-for-the-shared-counter';
const origin = 'https://friend.example';

const bearing = (token: string): Headers => ({ authorization: `Bearer ${token}` });
const tokensFile = (): string => {
  const path = join(temporaryDirectory(), 'tokens');
  const lines = [
    `${ofLikes} increment likes/`,
    `${ofTwo}\tincrement  views of /`,
    `${ofTwo} increment größe/`,
    `${ofDefault} increment default`,
  ];
  writeFileSync(path, `# For pages\r\n\r\n${lines.join('\n')}\n`);
  return path;
};

let server: ServerProcess;
beforeAll(async () => {
  const args = ['--tokens-file', tokensFile(), '--verbose', '--allow-origin', origin];
  server = await startServer({ args, env: { TOKEN: FULL } });
});

const batch = (...keys: string[]): object => ({ increments: keys.map((key) => ({ key })) });
const value = async (key: string): Promise<number> => (await server.read(key)).value;

describe('a restricted token', () => {
  test('increments a counter below its prefix', async () => {
    expect(await server.increment('likes/one', 2, bearing(ofLikes))).toBe(2);
    expect(await value('likes/one')).toBe(2);
  });

  test.each(['likes', 'Likes/x', 'other/likes/x', 'l', 'default', ' likes/x', 'likes%2Fx'])(
    'does not increment %j, which is not below it',
    async (key) => {
      const answer = await server.post(`/counter/incr/${encodeURIComponent(key)}`, {}, bearing(ofLikes));
      expect(errorOf(answer)).toBe('403 forbidden');
      expect(await value(key)).toBe(0);
    },
  );

  test('increments a batch of counters below its prefix', async () => {
    const answer = await server.post(
      '/counters/incr',
      batch('likes/a', 'likes/b', 'likes/a'),
      bearing(ofLikes),
    );
    expect(answer.status).toBe(200);
    expect([await value('likes/a'), await value('likes/b')]).toEqual([2, 1]);
  });

  test.each([
    ['first', batch('other', 'likes/none', 'likes/none')],
    ['last', batch('likes/none', 'likes/none', 'other')],
  ])('increments nothing of a batch whose %s counter is not below it', async (_, body) => {
    const headers = { ...bearing(ofLikes), 'idempotency-key': 'same' };
    expect(errorOf(await server.post('/counters/incr', body, headers))).toBe('403 forbidden');
    expect([await value('likes/none'), await value('other')]).toEqual([0, 0]);
  });

  test('that was refused leaves its idempotency key to others', async () => {
    const headers = { 'idempotency-key': 'once' };
    const refused = await server.post('/counter/incr/mine', {}, { ...headers, ...bearing(ofLikes) });
    expect(errorOf(refused)).toBe('403 forbidden');
    expect((await server.post('/counter/incr/mine', {}, { ...headers, ...bearing(FULL) })).status).toBe(200);
    const again = await server.post('/counter/incr/mine', {}, { ...headers, ...bearing(ofLikes) });
    expect(errorOf(again)).toBe('403 forbidden');
    expect(await value('mine')).toBe(1);
  });

  test('with two prefixes permits both, which may have blanks in them and be of any script', async () => {
    expect(await server.increment('views of /x', 1, bearing(ofTwo))).toBe(1);
    expect(await server.increment('größe/x', 1, bearing(ofTwo))).toBe(1);
    const both = await server.post('/counters/incr', batch('views of /x', 'größe/x'), bearing(ofTwo));
    expect(both.status).toBe(200);
    expect(errorOf(await server.post('/counter/incr/views', {}, bearing(ofTwo)))).toBe('403 forbidden');
  });

  test('permits the shared counter if that is below its prefix', async () => {
    expect((await server.post('/increment', { amount: 3 }, bearing(ofDefault))).status).toBe(200);
    expect(errorOf(await server.post('/increment', {}, bearing(ofLikes)))).toBe('403 forbidden');
    expect(await value('default')).toBe(3);
  });

  const guarded = rowsOf(textOf('docs/http-api.md'))
    .filter(({ cells }) => cells.get('token') === 'yes')
    .map(({ first }) => first.slice(1, -1).replace('KEY', 'likes%2Fother'));

  test.each(guarded.filter((request) => !/\/incr(?:ement)?\b/.test(request)))(
    'does not permit %s, the token of the server does',
    async (request) => {
      const [method = '', path = ''] = request.split(' ');
      expect(errorOf(await server.ask(method, path, bearing(ofLikes)))).toBe('403 forbidden');
      const { status } = await server.ask(method, path, bearing(FULL));
      expect([401, 403]).not.toContain(status);
    },
  );

  test.each(['/backup', '/counter/sync/likes%2Fx'])('does not permit HEAD %s either', async (path) => {
    expect((await server.ask('HEAD', path, bearing(ofLikes))).status).toBe(403);
  });

  test('is refused before the body is read, where it permits nothing', async () => {
    expect(errorOf(await server.post('/counter/merge/likes%2Fx', '{', bearing(ofLikes)))).toBe(
      '403 forbidden',
    );
    expect(errorOf(await server.post('/counter/incr/likes%2Fx', '{', bearing(ofLikes)))).toBe(
      '400 invalid_json',
    );
  });
});

test.each([
  ofLikes.slice(0, -1),
  `${ofLikes}x`,
  ofLikes.toUpperCase(),
  '',
  '#',
  'increment',
  `${ofLikes} increment likes/`,
  `${ofLikes} ${ofTwo}`,
])('%j is no token', async (token) => {
  expect(errorOf(await server.post('/counter/incr/likes%2Fx', {}, bearing(token)))).toBe('401 unauthorized');
});

test('the token of the server permits every increment', async () => {
  expect(await server.increment('anything', 1, bearing(FULL))).toBe(1);
  expect((await server.post('/counters/incr', batch('likes/z', 'anything'), bearing(FULL))).status).toBe(200);
});

describe('a page of an allowed origin', () => {
  test.each([
    ['POST', '/counter/incr/likes%2Fx'],
    ['POST', '/counters/incr'],
    ['POST', '/increment'],
    ['GET', '/counter/likes%2Fx'],
    ['GET', '/counters'],
    ['GET', '/counters/watch'],
    ['GET', '/count'],
    ['GET', '/health'],
  ])('may send %s %s with its token, and what the client sends besides', async (method, path) => {
    const names = ['authorization', 'content-type', 'idempotency-key', 'last-event-id'];
    const { status, headers } = await server.ask('OPTIONS', path, {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': names.join(','),
    });
    expect(status).toBe(204);
    expect(headers['access-control-allow-origin']).toBe(origin);
    expect(headers['access-control-allow-methods']).toBe(method);
    expect(String(headers['access-control-allow-headers']).split(', ')).toEqual(
      expect.arrayContaining(names),
    );
  });

  test.each([
    ['401 unauthorized', 'likes%2Fx', 'wrong'],
    ['403 forbidden', 'other', ofLikes],
  ])('can read the error %s', async (error, segment, token) => {
    const answer = await server.post(`/counter/incr/${segment}`, {}, { origin, ...bearing(token) });
    expect(errorOf(answer)).toBe(error);
    expect(answer.headers['access-control-allow-origin']).toBe(origin);
  });
});

test('no token is in the log, the metrics or what a refused request is answered with', async () => {
  const bodies = [];
  for (const token of [ofLikes, ofTwo, FULL, `${FULL}x`]) {
    for (const path of ['/counter/incr/other', '/counter/merge/other', '/nothing']) {
      bodies.push((await server.post(path, { amount: 0 }, bearing(token))).body);
    }
  }
  const { body } = await server.get('/metrics?counters=');
  const said = [...server.stderr, ...bodies, body].join('\n');
  expect(said).toContain('POST /counter/incr/other 403');
  for (const token of [ofLikes, ofTwo, FULL]) expect(said).not.toContain(token);
});
