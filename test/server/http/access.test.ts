/** Who may write: those with the token, and no page of somebody else. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorOf } from '../../support/api-error.ts';
import {
  type HttpResponse,
  type ServerProcess,
  startServer,
  stopServers,
  temporaryDirectory,
} from '../../support/server-process.ts';

afterAll(stopServers);

type Headers = Readonly<Record<string, string>>;

const writes: readonly (readonly [
  name: string,
  ask: (server: ServerProcess, headers: Headers) => Promise<HttpResponse>,
])[] = [
  ['an increment', (server, headers) => server.post('/counter/incr/k', { amount: 1 }, headers)],
  ['a batch', (server, headers) => server.post('/counters/incr', { increments: [{ key: 'k' }] }, headers)],
  ['a merge', (server, headers) => server.post('/counter/merge/k', { nodes: { other: 1 } }, headers)],
];

const token = 'a-token/with+every=thing~7';

describe('with a token', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    const file = join(temporaryDirectory(), 'token');
    writeFileSync(file, `${token}\n`);
    server = await startServer({ args: ['--token-file', file] });
  });

  const guarded = [
    ...writes,
    ['a sync', (to: ServerProcess, headers: Headers) => to.get('/counter/sync/k', headers)] as const,
  ];

  test.each(guarded)('%s without it is refused', async (_, ask) => {
    const answer = await ask(server, {});
    expect(errorOf(answer)).toBe('401 unauthorized');
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect((await server.read('k')).value).toBe(0);
  });

  test.each(
    [
      [token, `Basic ${token}`, 'Bearer', 'Bearer ', `Bearer ${token}x`, `Bearer ${token.slice(0, -1)}`],
      [`Bearer ${token.toUpperCase()}`, `Bearer x ${token}`, `Bearer Bearer ${token}`, `Bearer: ${token}`],
    ]
      .flat()
      .flatMap((header) => guarded.map(([name, ask]) => [header, name, ask] as const)),
  )('the authorization %j is not enough for %s', async (authorization, _, ask) => {
    expect(errorOf(await ask(server, { authorization }))).toBe('401 unauthorized');
    expect((await server.read('k')).value).toBe(0);
  });

  test.each(['/counter/k', '/counters', '/health', '/metrics', '/'])(
    '%s is open without it',
    async (path) => {
      expect((await server.get(path)).status).toBe(200);
    },
  );

  test.each(['Bearer', 'bearer', 'BEARER '])(
    'the scheme %j with the token gives access to everything',
    async (scheme) => {
      const open = await startServer({ env: { TOKEN: token } });
      for (const [, ask] of guarded) {
        expect((await ask(open, { authorization: `${scheme} ${token}` })).status).toBe(200);
      }
      expect(await open.read('k')).toMatchObject({ value: 3 });
      expect(errorOf(await open.post('/counter/incr/k'))).toBe('401 unauthorized');
    },
  );

  test('the token is checked before the body', async () => {
    expect(errorOf(await server.post('/counter/incr/', '{'))).toBe('401 unauthorized');
  });
});

test('the token in the file takes precedence over the one in the environment', async () => {
  const file = join(temporaryDirectory(), 'token');
  writeFileSync(file, 'of-file');
  const server = await startServer({ args: ['--token-file', file], env: { TOKEN: 'of-environment' } });
  expect(await server.increment('k', 1, { authorization: 'Bearer of-file' })).toBe(1);
  const other = { authorization: 'Bearer of-environment' };
  expect(errorOf(await server.post('/counter/incr/k', {}, other))).toBe('401 unauthorized');
});

describe('a page', () => {
  const friend = 'https://friend.example';
  const foreign = [
    'https://other.example',
    'http://friend.example',
    `${friend}:444`,
    `${friend}.evil`,
    'null',
  ];
  let alone: ServerProcess;
  let open: ServerProcess;
  let wide: ServerProcess;
  beforeAll(async () => {
    [alone, open, wide] = await Promise.all([
      startServer(),
      startServer({ args: ['--allow-origin', `https://first.example, ${friend}`] }),
      startServer({ env: { ALLOW_ORIGIN: '*' } }),
    ]);
  });

  test.each(
    [...foreign, friend].flatMap((origin) => writes.map(([name, ask]) => [origin, name, ask] as const)),
  )('of %s may not send %s where nobody is allowed', async (origin, _, ask) => {
    expect(errorOf(await ask(alone, { origin }))).toBe('403 foreign_origin');
    expect((await alone.read('k')).value).toBe(0);
  });

  test('of the server itself may write', async () => {
    for (const name of ['127.0.0.1', 'localhost']) {
      const host = `${name}:${alone.port}`;
      expect(await alone.increment(`own ${name}`, 1, { host, origin: `http://${host}` })).toBe(1);
    }
  });

  test.each(foreign)('of %s may not write where another is allowed', async (origin) => {
    const answer = await open.post('/counter/incr/foreign', {}, { origin });
    expect(errorOf(answer)).toBe('403 foreign_origin');
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    expect((await open.read('foreign')).value).toBe(0);
  });

  test.each(['/counter/k', '/counters', '/health', '/nothing'])(
    'reads %s only if its origin is allowed',
    async (path) => {
      const allowed = async (server: ServerProcess, origin: string): Promise<unknown> =>
        (await server.get(path, { origin })).headers['access-control-allow-origin'];
      expect(await allowed(open, friend)).toBe(friend);
      expect(await allowed(wide, friend)).toBe(friend);
      expect(await allowed(open, 'https://other.example')).toBeUndefined();
      expect(await allowed(alone, friend)).toBeUndefined();
    },
  );

  test('of an allowed origin writes, and reads responses and errors', async () => {
    for (const [server, origin] of [
      [open, friend],
      [wide, 'https://other.example'],
      [wide, 'null'],
    ] as const) {
      for (const [, ask] of writes) {
        const { status, headers } = await ask(server, { origin });
        expect([status, headers['access-control-allow-origin'], headers.vary]).toEqual([
          200,
          origin,
          'origin',
        ]);
      }
      const refused = await server.post('/counter/incr/k', { amount: 0 }, { origin });
      expect(errorOf(refused)).toBe('400 invalid_amount');
      expect(refused.headers['access-control-allow-origin']).toBe(origin);
    }
  });

  test('of an allowed origin may send a preflight request without a token', async () => {
    const guarded = await startServer({ args: ['--allow-origin', friend], env: { TOKEN: token } });
    const preflight = {
      origin: friend,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,idempotency-key',
    };
    const { status, headers, body } = await guarded.ask('OPTIONS', '/counter/incr/k', preflight);
    expect([status, body]).toEqual([204, '']);
    expect(headers).toMatchObject({
      'access-control-allow-origin': friend,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': expect.stringMatching(/authorization.*content-type.*idempotency-key/),
    });
    expect(headers['access-control-allow-credentials']).toBeUndefined();
  });

  test('of another origin is refused in the preflight request', async () => {
    const preflight = { origin: 'https://other.example', 'access-control-request-method': 'POST' };
    expect(errorOf(await open.ask('OPTIONS', '/counter/incr/k', preflight))).toBe('403 foreign_origin');
    expect(errorOf(await alone.ask('OPTIONS', '/counter/incr/k', preflight))).toBe('405 method_not_allowed');
  });

  test('gets no content-length with a 204, as HTTP demands', async () => {
    // RFC 9110, 8.6: "A server MUST NOT send a Content-Length header field in any response with a status code of 204."
    const { headers } = await open.ask('OPTIONS', '/counter/incr/k', { origin: friend });
    expect(headers['content-length']).toBeUndefined();
  });
});
