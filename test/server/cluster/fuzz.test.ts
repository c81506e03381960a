/** Random messages of somebody without the key, and of somebody with it: a hundred thousand in the soak tests. */
import { type Socket, createSocket } from 'node:dgram';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/runtime/json.ts';
import { type Beacon, encodeBeacon } from '../../../src/cluster/beacon.ts';
import { decodeResponse, encodeRequest } from '../../../src/cluster/codec.ts';
import type { ResponseBody, RequestBody } from '../../../src/cluster/messages.ts';
import { Keyring } from '../../../src/cluster/hmac.ts';
import { below, pick, streams } from '../../../src/workbench/sim/random.ts';
import { changedAt, placesIn, requestBody } from '../../support/random-messages.ts';
import { Connection, requestText } from '../../support/connection.ts';
import { eventually, until } from '../../support/eventually.ts';
import { stopServers } from '../../support/server-process.ts';
import { bySuite } from '../../support/suite.ts';
import {
  type Recorded,
  type AttackFixture,
  droppedAt,
  errorsOf,
  mostMemoryMb,
  processorMs,
  queuedAt,
  keyring,
  setUpAttack,
  stateOf,
} from '../../support/attack-fixture.ts';

const DATAGRAMS = bySuite({ test: 2000, soak: 30_000 });
const REQUESTS = bySuite({ test: 2000, soak: 30_000 });
const HOSTILE_REQUESTS = bySuite({ test: 500, soak: 5000 });
const CONNECTIONS = 8;
const MAX_RSS_MB = 400;
/** Of an increment, in processor time: the server is not left with work that an attack has made. */
const MAX_INCREMENT_MS = 20;
const seed = Number(process.env['FUZZ_SEED'] ?? 1);
const random = streams(seed)('cluster fuzz');

let fixture: AttackFixture;
/** What increments have been acknowledged by the attacked server. */
let counted = 0;

async function count(times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    await fixture.server.increment('model');
    counted++;
  }
}

const stateOfBoth = (): Promise<unknown> => Promise.all([stateOf(fixture.server), stateOf(fixture.peer)]);

/** How many of the increments the attacked server's own names have, and no other. */
async function ownPart(): Promise<number> {
  const { nodes } = await fixture.server.read('model');
  return [...nodes].reduce((sum, [name, total]) => sum + (/^node-1(?:~|$)/.test(name) ? total : 0), 0);
}

beforeAll(async () => {
  fixture = await setUpAttack();
  await count(100);
  for (const key of ['likes', 'views']) {
    await fixture.server.increment(key, 7);
    await fixture.peer.increment(key, 5);
  }
  await until(async () => (await fixture.server.read('views')).value === 12);
  await until(async () => (await fixture.peer.read('views')).value === 12);
  await until(() => new Set(fixture.requests.map(({ request }) => request.body.type)).size >= 3);
  await until(() => fixture.beacons.length >= 8);
});

afterAll(async () => {
  fixture.close();
  await stopServers();
});

const noise = (length: number): string =>
  Array.from({ length }, () => String.fromCharCode(below(random, 256))).join('');

/** What an attacker without the key can make of a genuine message: never quite the same. */
function spoiled(genuine: string, other: string): string {
  const at = below(random, genuine.length);
  switch (below(random, 9)) {
    case 0:
      return genuine.slice(0, at);
    case 1:
      return genuine + noise(1 + below(random, 20));
    case 2:
      return noise(1 + below(random, 600));
    case 3:
      return genuine.slice(0, 43) + other.slice(43) + ' ';
    case 4:
      return genuine.slice(43);
    case 5:
      return new Keyring(['another key of 16']).sign('request', '', genuine.slice(43));
    case 6:
      return (
        genuine.replace(/\d/, (digit) => String((Number(digit) + 1) % 10)) +
        pick(random, ['', ' ', '\n']).repeat(3) +
        '}'
      );
    case 7:
      return `${genuine}${'x'.repeat(below(random, 100) === 0 ? 60_000 : 600)}`;
    default:
      return flipped(genuine, at);
  }
}

