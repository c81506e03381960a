/** Servers that are killed, and what they know when they are there again. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { counterFrom, listFrom, objectFrom } from '../../support/json.ts';
import { Client, Ledger } from '../../support/load.ts';
import { ServerProcess, jsonOf, startServer, stopServers } from '../../support/server-process.ts';
import { bySuite } from '../../support/suite.ts';

afterAll(stopServers);

const KILLS = bySuite({ test: 4, soak: 30 });
const KILLS_AT_START = bySuite({ test: 3, soak: 10 });

const below = (limit: number): number => Math.floor(Math.random() * limit);

test('an increment acknowledged before a kill -9 is there after the restart', async () => {
  let server = await startServer();
  expect(await server.increment('k', 5)).toBe(5);
  await server.merge('k', new Map([['other', 7]]));
  await server.kill('SIGKILL');
  server = await server.restart();
  const nodes = new Map(Object.entries({ 'node-1': 5, other: 7 }));
  expect(await server.read('k')).toEqual({ key: 'k', value: 12, nodes });
  expect(await server.increment('k', 1)).toBe(13);
});

test(`through ${KILLS} kill -9 under load nothing acknowledged is lost and nothing is counted twice`, async () => {
  const ledger = new Ledger();
  const clients = [
    ...Array.from({ length: 6 }, (_, n) => new Client(`plain-${n}`, ['p0', 'p1', 'p2'], ledger, false)),
    ...Array.from({ length: 6 }, (_, n) => new Client(`retry-${n}`, ['i0', 'i1', 'i2'], ledger, true)),
  ];
  let server = await startServer();
  for (let kill = 1; kill <= KILLS; kill++) {
    const enough = ledger.more(below(400));
    const loads = clients.map((client) => client.run(server.port));
    await enough;
    await server.kill('SIGKILL');
    await Promise.all(loads);
    server = await server.restart();
    for (const [key, { asked, answered }] of ledger.tallies) {
      const { value } = await server.read(key);
      expect(value).toBeGreaterThanOrEqual(answered);
      expect(value).toBeLessThanOrEqual(asked);
    }
  }
  await Promise.all(clients.map((client) => client.run(server.port, 3)));
  for (const key of ['i0', 'i1', 'i2']) {
    expect((await server.read(key)).value).toBe(ledger.tallies.get(key)?.asked);
  }
  expect(server.files().filter((name) => name.startsWith('lock-'))).toHaveLength(1);
});

test('a server that is killed at any moment of its start starts the next time', async () => {
  const startedMs = performance.now();
  let server = await startServer();
  // The moments are spread over a start as long as it takes here. What is to be true holds at each of them.
  const startMs = performance.now() - startedMs;
  let sum = 0;
  for (let kill = 0; kill < KILLS_AT_START; kill++) {
    sum = await server.increment('k');
    await server.kill('SIGKILL');
    const starting = new ServerProcess({ dataDir: server.dataDir });
    await new Promise((resolve) => setTimeout(resolve, below(startMs)));
    await starting.kill('SIGKILL');
    server = await server.restart();
    expect((await server.read('k')).value).toBe(sum);
  }
  expect(sum).toBe(KILLS_AT_START);
});

describe('a server that is killed', () => {
  test('while it writes counters.json has everything the next time', async () => {
    let server = await startServer();
    const keys = Array.from({ length: 9000 }, (_, n) => `a key that makes the snapshot long ${n}`);
    for (let at = 0; at < keys.length; at += 1000) {
      const increments = keys.slice(at, at + 1000).map((key) => ({ key }));
      expect((await server.post('/counters/incr', { increments })).status).toBe(200);
    }
    let more = 0;
    for (let kill = 0; kill < 3; kill++) {
      const temporary = join(server.dataDir, 'counters.json.tmp');
      // The temporary file is there for a moment only; with every change there comes another.
      while (!existsSync(temporary)) more = await server.increment('more');
      await server.kill('SIGKILL');
      server = await server.restart();
      // There may be another already, which is there for a moment, too.
      await eventually(() => expect(existsSync(temporary)).toBe(false));
      expect((await server.read('more')).value).toBe(more);
      expect(await sumOf(server)).toBe(9000 + more);
    }
  });

  test('after that has what came later too', async () => {
    const before = await startServer();
    await before.increment('k', 5);
    await eventually(() => expect(before.snapshot().get('k')).toEqual(new Map([['node-1', 5]])));
    await before.increment('k', 2);
    await before.kill('SIGKILL');
    expect((await (await before.restart()).read('k')).value).toBe(7);
  });
});

async function sumOf(server: ServerProcess): Promise<number> {
  let sum = 0;
  for (let cursor: unknown = undefined; cursor !== null;) {
    const query = typeof cursor === 'string' ? `&cursor=${cursor}` : '';
    const page = objectFrom(jsonOf(await server.get(`/counters?limit=1000${query}`)));
    for (const counter of listFrom(page['counters'])) sum += counterFrom(counter).value;
    cursor = page['next_cursor'];
  }
  return sum;
}
