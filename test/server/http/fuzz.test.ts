/** Requests as nobody should send them, and among them some that are as they should be: a hundred thousand in the soak tests. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import type { Random } from '../../../src/runtime/random.ts';
import { below, streams } from '../../../src/workbench/sim/random.ts';
import { MODEL, modelRequest, orderlyRequest, unrulyRequest } from '../../support/random-requests.ts';
import { type ServerProcess, startServer, stopServers } from '../../support/server-process.ts';
import { bySuite } from '../../support/suite.ts';

afterAll(stopServers);

const REQUESTS = bySuite({ test: 4000, soak: 60_000 });
const SESSIONS_AT_ONCE = 8;
/** Less than the server waits for whatever it may wait for, so that its own time-outs hide nothing. */
const SILENCE_MS = 8000;
const MAX_RSS_MB = 300;

/** What becomes of all of it. */
class Session {
  readonly #random: Random;
  /** The requests of this session: whether each is an increment of the model, and its text. */
  readonly texts: string[] = [];
  /** Of the model. */
  increments = 0;
  /** Nothing has happened on its connection for a long time, in which others were answered. */
  isStuck = false;
  /** All requests get an answer; otherwise the client leaves before. */
  readonly isOrderly: boolean;

  constructor(random: Random) {
    this.#random = random;
    this.isOrderly = below(random, 2) === 0;
    for (let requests = 1 + below(random, 40); requests > 0; requests--) this.texts.push(this.#request());
    if (this.isOrderly) {
      this.increments++;
      this.texts.push(modelRequest(random, { connection: 'close' }));
    }
  }

  #request(): string {
    const kind = below(this.#random, 10);
    if (kind < 3) {
      this.increments++;
      return modelRequest(this.#random);
    }
    return kind < 7 || this.isOrderly ? orderlyRequest(this.#random) : unrulyRequest(this.#random);
  }

  /** Sends the requests in random pieces and resolves with the answers. `isAnswered` is somebody else's request. */
  run(port: number, isAnswered: () => Promise<unknown>): Promise<string> {
    const random = this.#random;
    return new Promise((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      let answers = '';
      socket.on('data', (chunk) => (answers += chunk.toString('latin1')));
      socket.on('error', () => {});
      socket.on('close', () => resolve(answers));
      let heardBefore = -1;
      socket.setTimeout(SILENCE_MS, () => {
        this.isStuck = socket.bytesRead === heardBefore;
        if (this.isStuck) return void socket.destroy();
        heardBefore = socket.bytesRead;
        void isAnswered().then(() => socket.setTimeout(SILENCE_MS));
      });
      const bytes = Buffer.from(this.texts.join(''), 'latin1');
      const pieces = 1 + below(random, 6);
      let sent = 0;
      const next = (piece: number): void => {
        const end = piece === pieces ? bytes.length : sent + below(random, bytes.length - sent + 1);
        const isWritten = socket.write(bytes.subarray(sent, end));
        sent = end;
        if (piece < pieces) {
          if (isWritten) setImmediate(next, piece + 1);
          else socket.once('drain', () => next(piece + 1));
        } else if (!this.isOrderly) {
          // Who watches need not stop to listen when it stops to speak.
          if (below(random, 2) === 0 && !this.texts.some(isWatching)) socket.end();
          else socket.write('', () => socket.destroy());
        }
      };
      socket.once('connect', () => next(1));
    });
  }
}

const isWatching = (text: string): boolean => text.startsWith('GET /counters/watch');

/** What has been sent and answered of the increments of the model, and everything that is wrong. */
class Outcome {
  requests = 0;
  sent = 0;
  readonly values = new Set<number>();
  acknowledged = 0;
  readonly faults: string[] = [];

  add(session: Session, answers: string): void {
    const values = [...answers.matchAll(/\{"key":"model","node_id":"node-1","new_value":(\d+)\}/g)];
    const statuses = [...answers.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status);
    this.requests += session.texts.length;
    this.sent += session.increments;
    this.acknowledged += values.length;
    for (const [, value] of values) this.values.add(Number(value));
    const isAnswered = statuses.length === session.texts.length && values.length === session.increments;
    const { texts: sent, isOrderly, isStuck } = session;
    if (statuses.includes('500') || isStuck || (isOrderly && !isAnswered)) {
      this.faults.push(JSON.stringify({ statuses, isOrderly, isStuck, sent }));
    }
  }
}

const rssMb = ({ pid }: ServerProcess): number =>
  process.platform === 'linux'
    ? Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
    : 0;

test('whatever it is sent, the server goes on, answers, and counts what it should and nothing else', async () => {
  const seed = Number(process.env['FUZZ_SEED'] ?? 1);
  const random = streams(seed)('fuzz');
  const server = await startServer();
  const outcome = new Outcome();
  const client = async (): Promise<void> => {
    while (outcome.requests < REQUESTS && outcome.faults.length === 0 && server.isRunning) {
      const session = new Session(random);
      outcome.add(session, await session.run(server.port, () => server.get('/health')));
    }
  };
  await Promise.all(Array.from({ length: SESSIONS_AT_ONCE }, client));

  const about = { seed, faults: outcome.faults.slice(0, 1), isRunning: server.isRunning };
  expect({
    ...about,
    said: server.stderr.filter((line) => !/"level":"(?:info|warning)"/.test(line)),
  }).toEqual({
    seed,
    faults: [],
    isRunning: true,
    said: [],
  });
  const { value } = await server.read(MODEL);
  const { acknowledged, sent } = outcome;
  expect({ seed, tooFew: value < acknowledged, tooMany: value > sent }).toEqual({
    seed,
    tooFew: false,
    tooMany: false,
  });
  expect(outcome.values.size).toBe(acknowledged);
  expect(acknowledged).toBeGreaterThan(REQUESTS / 10);
  expect((await server.get('/health')).status).toBe(200);
  expect((await server.get('/metrics')).body).not.toContain('status="500"');
  expect(rssMb(server)).toBeLessThan(MAX_RSS_MB);
});