const flipped = (text: string, at: number): string =>
  text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << below(random, 7))) + text.slice(at + 1);

function forgedDatagram(): string {
  const genuine = pick(random, fixture.beacons);
  const beacon: Beacon = { ...fixture.own, id: `node-${below(random, 9)}`, at: 1 + below(random, 65_535) };
  switch (below(random, 4)) {
    case 0:
      return genuine;
    case 1:
      return encodeBeacon(pick(random, [new Keyring([]), new Keyring(['another key of 16'])]), beacon) ?? '';
    case 2:
      return pick(random, fixture.requests).text.slice(0, 2000);
    default:
      return spoiled(genuine, pick(random, fixture.beacons));
  }
}

const send = (socket: Socket, datagram: string, host: string): Promise<void> =>
  new Promise((resolve) =>
    socket.send(Buffer.from(datagram, 'latin1'), fixture.discoveryPort, host, () => resolve()),
  );

/** A connection that is opened again when it is closed. */
class ReopeningConnection {
  #connection: Connection | undefined;

  async ask(body: string): Promise<{ readonly status: number; readonly body: string }> {
    for (let tries = 0; ; tries++) {
      try {
        this.#connection ??= await Connection.open(fixture.server.port);
        const { status, body: answer } = await this.#connection.ask(requestText('POST', '/peer', {}, body));
        return { status, body: Buffer.from(answer, 'latin1').toString() };
      } catch (error) {
        this.#connection = undefined;
        if (tries === 3) throw error;
      }
    }
  }

  close(): void {
    this.#connection?.close();
  }
}

const answerTo = (bootId: string, to: string, seq: number, sealed: string): ResponseBody | undefined => {
  const text = keyring.verify('reply', `${bootId} ${to} ${seq}`, sealed);
  return text === undefined ? undefined : decodeResponse(text).body;
};

/** What has come of messages, and how often. */
class Outcomes {
  readonly #counts = new Map<string, number>();

  add(outcome: string): void {
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
  }

  get(outcome: string): number {
    return this.#counts.get(outcome) ?? 0;
  }

