/** One request at a time: what the HTTP parser is given of what a client has sent, and when. */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { Duplex } from 'node:stream';
import * as fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { Connections } from '../../../src/server/http/connections.ts';
import { afterThisTurn } from '../../../src/runtime/system.ts';
import { requestText } from '../../support/connection.ts';

/** A connection of which the test decides what arrives, and when the client reads what was sent. */
class Wire extends Duplex {
  sent = '';
  readonly #unread: (() => void)[] = [];
  #isReading = false;

  constructor() {
    super({ allowHalfOpen: true });
    this.on('error', () => {});
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.sent += String(chunk);
    if (this.#isReading) done();
    else this.#unread.push(done);
  }

  /** Reads all that was sent and will be. */
  readAll(): void {
    this.#isReading = true;
    for (const done of this.#unread.splice(0)) done();
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  body: string;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.closeAllConnections();
});

/** A connection to an HTTP server that answers each request as `answer` does, and the requests that have begun. */
function open(answer: (exchange: Exchange) => void): {
  wire: Wire;
  begun: Exchange[];
  connections: Connections;
} {
  const begun: Exchange[] = [];
  const connections = new Connections(afterThisTurn);
  const server = createServer((request, response) => {
    const exchange = { request, response, body: '' };
    begun.push(exchange);
    connections.began(request, response);
    request.on('data', (chunk) => (exchange.body += String(chunk)));
    answer(exchange);
  });
  servers.push(server);
  const wire = new Wire();
  server.on('connection', (socket) => connections.add(socket));
  server.on('clientError', () => wire.destroy());
  server.emit('connection', wire);
  return { wire, begun, connections };
}

/** Resolves when all that can happen without the test has happened. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise<void>(afterThisTurn);
}

const answerAtOnce = ({ response }: Exchange): void => void response.end('answer');
const answerWhenWhole = ({ request, response }: Exchange): void =>
  void request.on('end', () => response.end('answer'));

const chunked = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
const kinds: readonly { readonly text: string; readonly body: string }[] = [
  { text: requestText('GET', '/'), body: '' },
  { text: requestText('POST', '/', {}, ''), body: '' },
  { text: requestText('POST', '/', {}, '{"amount":1}'), body: '{"amount":1}' },
  {
    text: requestText('POST', '/', {}, `\r\n\r\n${requestText('GET', '/no')}`),
    body: `\r\n\r\n${requestText('GET', '/no')}`,
  },
  { text: `${requestText('POST', '/', chunked)}0\r\n\r\n`, body: '' },
  { text: `${requestText('POST', '/', chunked)}4\r\n\r\n\r\n\r\n2\r\nab\r\n0\r\n\r\n`, body: '\r\n\r\nab' },
  { text: `${requestText('POST', '/', chunked)}1\r\na\r\n0\r\ntrailer: x\r\n\r\n`, body: 'a' },
  { text: `\r\n${requestText('GET', '/', { connection: 'upgrade', upgrade: 'websocket' })}`, body: '' },
  { text: requestText('POST', '/', { expect: '100-continue' }, 'late'), body: 'late' },
];

test.each([
  ['requests without bodies', requestText('GET', '/').repeat(3)],
  ['requests with bodies', requestText('POST', '/', {}, 'body').repeat(3)],
  ['chunked requests', `${requestText('POST', '/', chunked)}1\r\na\r\n0\r\n\r\n`.repeat(3)],
  ['another kind each time', requestText('POST', '/', {}, 'body') + requestText('GET', '/').repeat(2)],
])(
  'of %s that arrive together, the second has not begun while the first response is unread',
  async (_, text) => {
    const { wire, begun } = open(answerAtOnce);
    wire.push(text);
    await settle();
    expect(begun).toHaveLength(1);
    expect(wire.sent.match(/answer/g)).toHaveLength(1);
    wire.readAll();
    await settle();
    expect(begun).toHaveLength(3);
    expect(wire.sent.match(/answer/g)).toHaveLength(3);
  },
);

test('a request has not begun while the one before it is being handled', async () => {
  const { wire, begun } = open(() => {});
  wire.readAll();
  wire.push(requestText('GET', '/1') + requestText('GET', '/2'));
  await settle();
  wire.push(requestText('GET', '/3'));
  await settle();
  for (const path of ['/1', '/2', '/3']) {
    expect(begun.at(-1)?.request.url).toBe(path);
    begun.at(-1)?.response.end();
    await settle();
  }
  expect(begun).toHaveLength(3);
});

test('requests come one at a time, in order and with their bodies, however what is sent is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(1000), { maxLength: 8 }),
      fc.constantFrom(answerAtOnce, answerWhenWhole),
      async (sent, cuts, answer) => {
        let answered = 0;
        const { wire, begun } = open((exchange) => {
          expect(begun).toHaveLength(answered + 1);
          exchange.response.once('close', () => answered++);
          answer(exchange);
        });
        wire.readAll();
        const bytes = Buffer.from(sent.map(({ text }) => text).join(''));
        const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        for (const [n, end] of at.slice(1).entries()) {
          if (end > (at[n] ?? 0)) wire.push(bytes.subarray(at[n], end));
          await settle();
        }
        while (answered < sent.length && !wire.destroyed) await settle();
        await settle();
        expect(begun.map(({ body }) => body)).toEqual(sent.map(({ body }) => body));
      },
    ),
    { numRuns: 100 },
  );
});

test('what had not begun when the connection closed never begins', async () => {
  const { wire, begun } = open(answerAtOnce);
  wire.push(requestText('GET', '/').repeat(100));
  await settle();
  wire.destroy();
  wire.readAll();
  await settle();
  expect(begun).toHaveLength(1);
});

test('what waits unread is no more than a buffer', async () => {
  const { wire } = open(answerAtOnce);
  const request = requestText('GET', '/');
  let taken = 0;
  // A stream that wants no more says so.
  while (wire.push(request)) taken += request.length;
  await settle();
  expect(taken).toBeLessThan(2 * wire.readableHighWaterMark);
  expect(wire.isPaused()).toBe(true);
});

test('a client that has ended its side gets all the responses to what it sent before, and then the end', async () => {
  const { wire, begun } = open(({ response }) => void setImmediate(() => response.end('answer')));
  wire.readAll();
  wire.push(requestText('GET', '/').repeat(3));
  wire.push(null);
  while (!wire.writableFinished) await settle();
  expect(begun).toHaveLength(3);
  expect(wire.sent.match(/answer/g)).toHaveLength(3);
});

test('behind a response that never ends, what arrives is dropped, and the end of the client is seen', async () => {
  const { wire, begun, connections } = open(({ response }) => void response.write('stream'));
  wire.readAll();
  wire.push(requestText('GET', '/').repeat(3));
  await settle();
  connections.ignoreRest(wire);
  while (!wire.push(requestText('GET', '/'))) await settle();
  wire.push(null);
  while (!wire.writableFinished) await settle();
  expect(begun).toHaveLength(1);
});
