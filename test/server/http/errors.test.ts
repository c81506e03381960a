/** What the server refuses: always with one JSON error, and nothing has changed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exchange, requestText } from '../../support/connection.ts';
import { errorOf, lastResponse } from '../../support/api-error.ts';
import {
  type HttpResponse,
  type ServerProcess,
  jsonOf,
  startServer,
  stopServers,
} from '../../support/server-process.ts';

/** Is only ever asked what it refuses, and so has no counters when all is done. */
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer();
});
afterAll(stopServers);

const MAX = Number.MAX_SAFE_INTEGER;
const json = { 'content-type': 'application/json' };

describe.each([
  ['an increment', (amount: string) => server.post('/counter/incr/k', `{"amount":${amount}}`)],
  [
    'a batch',
    (amount: string) => server.post('/counters/incr', `{"increments":[{"key":"k","amount":${amount}}]}`),
  ],
] as const)('%s', (_, add) => {
  test.each(
    [
      ['0', '-0', '-1', '1.5', '0.1', '1e-7', '9007199254740992', '1e400', '-1e400'],
      ['"5"', '""', 'null', 'true', 'false', '[]', '[5]', '{}', '{"amount":5}'],
    ].flat(),
  )('by %s is refused', async (amount) => {
    expect(errorOf(await add(amount))).toBe('400 invalid_amount');
  });

  test.each(['', 'NaN', 'Infinity', '05', '+5', '.5', '5.', '0x5', '5n', '1_000', "'5'"])(
    'by %s, which is not JSON, is refused',
    async (amount) => {
      expect(errorOf(await add(amount))).toBe('400 invalid_json');
    },
  );
});

test.each([
  ['/counter/incr/k', '[]'],
  ['/counter/incr/k', '5'],
  ['/counter/incr/k', 'null'],
  ['/counter/incr/k', '"amount"'],
  ['/counter/incr/k', '{"amuont":5}'],
  ['/counter/incr/k', '{"amount":5,"key":"k"}'],
  ['/counter/incr/k', '{"__proto__":{"amount":5}}'],
  ['/counter/incr/k', '{"constructor":5}'],
  ['/counters/incr', '[]'],
  ['/counters/incr', '[{"key":"k"}]'],
  ['/counters/incr', '{"increments":[{"key":"k"}],"amount":5}'],
  ['/counters/incr', '{"increments":[{"key":"k","amuont":5}]}'],
  ['/counters/incr', '{"increments":["k"]}'],
  ['/counter/merge/k', '{"node-2":5}'],
  ['/counter/merge/k', '{"nodes":{"node-2":5},"value":5}'],
])('%s refuses the body %s', async (path, body) => {
  expect(errorOf(await server.post(path, body))).toBe('400 invalid_body');
});

test.each([
  '{}',
  '{"increments":[]}',
  '{"increments":{}}',
  '{"increments":null}',
  '{"increments":"k"}',
  undefined,
])('a batch of %s is refused', async (body) => {
  expect(errorOf(await server.post('/counters/incr', body))).toBe('400 invalid_increments');
});

describe('the key', () => {
  const paths = ['/counter/', '/counter/incr/', '/counter/merge/', '/counter/sync/'];
  const ask = (path: string): Promise<HttpResponse> =>
    /incr|merge/.test(path)
      ? server.post(path, path.includes('merge') ? { nodes: {} } : {})
      : server.get(path);

  test.each(
    [
      ['', 'k'.repeat(257), encodeURIComponent('🧮'.repeat(64) + 'k')],
      ['%00', 'a%0Ab', '%0d', '%1f', '%7F', '%C2%80', '%C2%9f'],
      ['%', '%2', 'a%', '%zz', '%u0041', '%ff', '%C3', '%C3%28', '%ED%A0%80', '%F4%90%80%80', '%c0%80'],
    ].flat(),
  )('%j in the path is refused everywhere', async (segment) => {
    for (const path of paths) expect(errorOf(await ask(path + segment))).toBe('400 invalid_key');
  });

  test.each([
    '""',
    `"${'k'.repeat(257)}"`,
    `"${'é'.repeat(129)}"`,
    '"\\u0000"',
    '"a\\nb"',
    '"\\u007f"',
    '"\\u0085"',
    '"\\ud800"',
    '"\\udc00x"',
    '"\\ude00\\ud83d"',
    '5',
    'null',
    'true',
    '["k"]',
    '{}',
  ])('%s in a batch is refused', async (key) => {
    const body = `{"increments":[{"key":"k"},{"key":${key}}]}`;
    expect(errorOf(await server.post('/counters/incr', body))).toBe('400 invalid_key');
  });

  test('in a batch is required', async () => {
    expect(errorOf(await server.post('/counters/incr', { increments: [{}] }))).toBe('400 invalid_key');
  });
});