  get kinds(): string[] {
    return [...this.#counts.keys()].toSorted();
  }
}

async function onAllConnections(
  times: number,
  act: (connection: ReopeningConnection, time: number) => Promise<void>,
): Promise<void> {
  let time = 0;
  const work = async (): Promise<void> => {
    const connection = new ReopeningConnection();
    while (time < times) await act(connection, time++);
    connection.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
}

async function expectHealth(): Promise<void> {
  const { server, peer } = fixture;
  const busyMs = processorMs(server);
  await count(300);
  expect(processorMs(server) - busyMs).toBeLessThan(300 * MAX_INCREMENT_MS);
  expect([server.isRunning, peer.isRunning]).toEqual([true, true]);
  expect([errorsOf(server), errorsOf(peer)]).toEqual([[], []]);
  expect((await server.get('/health')).status).toBe(200);
  expect((await server.get('/metrics')).body).not.toContain('status="500"');
  expect(mostMemoryMb(server)).toBeLessThan(MAX_RSS_MB);
  expect(mostMemoryMb(peer)).toBeLessThan(MAX_RSS_MB);
  await until(async () => (await peer.read('model')).value === (await server.read('model')).value);
}

describe('an attacker without the key', () => {
  test('sends any beacons, and changes nothing', async () => {
    const before = await stateOfBoth();
    const dropped = droppedAt(fixture.discoveryPort);
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => void socket.bind(0, '127.0.0.1', resolve));
    socket.setBroadcast(true);
    for (let sent = 0; sent < DATAGRAMS; sent += 50) {
      const host = below(random, 2) === 0 ? '127.0.0.1' : '127.255.255.255';
      await Promise.all(Array.from({ length: 50 }, () => send(socket, forgedDatagram(), host)));
      await Promise.all([fixture.server, fixture.peer].map((server) => server.get('/health')));
      await until(() => queuedAt(fixture.discoveryPort) === 0);
    }
    socket.close();
    await eventually(async () =>
      expect({ seed, state: await stateOfBoth() }).toEqual({ seed, state: before }),
    );
    expect(droppedAt(fixture.discoveryPort) - dropped).toBeLessThan(DATAGRAMS / 20);
    expect(await ownPart()).toBe(counted);
    await expectHealth();
  });

  test('sends any requests, and is refused', async () => {
    const before = await stateOfBoth();
    const outcomes = new Outcomes();
    const recorded: readonly Recorded[] = [...fixture.requests];
    await onAllConnections(REQUESTS, async (connection) => {
      const { text, request } = pick(random, recorded);
      const isReplay = below(random, 4) === 0;
      const { status, body } = await connection.ask(
        isReplay ? text : spoiled(text, pick(random, recorded).text),
      );
      if (!isReplay) return outcomes.add(`forged: ${status}`);
      const answer = answerTo(request.from.bootId, request.to, request.seq, body);
      outcomes.add(`replay: ${answer?.type === 'refused' ? answer.why : answer?.type}`);
    });
    expect(outcomes.kinds).toEqual(['forged: 403', 'replay: identity', 'replay: repeated']);
    await eventually(async () =>
      expect({ seed, state: await stateOfBoth() }).toEqual({ seed, state: before }),
    );
    expect(await ownPart()).toBe(counted);
    await expectHealth();
  });

  test('sends bodies that are too long, and is refused', async () => {
    const before = await stateOfBoth();
    const statuses = new Set<number>();
    for (const length of [2 ** 20, 2 ** 20 + 1, 3 * 2 ** 20]) {
      for (const body of ['{'.repeat(length), Buffer.alloc(length, 0xff)]) {
        // Who sends on when the answer is here may lose it.
        const answer = await fixture.server.ask('POST', '/peer', {}, body).catch(() => undefined);
        statuses.add(answer?.status ?? 413);
      }
    }
    expect([...statuses]).toEqual([403, 413]);
    await eventually(async () => expect(await stateOfBoth()).toEqual(before));
    await expectHealth();
  });
});

describe('an attacker with the key', () => {
  const bootId = 'hostile1';
  let seq = 0;
  const connection = new ReopeningConnection();
  afterAll(() => connection.close());

  const sealedBody = (body: string): { readonly seq: number; readonly text: string } => {
    const from = { cluster: 'g-counter', id: 'node-3', bootId, at: 9, upMs: 1 };
    const hello = encodeRequest({ from, to: fixture.own.bootId, seq: ++seq, body: { type: 'identify' } });
    return {
      seq,
      text: keyring.sign(
        'request',
        '',
        hello.replace('{"type":"hello"}', () => body),
      ),
    };
  };
  /** What an answer is, or the status of a refusal. */
  const say = async (body: string, by: ReopeningConnection = connection): Promise<ResponseBody | number> => {
    const sealed = sealedBody(body);
    const { status, body: reply } = await by.ask(sealed.text);
    return status === 200 ? (answerTo(bootId, fixture.own.bootId, sealed.seq, reply) ?? 0) : status;
  };
  const update = (key: string, parts: Readonly<Record<string, number>>): string =>
    JSON.stringify({ type: 'update', totals: { [key]: parts } });
  const done = { type: 'done' };

  test('cannot lower what the server has counted, nor take it for its own', async () => {
    const { nodes } = await fixture.server.read('model');
    const name = [...nodes.keys()].find((each) => each.startsWith('node-1~'));
    expect(name).toBeDefined();
    expect(await say(update('model', { [name ?? '']: 1 }))).toEqual(done);
    expect(await ownPart()).toBe(counted);
    const forged = 1_000_000;
    expect(await say(update('model', { [name ?? '']: forged }))).toEqual(done);
    expect(await ownPart()).toBe(forged + counted);
    await count(50);
    expect(await ownPart()).toBe(forged + counted);
    const after = await fixture.server.read('model');
    expect(after.nodes.get(name ?? '')).toBe(forged);
    expect(after.value).toBe(forged + counted);
    counted += forged;
  });

  test('cannot make a counter pass what can be counted', async () => {
    const { value } = await fixture.server.read('likes');
    const most = Number.MAX_SAFE_INTEGER;
    expect(await say(update('likes', { a: most }))).toEqual(done);
    expect(await say(update('likes', { b: most, c: most, d: most }))).toEqual(done);
    expect((await fixture.server.read('likes')).value).toBe(value);
    await fixture.server.increment('likes');
    expect((await fixture.server.read('likes')).value).toBe(value + 1);
  });

  test('is refused totals that are malformed and names that are too long', async () => {
    const bodies = [
      '{"type":"update","totals":{"likes":{"a":9007199254740992}}}',
      '{"type":"update","totals":{"likes":{"a":1e400}}}',
      '{"type":"update","totals":{"likes":{"a":-1}}}',
      '{"type":"update","totals":{"likes":{"a":0.5}}}',
      '{"type":"update","totals":{"\\ud800":{"a":1}}}',
      update('k'.repeat(257), { a: 1 }),
      update('likes', { ['n'.repeat(300)]: 1 }),
      update('\0', { a: 1 }),
      '{"type":"update","totals":[]}',
      '{"type":"update"}',
      '{}',
      '[]',
      '['.repeat(100_000),
    ];
    for (const body of bodies) expect(await say(body)).toBe(403);
  });

  test('is answered within bounds, however much it asks for', async () => {
    const range = '{"leaf":0,"after":"","end":null,"counters":[]}';
    const ranges = (times: number): string =>
      `{"type":"exchange","ranges":[${Array(times).fill(range).join(',')}]}`;
    const digests = 'AAAAAAAA'.repeat(16 * 256);
    const nodes = Array(256).fill(0).join(',');
    const busyMs = processorMs(fixture.server);
    expect(await say(ranges(20_000))).toMatchObject({ type: 'entries' });
    const tooLong = new ReopeningConnection();
    expect([403, 413]).toContain(await say(ranges(70_000), tooLong).catch(() => 413));
    tooLong.close();
    for (let time = 0; time < 10; time++) {
      const compare = `{"type":"compare","level":0,"nodes":[${nodes}],"digests":"${digests}"}`;
      expect(await say(compare)).toMatchObject({ type: 'differ' });
    }
    expect(processorMs(fixture.server) - busyMs).toBeLessThan(5000);
    const many = Array.from({ length: 25_000 }, (_, number) => `"junk-${number}":{"node-3":${number + 1}}`);
    expect(await say(`{"type":"update","totals":{${many.join(',')}}}`)).toEqual(done);
    expect((await fixture.server.read('junk-7')).value).toBe(8);
  });

  test('sends any message, and the server counts on', async () => {
    const outcomes = new Outcomes();
    const isHarmless = ({ type }: RequestBody): boolean => type !== 'gossip' && type !== 'indirect-ping';
    const samples = fc.sample(requestBody.filter(isHarmless), { numRuns: 500, seed });
    const bodies = samples.map((body): unknown => {
      const whole = encodeRequest({
        from: { cluster: 'c', id: 'i', bootId, at: 9, upMs: 1 },
        to: '',
        seq: 1,
        body,
      });
      return Object(parseJson(whole)).body;
    });
    const instead = [null, [], {}, -1, 0.5, '', '\ud800', 2 ** 53, '__proto__', true, 'x'.repeat(300)];
    const working = count(200);
    await onAllConnections(HOSTILE_REQUESTS, async (by) => {
      const body = pick(random, bodies);
      const place = pick(random, placesIn(body));
      const changed =
        below(random, 4) === 0 ? body : changedAt(body, place, () => pick<unknown>(random, instead));
      const answer = await say(JSON.stringify(changed) ?? 'null', by);
      outcomes.add(typeof answer === 'number' ? `${answer}` : answer.type);
    });
    await working;
    expect(
      outcomes.kinds.filter(
        (kind) => !['403', 'done', 'differ', 'entries', 'identity', 'ack'].includes(kind),
      ),
    ).toEqual([]);
    expect(await ownPart()).toBe(counted);
    await expectHealth();
    expect(await ownPart()).toBe(counted);
  });
});
