/** Every response of the OpenAPI document is given by the server, and it gives no other. */
import { describe, expect, test } from 'vitest';
import { firstResponse } from '../../../support/api-error.ts';
import {
  type DocumentedOperation,
  documentedAs,
  documentedOperations,
  documentedResponses,
} from '../../../support/api-document.ts';
import { exchangeBytes, requestText } from '../../../support/connection.ts';
import { EventStream } from '../../../support/event-stream.ts';
import { openHttpServer } from '../../../support/http-server.ts';
import { listFrom, objectFrom, textFrom } from '../../../support/json.ts';
import type { SimCluster } from '../../../support/sim-cluster.ts';
import {
  type Request,
  type Situation,
  accepting,
  acceptingIn,
  acceptingText,
  isReachable,
  situations,
} from './situations.ts';

/** The request that the examples of an operation make. */
function exampleOf({ method, path, operation }: DocumentedOperation): Request {
  const parameters = listFrom(operation['parameters'] ?? []).map(objectFrom);
  const examples = (place: string): [name: string, example: string][] =>
    parameters
      .filter((parameter) => parameter['in'] === place)
      .map(({ name, example }) => [textFrom(name), String(example)]);
  const query = new URLSearchParams(examples('query')).toString();
  const keyed = examples('path').reduce((text, [name, example]) => text.replace(`{${name}}`, example), path);
  const { content } = objectFrom(operation['requestBody'] ?? {});
  const { example: body } = objectFrom(objectFrom(content ?? {})['application/json'] ?? {});
  return {
    method,
    path: query === '' ? keyed : `${keyed}?${query}`,
    headers: Object.fromEntries(examples('header').map(([name, example]) => [name.toLowerCase(), example])),
    body: JSON.stringify(body),
  };
}

const textOf = ({ method, path, headers, body }: Request): string =>
  requestText(method, path, { connection: 'close', ...headers }, body);

/** Lets virtual time pass, in which the server asks its peers, until it has answered. */
async function passUntil(answered: Promise<unknown>, sim: SimCluster): Promise<void> {
  const isAnswered = answered.then(() => true);
  const passed = (): Promise<boolean> =>
    sim.pass(100).then(() => new Promise((resolve) => setImmediate(resolve, false)));
  while (!(await Promise.race([isAnswered, passed()])));
}

/** Asks a server in a situation, and names the response. */
async function responseIn(situation: Situation, example: Request, isOfCluster: boolean): Promise<string> {
  const { timeouts, options, host, store, earlier, change = (request) => request } = situation;
  const cluster = isOfCluster ? await situation.cluster?.() : undefined;
  const { server, port } = await openHttpServer(timeouts, options, host);
  if (store !== undefined) server.serve(store, cluster?.one.cluster);
  if (earlier !== undefined) await exchangeBytes({ port }, textOf(earlier));
  const asked = change(example);
  const to = host === undefined ? { port } : { port, host };
  const answered = exchangeBytes(to, typeof asked === 'string' ? asked : textOf(asked));
  if (cluster !== undefined) await passUntil(answered, cluster.sim);
  const answer = firstResponse(await answered, false);
  await server.close();
  if (answer === undefined) throw new Error(`no response: ${await answered}`);
  const { method, path } = typeof asked === 'string' ? example : asked;
  return documentedAs(method, path, answer);
}

/** What any request can get is shown with this one. */
const ANY = 'GET /count';

const codeSituations = new Map(Object.entries(situations));

const isStream = (name: string): boolean => name === 'GET /counters/watch 200';

describe('the server gives each response of the document', () => {
  const names = documentedResponses.filter((name) => !isStream(name));
  test.each(names)('%s', async (name) => {
    const { request, code } = /^(?:any|other) /.test(name)
      ? { request: ANY, code: name.split(' ')[2] }
      : { request: name.split(' ').slice(0, 2).join(' '), code: name.split(' ')[3] };
    const operation = documentedOperations.find(({ method, path }) => `${method} ${path}` === request);
    if (operation === undefined) throw new Error(`no operation: ${request}`);
    const usual = acceptingIn.get(name) ?? (name.includes(' text/plain') ? acceptingText : accepting);
    const situation = code === undefined || usual === acceptingText ? usual : codeSituations.get(code);
    if (situation === undefined) throw new Error(`in which situation is there ${code}?`);
    if (code === 'not_local' && !isReachable) return;
    const isOfCluster = listFrom(operation.operation['tags']).includes('Cluster');
    expect(await responseIn(situation(), exampleOf(operation), isOfCluster)).toBe(name);
  });

  test('GET /counters/watch 200', async () => {
    const { server, port } = await openHttpServer();
    const { store } = accepting();
    if (store !== undefined) server.serve(store);
    const stream = await EventStream.open(port);
    expect(await stream.next()).toMatchObject({ type: 'reset' });
    await server.close();
  });
});

test('a response that the document does not have is found', () => {
  const json = { 'content-type': 'application/json' };
  const error = (code: string): string => JSON.stringify({ error: { code, message: 'a sentence' } });
  const offenders: [method: string, path: string, status: number, body: string, headers?: object][] = [
    ['GET', '/count', 200, '{"count":1}'],
    ['GET', '/count', 200, '{"count":1,"node_id":"node-1","more":1}'],
    ['GET', '/count', 200, '{"count":-1,"node_id":"node-1"}'],
    ['GET', '/count', 200, '{"count":1,"node_id":"node-1"}', { 'content-type': 'text/plain' }],
    ['GET', '/count', 200, '{"count":1,"node_id":"node-1"}', { 'x-new': '1' }],
    ['GET', '/count', 201, '{"count":1,"node_id":"node-1"}'],
    ['GET', '/count', 409, error('overflow')],
    ['GET', '/count', 503, error('read_only')],
    ['GET', '/count', 400, error('timeout')],
    ['GET', '/count', 429, error('too_many_requests')],
    ['GET', '/nothing', 200, '{}'],
    ['GET', '/nothing', 404, error('unknown_peer_')],
  ];
  for (const [method, path, status, body, headers = {}] of offenders) {
    expect(() => documentedAs(method, path, { status, body, headers: { ...json, ...headers } })).toThrow(
      /has no such response/,
    );
  }
  expect(
    documentedAs('GET', '/count', { status: 200, headers: json, body: '{"count":1,"node_id":"n"}' }),
  ).toBe('GET /count 200');
});
