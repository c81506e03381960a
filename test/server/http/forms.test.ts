/** Forms and beacons: increments that a page sends without a script, or on its way out. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorOf } from '../../support/api-error.ts';
import {
  type HttpResponse,
  type ServerProcess,
  startServer,
  stopServers,
} from '../../support/server-process.ts';

const FRIEND = 'https://friend.example';
const FORM = 'application/x-www-form-urlencoded';
/** As a browser accepts that will show the response. */
const SHOWN = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer({ args: ['--allow-origin', FRIEND] });
});
afterAll(stopServers);

const send = (
  path: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpResponse> => server.ask('POST', path, { 'content-type': FORM, ...headers }, body);

test.each([
  ['', 1],
  ['amount=5', 5],
  ['amount=%35', 5],
  ['amount=9007199254740991', Number.MAX_SAFE_INTEGER],
])('the form %j adds %i', async (body, value) => {
  const key = encodeURIComponent(`form ${body}`);
  const { status, body: answer } = await send(`/counter/incr/${key}`, body, {
    'content-type': `${FORM};charset=UTF-8`,
  });
  expect([status, answer]).toEqual([200, expect.stringContaining(`"new_value":${value}}`)]);
});

test.each([
  ['amount=', '400 invalid_amount'],
  ['amount=0', '400 invalid_amount'],
  ['amount=-1', '400 invalid_amount'],
  ['amount=05', '400 invalid_amount'],
  ['amount=5.0', '400 invalid_amount'],
  ['amount=9007199254740993', '400 invalid_amount'],
  ['amount=x', '400 invalid_amount'],
  ['amuont=5', '400 invalid_body'],
  ['__proto__=5', '400 invalid_body'],
  ['amount=5&key=k', '400 invalid_body'],
  ['amount=5&amount=6', '400 invalid_body'],
  ['{"amount":5}', '400 invalid_body'],
])('the form %j is refused: %s', async (body, error) => {
  expect(errorOf(await send('/counter/incr/refused', body))).toBe(error);
  expect((await server.read('refused')).value).toBe(0);
});

test.each(['/counters/incr', '/counter/merge/k', '/sync'])('%s takes no form', async (path) => {
  expect(errorOf(await send(path, 'amount=5'))).toBe('415 not_json');
});

test('the shared counter takes a form', async () => {
  expect((await send('/increment', 'amount=3')).body).toContain('"count":3');
});

test.each(['multipart/form-data; boundary=x', 'text/plain;charset=UTF-8'])(
  'a body of the type %s is refused with what to send instead, and none at all is taken',
  async (type) => {
    const headers = { 'content-type': type, origin: FRIEND };
    const refused = await server.ask('POST', '/counter/incr/typed', headers, 'x');
    expect(errorOf(refused)).toBe('415 not_json');
    expect(refused.body).toContain('URLSearchParams');
    expect((await server.read('typed')).value).toBe(0);
    expect((await server.ask('POST', '/counter/incr/nothing', headers)).status).toBe(200);
  },
);

describe('a form or a beacon of a page', () => {
  const cases: [who: string, headers: Record<string, string>, isTaken: boolean][] = [
    ['of an allowed origin', { origin: FRIEND, 'sec-fetch-site': 'cross-site' }, true],
    ['of the server itself', { origin: 'null', 'sec-fetch-site': 'same-origin' }, true],
    ['of another origin', { origin: 'https://other.example', 'sec-fetch-site': 'cross-site' }, false],
    ['that does not say which', { origin: 'null', 'sec-fetch-site': 'cross-site' }, false],
    ['of another origin, over plain HTTP', { origin: 'http://other.example' }, false],
  ];
  test.each(cases)('%s: %j is taken: %s', async (who, headers, isTaken) => {
    const path = `/counter/incr/${encodeURIComponent(who)}`;
    for (const body of ['', 'amount=2']) {
      const answer = await send(path, body, headers);
      expect(answer.status).toBe(isTaken ? 200 : 403);
    }
    expect((await server.read(who)).value).toBe(isTaken ? 3 : 0);
  });

  test('cannot bring a token, and so is refused where one is needed', async () => {
    const guarded = await startServer({ args: ['--allow-origin', FRIEND], env: { TOKEN: 'secret' } });
    const answer = await guarded.ask(
      'POST',
      '/counter/incr/k',
      { 'content-type': FORM, origin: FRIEND },
      'token=secret',
    );
    expect(errorOf(answer)).toBe('401 unauthorized');
  });
});

test('a browser that shows the response is led to the badge of the counter, and nowhere else', async () => {
  for (const [path, badge] of [
    ['/counter/incr/a%2Fb.svg', '/badge/a%2Fb.svg.svg'],
    ['/increment', '/badge/default.svg'],
  ] as const) {
    const headers = { ...SHOWN, origin: FRIEND, referer: `${FRIEND}/page` };
    const { status, headers: answered } = await send(path, '', headers);
    expect(status).toBe(303);
    const { pathname, host } = new URL(answered.location ?? '', `http://server.example${path}`);
    expect([host, pathname]).toEqual(['server.example', badge]);
    const { status: shown, body } = await server.get(badge, SHOWN);
    expect([shown, body]).toEqual([200, expect.stringContaining('</svg>')]);
  }
});
