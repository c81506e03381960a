/** The server before it has read its data directory. */
import { afterEach, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { Tokens } from '../../../src/server/http/tokens.ts';
import { lastResponse } from '../../support/api-error.ts';
import { apiDocument } from '../../support/api-document.ts';
import { Connection, type Reply, exchange, requestText } from '../../support/connection.ts';
import { type HttpServerFixture, openHttpServer, openStore } from '../../support/http-server.ts';
import { stopServers } from '../../support/server-process.ts';

let fixture: HttpServerFixture;
afterEach(async () => {
  await fixture.server.close();
  await stopServers();
});

async function ask(method: string, path: string, body?: string): Promise<Reply> {
  const connection = await Connection.open(fixture.port);
  const reply = await connection.ask(requestText(method, path, {}, body));
  connection.close();
  return reply;
}

const starting = {
  status: 503,
  body: '{"error":{"code":"starting","message":"the server is starting"}}',
};

test.each([
  ['POST', '/counter/incr/k'],
  ['POST', '/counters/incr'],
  ['POST', '/counter/merge/k'],
  ['GET', '/counter/sync/k'],
  ['GET', '/counter/k'],
  ['GET', '/counters'],
  ['GET', '/counters/watch'],
  ['GET', '/metrics'],
])('%s %s must be retried later', async (method, path) => {
  fixture = await openHttpServer();
  expect(await ask(method, path)).toEqual(starting);
  const connection = await Connection.open(fixture.port);
  expect(await connection.askForHead(requestText(method, path))).toMatch(/^retry-after: 1$/im);
  connection.close();
});

test('other errors are the same as later', async () => {
  fixture = await openHttpServer(
    {},
    {
      access: {
        tokens: new Tokens('secret'),
        isInsecure: false,
        allowedOrigins: [],
        allowedHosts: [],
        host: '127.0.0.1',
      },
    },
  );
  const statuses = [
    await ask('GET', '/nothing'),
    await ask('PUT', '/counter/k'),
    await ask('POST', '/counter/incr/k'),
  ].map(({ status }) => status);
  expect(statuses).toEqual([404, 405, 401]);
});

test('the OpenAPI document is there, to GET and to HEAD', async () => {
  fixture = await openHttpServer();
  const { status, body: latin1 } = await ask('GET', '/openapi.json');
  const body = Buffer.from(latin1, 'latin1');
  expect({ status, document: parseJson(body.toString()) }).toEqual({ status: 200, document: apiDocument });
  const head = await exchange(fixture.port, requestText('HEAD', '/openapi.json', { connection: 'close' }));
  expect(lastResponse(head)).toMatchObject({
    status: 200,
    headers: { 'content-type': 'application/json', 'content-length': `${body.length}` },
    body: '',
  });
});

test('the page works, and health says that the server is starting', async () => {
  fixture = await openHttpServer();
  expect((await ask('GET', '/')).status).toBe(200);
  expect(await ask('GET', '/health')).toEqual({ status: 503, body: '{"status":"starting"}' });
  const store = await openStore();
  fixture.server.serve(store);
  expect(await ask('GET', '/health')).toEqual({
    status: 200,
    body: '{"status":"ok","node_id":"node-1","counters":0,"idempotency_scope":"server","idempotency_window_s":60}',
  });
  expect((await ask('POST', '/counter/incr/k', '{"amount":5}')).status).toBe(200);
  await store.close();
});