describe('the body', () => {
  const padded = (bytes: number): string => `{"amount":1}${' '.repeat(bytes - 12)}`;
  const chunked = (text: string): string => {
    const headers = { ...json, 'transfer-encoding': 'chunked', connection: 'close' };
    const chunk = `${text.length.toString(16)}\r\n${text}\r\n`;
    return `${requestText('POST', '/counter/incr/k', headers)}${chunk}0\r\n\r\n`;
  };

  test.each([65_537, 100_000, 1_000_000])('of %i bytes is too long', async (bytes) => {
    expect(errorOf(await server.post('/counter/incr/k', padded(bytes)))).toBe('413 body_too_large');
    const answer = await exchange(server.port, chunked(padded(bytes)));
    expect(errorOf(lastResponse(answer))).toBe('413 body_too_large');
  });

  test('of 65536 bytes is accepted', async () => {
    expect(errorOf(await server.post('/counter/incr/k', `${padded(65_535)}x`))).toBe('400 invalid_json');
  });

  test('of 8 MB is refused before it has arrived', async () => {
    const head = requestText('POST', '/counter/incr/k', { ...json, 'content-length': '8000000' });
    const answer = await exchange(server.port, head, ' '.repeat(2_000_000));
    expect(errorOf(lastResponse(answer))).toBe('413 body_too_large');
    await exchange(server.port, chunked(padded(8_000_000)));
  });

  test.each([
    ...`{ } {"amount":} {"amount":1}x {"amount":1,} {'amount':1} {"amount":1}{} amount=1 \ufeff \ufeff\ufeff\ufeff{}`.split(
      ' ',
    ),
    ' ',
    '\0',
    '{"amount":1}\0',
    '['.repeat(60_000),
  ])('that is not JSON is refused (%#)', async (body) => {
    expect(errorOf(await server.post('/counter/incr/k', body))).toBe('400 invalid_json');
  });

  test.each(['fffe', 'feff'])('with the byte-order mark %s, of UTF-16, is told so', async (mark) => {
    const body = Buffer.concat([Buffer.from(mark, 'hex'), Buffer.from('{"amount":1}', 'utf16le')]);
    const { body: answer } = await server.ask('POST', '/counter/incr/k', json, body);
    expect(answer).toContain('the body begins with the byte-order mark of UTF-16, not UTF-8');
  });

  test.each(['ff', 'c3', 'c328', 'eda080', 'f4908080', 'c080'])(
    'with the bytes %s, which are not UTF-8, is refused',
    async (hex) => {
      const body = Buffer.concat([Buffer.from('{"nodes":{"'), Buffer.from(hex, 'hex'), Buffer.from('":1}}')]);
      expect(errorOf(await server.ask('POST', '/counter/merge/k', json, body))).toBe('400 invalid_json');
    },
  );

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    'application/json-patch+json',
    'text/json',
    'xapplication/json',
    '',
  ])('of the type %j is refused', async (type) => {
    for (const path of ['/counter/incr/k', '/counters/incr', '/counter/merge/k']) {
      if (path === '/counter/incr/k' && type.includes('form')) continue;
      expect(errorOf(await server.post(path, {}, { 'content-type': type }))).toBe('415 not_json');
    }
  });

  test('without a type is refused', async () => {
    expect(errorOf(await server.ask('POST', '/counter/incr/k', {}, '{}'))).toBe('415 not_json');
  });
});

describe('a merge', () => {
  const merge = (nodes: string): Promise<HttpResponse> =>
    server.post('/counter/merge/k', `{"nodes":${nodes}}`);

  test.each(['-1', '1.5', '9007199254740992', '1e400', '"5"', 'null', 'true', '[]', '{}'])(
    'with the total %s is refused, and the other totals with it',
    async (total) => {
      expect(errorOf(await merge(`{"node-2":5,"node-3":${total},"node-4":6}`))).toBe('400 invalid_nodes');
    },
  );

  test.each(['null', '5', '"x"', '[]', '[["node-2",5]]', 'true'])('of %s is refused', async (nodes) => {
    expect(errorOf(await merge(nodes))).toBe('400 invalid_nodes');
  });

  test('without nodes is refused', async () => {
    expect(errorOf(await server.post('/counter/merge/k'))).toBe('400 invalid_nodes');
    expect(errorOf(await server.post('/counter/merge/k', {}))).toBe('400 invalid_nodes');
  });

  test.each(['""', '"\\n"', '"\\ud800"', `"${'n'.repeat(257)}"`])(
    'with a node named %s is refused',
    async (name) => {
      expect(errorOf(await merge(`{"node-2":5,${name}:1}`))).toBe('400 invalid_nodes');
    },
  );

  test('past 2^53 - 1 in all is refused', async () => {
    expect(errorOf(await merge(`{"node-2":${MAX},"node-3":1}`))).toBe('409 overflow');
  });
});

describe('a path', () => {
  const nowhere =
    '/nothing /counter /counters/ /counters/x /counter/incr/a/b /counter/x/k //counter/k /counter//k /. * /% ' +
    '/counter/__proto__/k /counter/constructor/k /counter/incr%2Fk/x /COUNTER/k /healthz /health/ /../health';

  test.each(nowhere.split(' '))('%s is nowhere', async (path) => {
    expect(errorOf(await server.get(path))).toBe('404 not_found');
    expect(errorOf(await server.post(path, {}))).toBe('404 not_found');
  });

  test.each([
    ['GET', '/counter/incr/k', 'POST'],
    ['PUT', '/counter/incr/k', 'POST'],
    ['GET', '/counter/merge/k', 'POST'],
    ['GET', '/counters/incr', 'POST'],
    ['POST', '/counter/sync/k', 'GET, HEAD'],
    ['POST', '/counter/k', 'GET, HEAD'],
    ['DELETE', '/counter/k', 'GET, HEAD'],
    ['PATCH', '/counters', 'GET, HEAD'],
    ['POST', '/counters/watch', 'GET, HEAD'],
    ['POST', '/health', 'GET, HEAD'],
    ['POST', '/metrics', 'GET, HEAD'],
    ['POST', '/', 'GET, HEAD'],
    ['OPTIONS', '/counter/k', 'GET, HEAD'],
    ['TRACE', '/', 'GET, HEAD'],
    ['M-SEARCH', '/counter/incr/k', 'POST'],
  ])('refuses %s %s, and names %s as what it accepts', async (method, path, allow) => {
    const answer = await server.ask(method, path);
    expect(errorOf(answer)).toBe('405 method_not_allowed');
    expect(answer.headers.allow).toBe(allow);
  });

  test.each(['limit=0', 'limit=1001', 'limit=-1', 'limit=1.5', 'limit=x', 'limit=', 'limit=1e9'])(
    'with %s is refused',
    async (query) => {
      expect(errorOf(await server.get(`/counters?${query}`))).toBe('400 invalid_limit');
    },
  );

  test.each(['cursor=', 'cursor=%21', 'cursor=a', 'cursor=YQ%3D%3D', 'cursor=a%20b'])(
    'with %s is refused',
    async (query) => {
      expect(errorOf(await server.get(`/counters?${query}`))).toBe('400 invalid_cursor');
    },
  );

  test.each(['order=', 'order=values', 'order=Value', 'order=-value'])(
    'with %s is refused',
    async (query) => {
      expect(errorOf(await server.get(`/counters?${query}`))).toBe('400 invalid_order');
    },
  );

  test('with a cursor in a list without pages is refused', async () => {
    expect(errorOf(await server.get('/counters?order=value&cursor=YQ'))).toBe('400 invalid_cursor');
  });

  test.each(['%00', 'a%0ab', 'k'.repeat(257)])('with the prefix %s is refused', async (prefix) => {
    expect(errorOf(await server.get(`/counters?prefix=${prefix}`))).toBe('400 invalid_prefix');
    expect(errorOf(await server.get(`/counters/watch?prefix=${prefix}`))).toBe('400 invalid_prefix');
  });
});

test('after all this there is still no counter, and the server has logged no error', async () => {
  expect(jsonOf(await server.get('/counters'))).toEqual({ counters: [], next_cursor: null });
  expect(new Set(server.notes.map(({ level }) => level))).toEqual(new Set(['info']));
});
